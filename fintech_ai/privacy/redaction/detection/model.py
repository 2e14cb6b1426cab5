"""The trained detector: a small language model that labels each word piece. See `training/` for where it comes from."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime

from .tokens import BEGINNING, END, WORD, Pieces, pieces_of, vocabulary

FOLDER = Path(__file__).parent / "weights"
# A word is masked when "nothing personal" is less likely than this. Chosen on the tuning part of the bench's documents:
# a leak costs more than a word masked in vain.
NOTHING_BELOW = 0.5
# A word beside one that is masked is probably a part of the same name.
NEXT_TO_ONE_BELOW = 0.9
WINDOW, OVERLAP = 160, 40  # word pieces; the model was trained on texts up to this long

Found = tuple[int, int, str]

# What may stand inside one name or place, and inside an address: there, a line end too.
_JOINTS = frozenset(" .,'’-‐‑–/&")
_CLOSE = frozenset({" ", "-", "'", "’", ". ", ", ", "\n", " & "})
_ADDRESS_JOINTS = _JOINTS | frozenset("\n\t|>*?#")


@lru_cache(maxsize=1)
def _session() -> tuple[onnxruntime.InferenceSession, list[str]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(FOLDER / "detector.onnx"), options, providers=["CPUExecutionProvider"])
    return session, json.loads((FOLDER / "labels.json").read_text("utf-8"))


def likelihoods(pieces: Pieces) -> np.ndarray:
    """How likely each label is for each word piece. Long texts are read in overlapping windows."""
    session, labels = _session()
    count, known = len(pieces.ids), vocabulary()
    answer, weight = np.zeros((count, len(labels))), np.zeros((count, 1))
    start = end = 0
    while end < count:
        end = min(start + WINDOW - 2, count)
        ids = np.array([[known[BEGINNING], *pieces.ids[start:end], known[END]]])
        forms = np.array([[0, *pieces.shapes[start:end], 0]])
        (scores,) = session.run(None, {"pieces": ids, "shapes": forms, "mask": np.ones_like(ids)})
        scores = np.exp(scores[0, 1:-1] - scores[0, 1:-1].max(-1, keepdims=True))
        # A piece is judged best where it has words on both sides.
        middle = np.minimum(np.arange(1, end - start + 1), np.arange(end - start, 0, -1)).clip(max=OVERLAP)[:, None]
        answer[start:end] += middle * scores / scores.sum(-1, keepdims=True)
        weight[start:end] += middle
        start = end - OVERLAP
    return answer / weight


def find_by_model(text: str) -> Iterator[Found]:
    """Stretches of whole words that the model takes for personal data."""
    words = _judged(text)
    taken = [nothing < NOTHING_BELOW for _, nothing, _ in words]
    pairs = [(left, left + 1) for left in range(len(words) - 1)]
    for left, right in [*pairs, *reversed(pairs)]:
        if taken[left] != taken[right] and text[words[left][0].end() : words[right][0].start()] in _CLOSE:
            other = right if taken[left] else left
            taken[other] = words[other][1] < NEXT_TO_ONE_BELOW
    held: Found | None = None
    for (word, _, kind), is_taken in zip(words, taken, strict=True):
        if not is_taken:
            continue
        if held and held[2] == kind and _joined(text[held[1] : word.start()], kind):
            held = (held[0], word.end(), kind)
            continue
        yield from _worth_masking(text, held)
        held = (*word.span(), kind)
    yield from _worth_masking(text, held)


def _judged(text: str) -> list[tuple[re.Match[str], float, str]]:
    """Each word, how likely it is nobody's, and of what kind it would else be."""
    pieces = pieces_of(text)
    if not pieces.ids:
        return []
    labels = _session()[1]
    at_place: dict[int, int] = {}
    for number, (begin, end) in enumerate(pieces.places):
        at_place.update(dict.fromkeys(range(begin, end), number))
    answer, words = likelihoods(pieces), []
    for word in WORD.finditer(text):
        numbers = sorted({at_place[place] for place in range(*word.span()) if place in at_place})
        if word[0][0].isalnum() and numbers:
            kind = labels[1 + int(answer[numbers, 1:].sum(0).argmax())]
            words.append((word, float(answer[numbers, 0].min()), kind))
    return words


def _worth_masking(text: str, found: Found | None) -> Iterator[Found]:
    """All but a letter by itself, which tells nothing."""
    if found and (found[1] - found[0] > 1 or not text[found[0]].isalpha()):
        yield found


def _joined(between: str, kind: str) -> bool:
    if kind in {"PERSON", "DATE", "AGE", "GROUP"}:
        return len(between) <= 2 and set(between) <= _JOINTS - {","}
    return len(between) <= 6 and set(between) <= (_ADDRESS_JOINTS if kind == "ADDRESS" else _JOINTS)
