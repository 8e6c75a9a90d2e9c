-- As many payouts of batches as wanted, in a table with the same columns, indexes and checks.
CREATE SCHEMA IF NOT EXISTS limits;
DROP TABLE IF EXISTS limits.payout, limits.result, limits.entry;
CREATE TABLE limits.payout (LIKE payouts_payout INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
INSERT INTO limits.payout SELECT * FROM payouts_payout WHERE batch_id IS NOT NULL ORDER BY id DESC LIMIT %s;
CREATE TABLE limits.result AS SELECT id, 'completed'::text AS state, 'R1'::text AS rail_id FROM limits.payout;
CREATE TABLE limits.entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payout_id bigint NOT NULL UNIQUE,
  amount numeric(18, 2) NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
ANALYZE limits.payout;
ANALYZE limits.result;
-- step
UPDATE limits.payout p
   SET state = r.state, rail_id = r.rail_id, is_reserved = false, completed_at = now(), closed_at = now(),
       due_at = NULL, sent_at = now(), lease_token = NULL, lease_until = NULL, version = p.version + 1
  FROM limits.result r WHERE r.id = p.id
-- step
INSERT INTO limits.entry (payout_id, amount) SELECT id, amount FROM limits.payout
