"""The export, and the stand-alone verifier that must find every tampering with it."""

import io
import json
import random
import shutil
import subprocess
import sys
import tracemalloc

import pytest

from fintech_ai.audit import verify_export
from fintech_ai.audit.export import checkpoint_line, export_lines
from fintech_ai.audit.verify_export import Broken, canonical, event_hash, read_checkpoints, verify
from fintech_ai.core.tenancy import tenant_scope
from tests.support.audit import a_tenant, lines_of, record_events, settle

SEED = 20261123


@pytest.fixture
def tenant(db):
    tenant = a_tenant()
    record_events(tenant, 8)
    settle()
    return tenant


@pytest.fixture
def export(tenant):
    with tenant_scope(tenant.id):
        return b"".join(export_lines())


@pytest.fixture
def checkpoint(tenant):
    with tenant_scope(tenant.id):
        return list(read_checkpoints([checkpoint_line()]))


def verified(export, checkpoints=()):
    return verify(io.BytesIO(export), checkpoints)


def sealed(lines):
    """These events with an opening and closing line as a forger would write them who knows the format."""
    opening, *events, closing = lines
    written = b"".join(canonical(line).encode() + b"\n" for line in [opening, *events])
    last = events[-1]
    closing["checkpoint"] |= {"seq": last["seq"], "at": last["at"], "hash": last["hash"]}
    closing |= {"events": len(events), "sha256": verify_export.hashlib.sha256(written).hexdigest()}
    return written + canonical(closing).encode() + b"\n"


def rehashed(lines):
    """The chain computed anew, as a forger would who rewrites all of it."""
    opening, *events, _ = lines
    previous = "0" * 64
    for seq, event in enumerate(events, 1):
        event |= {"seq": seq, "prev_hash": previous}
        event["hash"] = event_hash(opening["tenant"], seq, event["at"], previous, event["body"])
        previous = event["hash"]
    return lines


def test_an_untouched_export_is_whole(tenant, export, checkpoint):
    chain = verified(export, checkpoint)
    assert (chain.tenant, chain.seq) == (str(tenant.id), 9)
    assert [(chain.tenant, chain.seq, chain.hash)] == checkpoint


def test_the_export_of_an_empty_trail_is_whole(db):
    with tenant_scope(a_tenant().id):
        chain = verified(b"".join(export_lines()))
    assert chain.seq == 0


def test_the_forgers_tools_of_these_tests_work(export):
    """Else the tests below would pass for the wrong reason."""
    assert sealed(lines_of(export)) == export
    assert sealed(rehashed(lines_of(export))) == export


def test_every_single_changed_byte_is_found(export):
    dice = random.Random(SEED)
    for position, byte in enumerate(export):
        changed = bytearray(export)
        changed[position] = byte ^ dice.randint(1, 255)
        with pytest.raises(Broken):
            verified(bytes(changed))


@pytest.mark.slow
def test_every_removed_and_every_doubled_byte_is_found(export):
    for position in range(len(export)):
        with pytest.raises(Broken):
            verified(export[:position] + export[position + 1 :])
        if export[position : position + 1] != b"\n" or position < len(export) - 1:
            with pytest.raises(Broken):
                verified(export[:position] + export[position : position + 1] + export[position:])


def test_every_edited_value_is_found_even_if_the_file_is_sealed_again(export):
    for number in range(1, 10):
        for name, value in {"at": "2026-01-01T00:00:00.000000Z", "body": "{}", "seq": 10, "hash": "f" * 64}.items():
            lines = lines_of(export)
            lines[number][name] = value
            with pytest.raises(Broken):
                verified(sealed(lines))


def test_every_removed_row_is_found(export):
    for number in range(1, 9):
        lines = lines_of(export)
        del lines[number]
        with pytest.raises(Broken, match=f"event {number} is missing"):
            verified(sealed(lines))


def test_every_two_swapped_rows_are_found(export):
    for one in range(1, 10):
        for other in range(one + 1, 10):
            lines = lines_of(export)
            lines[one], lines[other] = lines[other], lines[one]
            with pytest.raises(Broken, match=f"event {one} is missing"):
                verified(sealed(lines))
            lines[one]["seq"], lines[other]["seq"] = one, other
            with pytest.raises(Broken, match=f"event {one} does not continue|event {one} was edited"):
                verified(sealed(lines))


def test_every_inserted_row_is_found(export):
    for number in range(1, 10):
        lines = lines_of(export)
        lines.insert(number, dict(lines[number]))
        with pytest.raises(Broken, match=f"event {number} stands where event {number + 1} belongs"):
            verified(sealed(lines))
        for later in range(number + 1, 11):
            lines[later]["seq"] = later
        with pytest.raises(Broken, match=f"event {number + 1} "):
            verified(sealed(lines))


def test_every_cut_tail_is_found_by_the_missing_closing_line(export):
    lines = export.splitlines(keepends=True)
    for keep in range(len(lines)):
        with pytest.raises(Broken):
            verified(b"".join(lines[:keep]))


def test_a_cut_tail_that_was_sealed_again_is_found_with_a_checkpoint_only(export, checkpoint):
    for keep in range(1, 9):
        lines = lines_of(export)
        cut = sealed([*lines[: keep + 1], lines[-1]])
        assert verified(cut).seq == keep
        with pytest.raises(Broken, match=f"event {keep + 1} is missing, the trail was cut"):
            verified(cut, checkpoint)


def test_a_rewritten_trail_is_found_with_a_checkpoint_only(export, checkpoint):
    lines = lines_of(export)
    lines[3]["body"] = lines[3]["body"].replace("test.done", "test.gone")
    rewritten = sealed(rehashed(lines))
    assert verified(rewritten).seq == 9
    with pytest.raises(Broken, match="event 9 is not the event that the checkpoint saw"):
        verified(rewritten, checkpoint)


def test_time_that_runs_backwards_is_found(export):
    lines = lines_of(export)
    lines[4]["at"] = "2020-01-01T00:00:00.000000Z"
    with pytest.raises(Broken, match="event 4 is older"):
        verified(sealed(rehashed(lines)))


def test_checkpoints_that_contradict_each_other_are_found(tenant, export, checkpoint):
    forged = (str(tenant.id), 9, "f" * 64)
    with pytest.raises(Broken, match="event 9 two checkpoints"):
        verified(export, [*checkpoint, forged])


def test_a_trail_that_grew_since_the_checkpoint_is_whole(tenant, checkpoint):
    record_events(tenant, 2)
    settle()
    with tenant_scope(tenant.id):
        assert verified(b"".join(export_lines()), checkpoint).seq == 11


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\x00" * 100,
        b"null\n",
        b"[]\n",
        b'"text"\n',
        b"[" * 100_000 + b"\n",
        b'{"format":"fintech_ai audit export v2","tenant":"x"}\n',
        b'{"format":"fintech_ai audit export v1","tenant":1}\n',
        b'{"format":"fintech_ai audit export v1","format":"fintech_ai audit export v1","tenant":"x"}\n',
        "é".encode(),
        b"\xff\xfe",
        b'{"seq":' + b"9" * 5000 + b"}\n",
    ],
)
def test_a_file_that_is_no_export_is_broken_and_no_crash(content):
    with pytest.raises(Broken):
        verified(content)


class TestStandAlone:
    """The verifier as an outsider runs it: one file, without our code, our packages or our environment."""

    @pytest.fixture
    def run(self, tmp_path):
        alone = tmp_path / "alone"
        alone.mkdir()
        script = shutil.copy(verify_export.__file__, alone)

        def run(export, checkpoint=None, python=sys.executable):
            (alone / "export.jsonl").write_bytes(export)
            command = [python, "-I", "-S", "-W", "error", script, "export.jsonl"]
            if checkpoint is not None:
                (alone / "checkpoint.jsonl").write_text(checkpoint)
                command += ["--checkpoint", "checkpoint.jsonl"]
            return subprocess.run(command, cwd=alone, env={}, capture_output=True, text=True, timeout=30, check=False)

        return run

    def test_it_says_that_the_trail_is_whole(self, run, tenant, export):
        with tenant_scope(tenant.id):
            result = run(export, checkpoint_line() + "\n")
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith(f"WHOLE   9 events of tenant {tenant.id}.")
        assert "1 checkpoint" in result.stdout

    def test_it_says_where_and_how_the_trail_is_broken(self, run, export):
        lines = lines_of(export)
        lines[3]["body"] = lines[3]["body"].replace("test.done", "test.gone")
        result = run(sealed(lines))
        assert result.returncode == 1
        assert result.stdout == "BROKEN  event 3 was edited, its content does not give its hash.\n"

    def test_it_finds_a_cut_tail_given_a_checkpoint(self, run, tenant, export):
        lines = lines_of(export)
        cut = sealed([*lines[:-2], lines[-1]])
        assert run(cut).returncode == 0
        with tenant_scope(tenant.id):
            result = run(cut, checkpoint_line())
        assert result.returncode == 1
        assert "event 9 is missing, the trail was cut" in result.stdout

    def test_it_refuses_a_checkpoint_file_that_is_none_or_of_another_tenant(self, run, export):
        assert run(export, "not a checkpoint").returncode == 2
        with tenant_scope(a_tenant().id):
            result = run(export, checkpoint_line())
        assert result.returncode == 2
        assert "for tenant" in result.stderr

    def test_it_refuses_a_file_that_is_not_there(self, run, tmp_path, export):
        command = [sys.executable, verify_export.__file__, str(tmp_path / "nowhere")]
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert result.returncode == 2
        assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_memory_does_not_grow_with_the_export(export, tmp_path):
    opening, event, *_, closing = lines_of(export)
    event["body"] = json.dumps({"pad": "x" * 1000})
    path = tmp_path / "export.jsonl"
    path.write_bytes(sealed(rehashed([opening, *[dict(event) for _ in range(10_000)], closing])))
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            assert verify(file).seq == 10_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < path.stat().st_size / 50
