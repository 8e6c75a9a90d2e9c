-- The record of who did what: entries are written once, and at commit each is sealed into one chain of hashes.
--
-- An entry queues its seal when its transaction commits (a deferred trigger), and the seal takes its place in the
-- chain one round later, when every deferred foreign key has been checked: whoever holds the head of the chain waits
-- for nobody any more, so no circle of waiting can go through it. Places are given in the order of commits, without
-- gaps: what is rolled back never had one. Errors carry our own SQLSTATE GB009 (append-only), as the ledger's do.

-- Every column of an entry, spelled the same in whatever zone or format the session likes. Whoever adds a column to
-- the table adds it here for entries from then on; a test changes each column and wants the check to notice.
CREATE FUNCTION audit_text(e accounts_auditentry) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT ROW(e.id, extract(epoch FROM e.at), e.actor_kind, e.actor_id, e.actor_label, e.actor_client_id, e.acting_as,
             e.action, e.object_type, e.object_id, e.object_label, e.client_id, e.is_sandbox, e.via, host(e.address),
             e.request_id, e.before, e.after)::text
$$;

CREATE FUNCTION audit_hash(previous bytea, place bigint, entry text) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(previous || convert_to(concat_ws('|', place, entry), 'UTF8'))
$$;

CREATE FUNCTION audit_queue_seal() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO accounts_auditseal (entry_id) VALUES (NEW.id);
  RETURN NULL;
END $$;

-- The head is one row: locking it is what puts commits in a line.
CREATE FUNCTION audit_seal() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  entry text;
  head accounts_audithead;
BEGIN
  SELECT audit_text(e) INTO STRICT entry FROM accounts_auditentry AS e WHERE e.id = NEW.entry_id;
  LOOP
    UPDATE accounts_audithead AS h SET position = h.position + 1, hash = audit_hash(h.hash, h.position + 1, entry)
     WHERE h.id = 1 RETURNING * INTO head;
    EXIT WHEN FOUND;
    -- Only the first entry of all finds no head. Were it taken away later, place 1 would be given twice, and refused.
    INSERT INTO accounts_audithead (id, position, hash) VALUES (1, 0, '') ON CONFLICT DO NOTHING;
  END LOOP;
  UPDATE accounts_auditseal SET position = head.position, hash = head.hash WHERE entry_id = NEW.entry_id;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER audit_queue_seal AFTER INSERT ON accounts_auditentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_queue_seal();
CREATE CONSTRAINT TRIGGER audit_seal AFTER INSERT ON accounts_auditseal
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_seal();

-- Nobody goes round: what is written stays, and seals and head are written from inside these triggers only.

CREATE FUNCTION audit_refuse_write() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: the audit record is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'GB009';
END $$;

CREATE TRIGGER audit_entry_final BEFORE UPDATE OR DELETE ON accounts_auditentry
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_write();
CREATE TRIGGER audit_check_final BEFORE UPDATE OR DELETE ON accounts_auditcheck
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_write();
CREATE TRIGGER audit_seal_stays BEFORE DELETE ON accounts_auditseal
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_write();
CREATE TRIGGER audit_head_stays BEFORE DELETE ON accounts_audithead
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_write();
CREATE TRIGGER audit_seal_guard BEFORE INSERT OR UPDATE ON accounts_auditseal
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit_refuse_write();
CREATE TRIGGER audit_head_guard BEFORE INSERT OR UPDATE ON accounts_audithead
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit_refuse_write();

CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON accounts_auditentry
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_write();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON accounts_auditseal
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_write();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON accounts_audithead
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_write();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON accounts_auditcheck
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_write();
