"""How far would perfect probabilities be from what happens, by chance alone?"""

import numpy as np

from triage.scoring.measures import calibration_error

DRAWS = 200


def error_by_chance(chances: np.ndarray, share: float) -> float:
    """What the error would be on average if every chance were exactly right: so many payments show no less."""
    dice = np.random.default_rng(20261124)
    draws = [
        calibration_error((dice.random(len(chances)) < chances).astype(int), chances, share=share) for _ in range(DRAWS)
    ]
    return float(np.mean(draws))
