"""Our own source files, as text and as syntax trees, for the checks of this folder."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("fintech_ai", "triage", "copilot", "onboarding", "observability")


def modules(root: Path = ROOT) -> Iterator[tuple[str, ast.Module]]:
    """Path below `root` and syntax tree of every module of ours that is no migration."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(root)), ast.parse(path.read_text(), filename=str(path))


def functions(tree: ast.AST, *, within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function and method with its qualified name, as in Class.method."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = f"{within}.{node.name}" if within else node.name
            if isinstance(node, ast.FunctionDef):
                yield name, node
            yield from functions(node, within=name)
        else:
            yield from functions(node, within=within)
