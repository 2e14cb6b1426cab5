"""What all benchmarks share: their arguments, a table for people, one flat JSON object for programs."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_DATA = PROJECT.parent / "shared" / "data"


@dataclass(frozen=True)
class Arguments:
    """Where the data is, and where the figures go (`json` may be None).

    `flags` names those that were given, `numbers` holds the value of each number.
    """

    data: Path
    json: Path | None
    flags: frozenset[str] = frozenset()
    numbers: Mapping[str, int] = field(default_factory=dict)


def arguments(
    description: str, *, flags: Mapping[str, str] | None = None, numbers: Mapping[str, int] | None = None
) -> Arguments:
    """Read --data, --json and the benchmark's own `flags` (with help) and `numbers` (with defaults)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="a folder laid out like the default one")
    parser.add_argument("--json", type=Path, help="write the figures there as one flat object")
    for flag, help_text in (flags or {}).items():
        parser.add_argument(f"--{flag}", action="store_true", help=help_text)
    for name, default in (numbers or {}).items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{default:,} if not given")
    found = parser.parse_args()
    given = frozenset(flag for flag in flags or {} if getattr(found, flag))
    return Arguments(
        data=found.data, json=found.json, flags=given, numbers={name: getattr(found, name) for name in numbers or {}}
    )


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under columns; numbers to the right, floats with three decimals."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(columns), *cells]) for i in range(len(columns))]
    print(f"\n{title}")
    for row in [list(columns), ["-" * width for width in widths], *cells]:
        first, *rest = zip(row, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]))


def write(figures: Mapping[str, float | int | str], path: Path | None) -> None:
    """Write the figures, if a path was given."""
    if path:
        path.write_text(json.dumps(figures, indent=2) + "\n")


def _cell(value: object) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
