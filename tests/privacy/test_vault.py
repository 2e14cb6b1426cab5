"""What is sealed opens for its own row and tenant only, with the right keys only; without a master key nothing is."""

import base64
import contextlib
import os
import subprocess
import sys
import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.gateway.models import CallContent
from fintech_ai.privacy import rotation, vault
from fintech_ai.privacy.models import TenantKey
from fintech_ai.privacy.vault import HEADER, NotSealedHere, VaultClosed, check_open, open_sealed, seal
from fintech_ai.settings import env_key
from tests.support.audit import owner_cursor, settle
from tests.support.calls import a_call
from tests.support.cast import build_cast
from tests.support.servers import PROJECT

CONTEXT = "test.thing:1"
OTHER_KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def fresh():
    """Keys that a rolled-back test made must not stay in memory, nor a changed master key."""
    vault.forget_keys()
    yield
    vault.forget_keys()


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


def a_content(document=None):
    row = CallContent.sealed(a_call().id, document or {"asked": {}, "exchanges": [], "replacements": {}})
    row.save(force_insert=True)
    return row


def actions():
    settle()
    return [event.action for event in AuditEvent.objects.filter(action__startswith="vault.")]


class TestSealing:
    def test_what_was_sealed_opens_again_byte_by_byte(self, house):
        for plaintext in (b"", b"x", os.urandom(10_000)):
            sealed = seal(plaintext, context=CONTEXT)
            assert open_sealed(sealed, context=CONTEXT) == plaintext
            assert len(plaintext) < 16 or plaintext not in sealed

    def test_it_does_not_open_as_something_else(self, house):
        sealed = seal(b"secret", context=CONTEXT)
        with pytest.raises(NotSealedHere, match=r"test\.thing:2"):
            open_sealed(sealed, context="test.thing:2")

    def test_it_does_not_open_for_another_tenant(self, cast):
        with cast.northgate.scope():
            sealed = seal(b"secret", context=CONTEXT)
        with cast.southbank.scope(), pytest.raises(NotSealedHere):
            open_sealed(sealed, context=CONTEXT)

    def test_it_does_not_open_for_another_tenant_that_got_hold_of_the_key(self, cast):
        """In the memory of one process all tenants' keys lie side by side."""
        with cast.northgate.scope():
            sealed = seal(b"secret", context=CONTEXT)
            key = vault._unwrapped(TenantKey.objects.get())
        vault._opened[key.id] = key
        with cast.southbank.scope(), pytest.raises(NotSealedHere, match="not sealed as that"):
            open_sealed(sealed, context=CONTEXT)

    def test_no_byte_of_it_can_be_changed(self, house):
        sealed = seal(b"secret", context=CONTEXT)
        for position in range(len(sealed)):
            altered = bytearray(sealed)
            altered[position] ^= 1
            with pytest.raises(NotSealedHere):
                open_sealed(bytes(altered), context=CONTEXT)

    @pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" + bytes(60), bytes(60)], ids=len)
    def test_other_bytes_are_no_sealed_ones(self, house, sealed):
        with pytest.raises(NotSealedHere):
            open_sealed(sealed, context=CONTEXT)

    def test_the_same_thing_is_never_sealed_the_same_way(self, house):
        nonces = {HEADER.unpack(seal(b"secret", context=CONTEXT)[: HEADER.size])[3] for _ in range(1000)}
        assert len(nonces) == 1000

    def test_the_header_names_the_key(self, house):
        format_, key_id, version, _ = HEADER.unpack(seal(b"secret", context=CONTEXT)[: HEADER.size])
        key = TenantKey.objects.get()
        assert (format_, key_id, version) == (1, key.id.bytes, key.version)


class TestKeys:
    def test_a_tenant_gets_its_key_when_it_needs_one_and_only_one(self, house):
        assert not TenantKey.objects.exists()
        for _ in range(3):
            check_open()
        assert [key.version for key in TenantKey.objects.all()] == [1]
        assert actions() == ["vault.key_made"]

    def test_the_key_lies_in_the_database_only_wrapped(self, house, settings):
        seal(b"secret", context=CONTEXT)
        row = TenantKey.objects.get()
        data_key = vault.unwrap(row)
        assert data_key not in bytes(row.wrapped)
        settings.MASTER_KEY = OTHER_KEY
        vault.forget_keys()
        with pytest.raises(VaultClosed, match="MASTER_KEY_PREVIOUS"):
            check_open()

    def test_a_wrapped_key_that_was_moved_to_another_row_does_not_open(self, cast):
        wrapped = {}
        for house in (cast.northgate, cast.southbank):
            with house.scope():
                check_open()
                wrapped[house.tenant.id] = bytes(TenantKey.objects.get().wrapped)
        with cast.southbank.scope():
            row = TenantKey.objects.get()
            row.wrapped = wrapped[cast.northgate.tenant.id]
            with pytest.raises(VaultClosed, match="altered"):
                vault.unwrap(row)

    @pytest.mark.parametrize("change", [{"version": 7}, {"wrapped": b"x"}, {"id": uuid.UUID(int=1)}], ids=str)
    def test_the_database_refuses_to_change_what_a_key_is(self, house, change):
        check_open()
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            TenantKey.objects.update(**change)

    def test_a_key_with_which_something_is_sealed_cannot_be_deleted(self, house):
        a_content()
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM privacy_tenantkey")
            settle()

    def test_a_key_that_was_rolled_back_is_never_used_again(self, committed_db):
        """What it sealed could never be opened."""
        house = build_cast().northgate
        with house.scope():
            with transaction.atomic():
                check_open()
                lost = TenantKey.objects.get().id
                transaction.set_rollback(True)
            sealed = seal(b"secret", context=CONTEXT)
            assert vault.key_id_of(sealed) != lost
            vault.forget_keys()
            assert open_sealed(sealed, context=CONTEXT) == b"secret"

    def test_many_who_need_the_first_key_at_once_get_the_same(self, committed_db):
        house = build_cast().northgate
        barrier, sealed = threading.Barrier(8), []

        def work() -> None:
            with house.scope():
                barrier.wait()
                sealed.append(seal(b"secret", context=CONTEXT))
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        vault.forget_keys()
        with house.scope():
            assert TenantKey.objects.count() == 1
            assert [open_sealed(each, context=CONTEXT) for each in sealed] == [b"secret"] * 8
            assert AuditEvent.objects.filter(action="vault.key_made").count() == 1

    def test_once_open_it_asks_the_database_no_more(self, committed_db, django_assert_num_queries):
        house = build_cast().northgate
        with house.scope():
            check_open()
            with django_assert_num_queries(0):
                check_open()
                assert open_sealed(seal(b"secret", context=CONTEXT), context=CONTEXT) == b"secret"


class TestMasterKey:
    def test_without_one_nothing_is_sealed(self, house, settings):
        check_open()
        settings.MASTER_KEY = None
        with pytest.raises(VaultClosed, match="MASTER_KEY is not set"):
            check_open()
        with pytest.raises(VaultClosed):
            seal(b"secret", context=CONTEXT)

    @pytest.mark.parametrize("value", ["secret", base64.b64encode(bytes(31)).decode(), "ä" * 44, "-" * 44])
    def test_a_wrong_one_is_explained_and_not_repeated(self, monkeypatch, value):
        monkeypatch.setenv("MASTER_KEY", value)
        with pytest.raises(ImproperlyConfigured, match="MASTER_KEY must be 32 random bytes in base64") as refused:
            env_key("MASTER_KEY")
        assert value not in str(refused.value)

    def test_it_may_come_from_a_file(self, monkeypatch, tmp_path):
        monkeypatch.delenv("MASTER_KEY")
        monkeypatch.setenv("MASTER_KEY_FILE", str(tmp_path / "key"))
        (tmp_path / "key").write_text(base64.b64encode(OTHER_KEY).decode() + "\n")
        assert env_key("MASTER_KEY") == OTHER_KEY


class TestContent:
    def test_the_document_comes_back_as_it_was(self, house):
        document = {"exchanges": [{"received": "half a \ud83d character, \x00, é, 漢"}], "asked": {"n": 1.5}}
        row = a_content(document)
        assert CallContent.objects.get(id=row.id).opened() == document

    def test_a_row_that_was_exchanged_for_another_does_not_open(self, house):
        one, other = a_content(), a_content()
        one.ciphertext = other.ciphertext
        with pytest.raises(NotSealedHere):
            one.opened()

    @pytest.mark.parametrize("change", [{"ciphertext": b"x"}, {"keep_until": timezone.now()}], ids=["text", "end"])
    def test_the_database_refuses_to_change_it(self, house, change):
        a_content()
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            CallContent.objects.update(**change)

    def test_the_database_refuses_to_delete_it_before_its_time(self, house):
        a_content()
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            CallContent.objects.all().delete()


class TestRotation:
    def test_a_new_master_key_takes_over_and_the_old_one_can_go(self, house, settings):
        row = a_content({"asked": "this"})
        settings.MASTER_KEY, settings.MASTER_KEY_PREVIOUS = OTHER_KEY, settings.MASTER_KEY
        vault.forget_keys()
        assert row.opened() == {"asked": "this"}
        assert rotation.rewrap_keys(actor=house.worker) == 1
        settings.MASTER_KEY_PREVIOUS = None
        vault.forget_keys()
        assert row.opened() == {"asked": "this"}
        assert rotation.rewrap_keys(actor=house.worker) == 0
        assert actions() == ["vault.key_made", "vault.key_rewrapped"]

    def test_content_is_sealed_anew_in_batches_with_a_new_data_key(self, house, monkeypatch):
        monkeypatch.setattr(rotation, "BATCH", 2)
        rows = [a_content({"number": number}) for number in range(5)]
        key = rotation.renew_data_key(actor=house.worker, unless_younger_than=timedelta(0))
        assert [batch.sealed for batch in rotation.reseal(actor=house.worker, key=key)] == [2, 2, 1]
        assert list(rotation.reseal(actor=house.worker, key=key)) == []
        found = CallContent.objects.select_related("key").in_bulk([row.id for row in rows])
        assert [found[row.id].opened() for row in rows] == [{"number": number} for number in range(5)]
        assert {each.key.version for each in found.values()} == {2}
        assert actions() == ["vault.key_made"] * 2 + ["vault.content_resealed"] * 3

    def test_a_young_key_is_left(self, house):
        check_open()
        key = rotation.renew_data_key(actor=house.worker, unless_younger_than=timedelta(hours=24))
        assert key.version == 1

    def test_a_tenant_without_a_key_needs_none(self, house):
        assert rotation.renew_data_key(actor=house.worker, unless_younger_than=timedelta(0)) is None

    def test_an_old_key_is_destroyed_when_nothing_needs_it_but_not_at_once(self, committed_db):
        house = build_cast().northgate
        with house.scope():
            check_open()
            rotation.renew_data_key(actor=house.worker, unless_younger_than=timedelta(0))
            assert rotation.destroy_old_keys(actor=house.worker) == 0
            with owner_cursor() as cursor:
                cursor.execute("ALTER TABLE privacy_tenantkey DISABLE TRIGGER USER")
                cursor.execute(
                    "UPDATE privacy_tenantkey SET created_at = now() - interval '2 hours' WHERE tenant_id = %s",
                    [house.tenant.id],
                )
                cursor.execute("ALTER TABLE privacy_tenantkey ENABLE TRIGGER USER")
            assert rotation.destroy_old_keys(actor=house.worker) == 1
            assert [key.version for key in TenantKey.objects.all()] == [2]
            assert AuditEvent.objects.last().action == "vault.key_destroyed"

    def test_what_does_not_open_is_left_and_reported_and_stops_nothing(self, house, monkeypatch):
        monkeypatch.setattr(rotation, "BATCH", 2)
        rows = [a_content() for _ in range(3)]
        moved = {"ciphertext": rows[1].ciphertext, "key": vault.key_create(actor=house.worker, after=1)}
        CallContent.objects.filter(id=rows[0].id).update(**moved)
        key = rotation.renew_data_key(actor=house.worker, unless_younger_than=timedelta(0))
        batches = list(rotation.reseal(actor=house.worker, key=key))
        assert [(batch.sealed, batch.altered) for batch in batches] == [(1, 1), (1, 0)]
        assert CallContent.objects.get(id=rows[0].id).key == moved["key"]

    def test_the_command_does_all_of_it(self, committed_db, capsys):
        house = build_cast().northgate
        with house.scope():
            row = a_content({"asked": "this"})
        with contextlib.suppress(CommandError):  # other tests have left rows that were altered
            call_command("rotate_keys", "--data-keys", "--unless-younger-than", "0")
        said = capsys.readouterr().out.split(f"{house.tenant.slug}: ")[1].splitlines()
        assert said[:3] == [
            "0 data keys wrapped anew",
            "  1 contents sealed anew with data key 2",
            "  0 old data keys destroyed",
        ]
        with house.scope():
            assert CallContent.objects.get(id=row.id).opened() == {"asked": "this"}

    def test_the_command_says_what_is_missing(self, committed_db, settings):
        settings.MASTER_KEY = None
        with pytest.raises(CommandError, match="openssl rand"):
            call_command("rotate_keys")

    @pytest.mark.slow
    def test_a_run_that_was_killed_goes_on_where_it_was(self, committed_db, app_env):
        house = build_cast().northgate
        with house.scope():
            rows = [a_content({"number": number, "text": "x" * 20_000}) for number in range(600)]
            command = [sys.executable, "manage.py", "rotate_keys", "--data-keys", "--unless-younger-than"]
            first = subprocess.Popen([*command, "0"], cwd=PROJECT, env=app_env, stdout=subprocess.DEVNULL)
            try:
                while not AuditEvent.objects.filter(action="vault.content_resealed").exists():
                    assert first.poll() is None, "it was done before it could be killed"
                    time.sleep(0.005)
            finally:
                first.kill()
                first.wait()
            left = CallContent.objects.exclude(key__version=2).count()
            assert 0 < left < 600
            subprocess.run([*command, "24"], cwd=PROJECT, env=app_env, stdout=subprocess.DEVNULL)
            vault.forget_keys()
            assert set(CallContent.objects.values_list("key__version", flat=True)) == {2}
            found = CallContent.objects.in_bulk([row.id for row in rows])
            assert [found[row.id].opened()["number"] for row in rows] == list(range(600))
