"""The catalogue as a table for people; docs/reason-codes.md holds it and a test compares."""

from triage.codes import CATALOGUE, CATALOGUE_VERSION, NOTICES, Kind

KINDS = {Kind.SIGNAL: "Signals", Kind.EXCULPATORY: "Exculpatory", Kind.SYSTEM: "System"}


def as_markdown() -> str:
    """Every code with what it reads, why its thresholds are what they are, and its published counterpart."""
    lines = [f"Catalogue {CATALOGUE_VERSION}."]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", "", "| code | label | reads | why | source |", "|---|---|---|---|---|"]
        lines += [
            f"| `{code.code}` | {code.label} | {', '.join(code.reads)} | {code.why} | {code.source} |"
            for code in CATALOGUE.values()
            if code.kind == kind
        ]
    lines += [f"| `{notice.code}` | {notice.label} | | | |" for notice in NOTICES]
    return "\n".join(lines) + "\n"
