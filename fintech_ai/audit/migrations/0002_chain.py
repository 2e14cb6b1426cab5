"""How an event gets into the chain. docs/audit-trail.md explains each step and why it cannot deadlock.

    INSERT INTO audit_inbox        by the plain role, any time in its transaction
      at commit, first round       audit_inbox_release: DELETE the transaction's rows in the order of tenants
      at commit, second round      audit_inbox_append: INSERT INTO audit_event
        before that insert         audit_event_chain: lock the chain, take seq and time, compute the hash

The two rounds put the lock on the chain behind every deferred foreign key check of the same transaction.
"""

from django.db import migrations

from fintech_ai.core.database import Immutable, app_role

INBOX = """
-- Empty except inside transactions under way, so a crash may well clear it: no need to write it to the log.
CREATE UNLOGGED TABLE audit_inbox (
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    tenant_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    body text NOT NULL CHECK (body::jsonb ? 'action'),
    PRIMARY KEY (transaction_id, tenant_id, id)
);

CREATE FUNCTION audit_inbox_release() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine audit_inbox;
BEGIN
    FOR mine IN
        SELECT * FROM audit_inbox WHERE transaction_id = pg_current_xact_id() ORDER BY tenant_id, id
    LOOP
        DELETE FROM audit_inbox WHERE (transaction_id, tenant_id, id) = (mine.transaction_id, mine.tenant_id, mine.id);
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION audit_inbox_append() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO audit_event (tenant_id, body) VALUES (OLD.tenant_id, OLD.body);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER audit_inbox_first_round AFTER INSERT ON audit_inbox
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_inbox_release();
CREATE CONSTRAINT TRIGGER audit_inbox_second_round AFTER DELETE ON audit_inbox
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_inbox_append();
"""

CHAIN = """
-- One row for each tenant, never changed: whoever holds its lock extends the tenant's chain.
CREATE TABLE audit_lock (tenant_id uuid PRIMARY KEY);

CREATE FUNCTION audit_event_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    last audit_event;
BEGIN
    INSERT INTO audit_lock (tenant_id) VALUES (NEW.tenant_id) ON CONFLICT DO NOTHING;
    PERFORM FROM audit_lock WHERE tenant_id = NEW.tenant_id FOR UPDATE;
    -- From here until the commit nobody else extends this tenant's chain; order and time are taken inside the lock.
    SELECT * INTO last FROM audit_event WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.at := greatest(clock_timestamp(), last.at);
    NEW.prev_hash := coalesce(last.hash, repeat('0', 64));
    NEW.hash := encode(sha256(convert_to(concat_ws(E'\\n',
        'fintech_ai audit event v1',
        NEW.tenant_id,
        NEW.seq,
        to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        NEW.prev_hash,
        NEW.body
    ), 'UTF8')), 'hex');
    RETURN NEW;
END $$;

-- Django adds it for LIKE, which nobody asks of a hash.
DROP INDEX audit_event_hash_254485c8_like;

CREATE TRIGGER audit_event_takes_its_place BEFORE INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_chain();

REVOKE EXECUTE ON FUNCTION audit_inbox_release(), audit_inbox_append(), audit_event_chain() FROM PUBLIC;
"""

UNDO = """
CREATE INDEX audit_event_hash_254485c8_like ON audit_event (hash varchar_pattern_ops);
DROP TRIGGER audit_event_takes_its_place ON audit_event;
DROP TABLE audit_inbox, audit_lock;
DROP FUNCTION audit_inbox_release(), audit_inbox_append(), audit_event_chain();
"""


def grants() -> str:
    """The plain role reads the trail and writes the inbox, nothing else; not even another transaction's rows in it."""
    role = f'"{app_role()}"'
    return f"""
    REVOKE ALL ON audit_event, audit_lock, audit_inbox FROM {role};
    GRANT SELECT ON audit_event TO {role};
    GRANT INSERT (tenant_id, body) ON audit_inbox TO {role};
    """


class Migration(migrations.Migration):
    dependencies = [("core", "0001_refuse_change"), ("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(INBOX + CHAIN, reverse_sql=UNDO),
        Immutable("audit_event"),
        migrations.RunSQL(grants(), reverse_sql=migrations.RunSQL.noop),
    ]
