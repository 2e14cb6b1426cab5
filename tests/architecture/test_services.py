"""Every service that changes something records it."""

import ast

import pytest

from tests.architecture.sources import functions, modules

UNRECORDED = {
    "fintech_ai/audit/services.py: event_body": "is what `record` writes",
    "fintech_ai/gateway/services.py: complete": "the statement that finishes a call records it, in gateway/records.py",
    "fintech_ai/gateway/services.py: again": "likewise",
}


def is_service_module(path):
    """services.py, or a module of a package of that name."""
    return path.endswith("/services.py") or "/services/" in path


def unrecorded_services(trees):
    """ "path: function" of every service that takes an actor and reaches no call of `record` in its own module.

    A helper of the same module that records counts, and so does another service, found by its name.
    """
    trees = [(path, tree) for path, tree in trees if is_service_module(path)]
    services = {name for _, tree in trees for name, function in functions(tree) if takes_actor(function)}
    found = set()
    for path, tree in trees:
        local = dict(functions(tree))
        for name, function in local.items():
            if takes_actor(function) and not records(function, local, services - {name}, seen={name}):
                found.add(f"{path}: {name}")
    return found


def takes_actor(function):
    """Public, and the first keyword-only argument is the actor."""
    arguments = function.args.kwonlyargs
    return not function.name.startswith("_") and bool(arguments) and arguments[0].arg == "actor"


def records(function, local, services, seen):
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = node.func.id
            if called == "record" or called in services:
                return True
            if called in local and called not in seen:
                seen.add(called)
                if records(local[called], local, services, seen):
                    return True
    return False


def test_every_service_with_an_actor_is_recorded():
    assert unrecorded_services(modules()) == set(UNRECORDED)


def test_the_check_sees_our_services():
    """Else it would pass on nothing."""
    names = {
        name
        for path, tree in modules() if is_service_module(path)
        for name, function in functions(tree) if takes_actor(function)
    }  # fmt: skip
    assert {"case_decide", "run_claim", "token_issue", "queue_grant"} <= names


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("def case_close(*, actor, case):\n    case.save()", True),
        ("def case_close(*, actor, case):\n    case.save()\n    note(actor)\ndef note(actor):\n    pass", True),
        ("def case_close(*, actor, case):\n    case_close(actor=actor, case=case)", True),
        ("def case_close(*, actor, case):\n    record(actor=actor)", False),
        ("def case_close(*, actor, case):\n    _note(actor)\ndef _note(actor):\n    record(actor=actor)", False),
        ("def _close(*, actor):\n    pass", False),
        ("def case_find(*, text):\n    pass", False),
    ],
)
def test_a_service_that_records_nothing_is_found(code, is_found):
    found = unrecorded_services([("app/services/closing.py", ast.parse(code))])
    assert found == ({"app/services/closing.py: case_close"} if is_found else set())
