"""The live trail, tampered with by the owner of the tables, who can switch every trigger off."""

import json
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from fintech_ai.audit.export import checkpoint_line
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.services import trail_export, trail_verify
from fintech_ai.audit.verification import verify_chain
from fintech_ai.audit.verify_export import event_hash, verify
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope
from tests.support.audit import a_tenant, owner_cursor, record_events, triggers_off


@pytest.fixture
def tenant(committed_db):
    tenant = a_tenant()
    record_events(tenant, 8)
    with tenant_scope(tenant.id):
        yield tenant


def tamper(statement, *parameters):
    with triggers_off() as cursor:
        cursor.execute(statement, parameters)
        assert cursor.rowcount > 0


def test_an_untouched_trail_is_whole(tenant):
    verdict = verify_chain()
    assert verdict.intact
    assert (verdict.events, verdict.head) == (9, AuditEvent.objects.get(seq=9).hash)


def test_a_tenant_without_events_has_a_whole_trail(tenant):
    with tenant_scope(uuid4()):
        assert verify_chain().intact


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", "replace(body, 'test.done', 'test.gone')"),
        ("body", "body || ' '"),
        ("at", "at + interval '1 microsecond'"),
        ("at", "'infinity'"),
        ("hash", "encode(sha256(hash::bytea), 'hex')"),
        ("prev_hash", "repeat('f', 64)"),
    ],
)
@pytest.mark.parametrize("seq", [2, 5, 9])
def test_an_edit_is_found(tenant, column, value, seq):
    tamper(f"UPDATE audit_event SET {column} = {value} WHERE tenant_id = %s AND seq = %s", tenant.id, seq)  # noqa: S608
    verdict = verify_chain()
    assert not verdict.intact
    assert verdict.broken_at == seq
    assert verdict.events == seq - 1


@pytest.mark.parametrize("seq", [1, 5, 8])
def test_a_deleted_event_is_found(tenant, seq):
    tamper("DELETE FROM audit_event WHERE tenant_id = %s AND seq = %s", tenant.id, seq)
    assert verify_chain().broken_at == seq


def test_a_deleted_event_is_found_when_the_gap_was_closed(tenant):
    tamper("DELETE FROM audit_event WHERE tenant_id = %s AND seq = 5", tenant.id)
    for seq in range(6, 10):
        tamper("UPDATE audit_event SET seq = %s WHERE tenant_id = %s AND seq = %s", seq - 1, tenant.id, seq)
    assert verify_chain().broken_at == 5


def test_two_swapped_events_are_found(tenant):
    for before, after in [(4, 100), (6, 4), (100, 6)]:
        tamper("UPDATE audit_event SET seq = %s WHERE tenant_id = %s AND seq = %s", after, tenant.id, before)
    assert verify_chain().broken_at == 4


def test_an_inserted_event_is_found(tenant):
    event = AuditEvent.objects.get(seq=5)
    for seq in range(9, 4, -1):
        tamper("UPDATE audit_event SET seq = %s WHERE tenant_id = %s AND seq = %s", seq + 1, tenant.id, seq)
    body = event.body.replace("test.done", "test.forged")
    digest = event_hash(str(tenant.id), 5, f"{event.at:%Y-%m-%dT%H:%M:%S.%fZ}", "e" * 64, body)
    tamper(
        "INSERT INTO audit_event (tenant_id, seq, at, prev_hash, hash, body) VALUES (%s, 5, %s, %s, %s, %s)",
        tenant.id, event.at, "e" * 64, digest, body,
    )  # fmt: skip
    assert verify_chain().broken_at == 5


def test_a_cut_tail_is_found_with_a_checkpoint_only(tenant):
    checkpoint = json.loads(checkpoint_line())
    tamper("DELETE FROM audit_event WHERE tenant_id = %s AND seq > 7", tenant.id)
    assert verify_chain().intact
    verdict = verify_chain(checkpoints=[(checkpoint["seq"], checkpoint["hash"])])
    assert verdict.broken_at == 8
    assert "cut" in verdict.problem


def test_a_searched_column_that_was_edited_is_found(tenant):
    """The owner turns a generated column into a plain one and edits it; afterwards all is put back."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT generation_expression FROM information_schema.columns "
            "WHERE table_name = 'audit_event' AND column_name = 'action'"
        )
        (expression,) = cursor.fetchone()
        cursor.execute("ALTER TABLE audit_event ALTER action DROP EXPRESSION")
    try:
        tamper("UPDATE audit_event SET action = 'test.gone' WHERE tenant_id = %s AND seq = 5", tenant.id)
        verdict = verify_chain()
        assert verdict.broken_at == 5
        assert "columns" in verdict.problem
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "ALTER TABLE audit_event DROP COLUMN action, "
                f"ADD COLUMN action text GENERATED ALWAYS AS ({expression}) STORED, "
                "ADD CONSTRAINT audit_event_has_action CHECK (action IS NOT NULL)"
            )
            cursor.execute("CREATE INDEX audit_event_action ON audit_event (tenant_id, action, seq)")


def test_verifying_is_recorded_with_what_was_found(tenant):
    actor = Actor.system(tenant_id=tenant.id, name="test")
    verdict = trail_verify(actor=actor)
    event = AuditEvent.objects.get(seq=10)
    assert (event.action, event.object_id) == ("trail.verified", verdict.head)
    assert json.loads(event.body)["data"] == {"events": 9, "broken_at": None}


def test_exporting_is_the_last_event_of_the_export_and_the_live_check_agrees(tenant, tmp_path):
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"".join(trail_export(actor=Actor.system(tenant_id=tenant.id, name="test"))))
    with path.open("rb") as file:
        chain = verify(file)
    assert AuditEvent.objects.get(seq=chain.seq).action == "trail.exported"
    assert (chain.seq, chain.hash) == (verify_chain().events, verify_chain().head)


class TestCommands:
    def test_audit_verify_says_that_a_trail_is_whole(self, tenant, capsys):
        call_command("audit_verify", tenant=tenant.slug)
        assert capsys.readouterr().out.startswith(f"{tenant.slug}: Whole: 9 events, the last with hash ")

    def test_audit_verify_fails_and_says_which_event_is_broken_and_how(self, tenant, capsys):
        tamper("UPDATE audit_event SET body = body || ' ' WHERE tenant_id = %s AND seq = 3", tenant.id)
        with pytest.raises(CommandError, match="1 of 1") as refusal:
            call_command("audit_verify", tenant=tenant.slug)
        assert refusal.value.returncode == 1
        assert "Broken at event 3: it was edited" in capsys.readouterr().out

    def test_audit_verify_goes_through_every_tenant(self, tenant, capsys):
        other = a_tenant()
        tamper("UPDATE audit_event SET body = body || ' ' WHERE tenant_id = %s", other.id)
        with pytest.raises(CommandError):
            call_command("audit_verify")
        out = capsys.readouterr().out
        assert f"{tenant.slug}: Whole" in out
        assert f"{other.slug}: Broken at event 1" in out

    def test_audit_verify_finds_a_trail_that_is_gone_with_its_tenant(self, tenant, tmp_path, capsys):
        path = tmp_path / "checkpoint.jsonl"
        call_command("audit_checkpoint", tenant=tenant.slug, out=path)
        tamper("DELETE FROM audit_event WHERE tenant_id = %s", tenant.id)
        with owner_cursor() as cursor:
            cursor.execute("DELETE FROM accounts_tenant WHERE id = %s", [tenant.id])
        with pytest.raises(CommandError):
            call_command("audit_verify", checkpoint=path)
        assert f"{tenant.id}: Broken at event 1" in capsys.readouterr().out

    def test_audit_export_writes_what_the_verifier_reads(self, tenant, tmp_path):
        path = tmp_path / "export.jsonl"
        call_command("audit_export", tenant=tenant.slug, out=path)
        with path.open("rb") as file:
            assert verify(file).seq == 10

    def test_audit_checkpoint_appends_a_line_each_time(self, tenant, tmp_path):
        path = tmp_path / "checkpoints.jsonl"
        call_command("audit_checkpoint", tenant=tenant.slug, out=path)
        record_events(tenant, 1)
        call_command("audit_checkpoint", tenant=tenant.slug, out=path)
        assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [9, 10]
        call_command("audit_verify", tenant=tenant.slug, checkpoint=path)

    @pytest.mark.parametrize("command", ["audit_verify", "audit_checkpoint"])
    def test_an_unknown_tenant_is_refused(self, committed_db, command):
        with pytest.raises(CommandError, match="no tenant 'nobody'"):
            call_command(command, tenant="nobody")

    def test_a_checkpoint_file_that_is_none_is_refused(self, tenant, tmp_path):
        path = tmp_path / "checkpoint.jsonl"
        path.write_text("nonsense")
        with pytest.raises(CommandError, match="cannot be read as checkpoints") as refusal:
            call_command("audit_verify", checkpoint=path)
        assert refusal.value.returncode == 2
