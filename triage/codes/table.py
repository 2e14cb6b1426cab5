"""The catalogue as a table for people; docs/reason-codes.md holds it and a test compares."""

from triage.codes import CATALOGUE, CATALOGUE_VERSION, NOTICES, TYPOLOGIES, Kind, Typology
from triage.codes.missing import MISSING

KINDS = {Kind.SIGNAL: "Signals", Kind.EXCULPATORY: "Exculpatory", Kind.SYSTEM: "System"}


def as_markdown() -> str:
    """Every code with what it reads, why its rule is what it is, and its published counterpart."""
    lines = [f"Catalogue {CATALOGUE_VERSION}."]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", "", "| code | label | reads | why | source |", "|---|---|---|---|---|"]
        lines += [
            f"| `{code.code}` | {code.label} | {', '.join(code.reads)} | {code.why} | {code.source} |"
            for code in CATALOGUE.values()
            if code.kind == kind
        ]
    lines += [f"| `{notice.code}` | {notice.label} | | | |" for notice in NOTICES]
    lines += ["", "## Typologies", "", "| code | label | rests on | why | published as |", "|---|---|---|---|---|"]
    lines += [
        f"| `{typology.code}` | {typology.label} | {_rule(typology)} | {typology.why} | {_counterparts(typology)} |"
        for typology in TYPOLOGIES.values()
    ]
    lines += ["", "## Missing", "", "| code | what would change the answer |", "|---|---|"]
    lines += [f"| `{missing.code}` | {missing.sentence} |" for missing in MISSING]
    return "\n".join(lines) + "\n"


def _rule(typology: Typology) -> str:
    parts = [" and ".join(typology.all_of)] if typology.all_of else []
    if typology.any_of:
        parts.append(f"{typology.least} of {', '.join(typology.any_of)}")
    return "; ".join(parts) + f" (where: {', '.join(typology.reads)})"


def _counterparts(typology: Typology) -> str:
    return "; ".join(f"{counterpart}: {counterpart.name}" for counterpart in typology.published)
