-- The ledger's engine. A row in wallets_transaction is an order to post; the trigger ledger_apply carries it out.
-- Balances, holds and postings are written from inside these triggers only: pg_trigger_depth() = 0 means "somebody
-- from outside", and is refused. Errors carry our own SQLSTATE (class GB), read by wallets/ledger.py.
--
-- Lock order, everywhere: the hold first, then accounts by ascending id.

-- Room on every page for the next version of its rows, so that a movement touches no index of the accounts.
ALTER TABLE wallets_account SET (fillfactor = 70);

-- Of any precision: what is finer than the currency must be refused, not rounded on the way in.
ALTER TABLE wallets_transaction ALTER COLUMN amounts TYPE numeric[];

-- No wallet pays what it does not have. A constraint, so that it stands whatever the engine does; its words are in a
-- function because PostgreSQL reads a constraint anew for every statement, and a call is short.
CREATE FUNCTION ledger_covered(balance numeric, held numeric, may_go_negative boolean, customer bigint) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN held >= 0 AND (balance >= held OR (may_go_negative AND customer IS NULL));
END $$;

ALTER TABLE wallets_account ADD CONSTRAINT account_covered
  CHECK (ledger_covered(balance, held, may_go_negative, customer_id));

CREATE FUNCTION ledger_exponent(currency text) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE currency WHEN 'IDR' THEN 0 ELSE 2 END $$;

-- What a transaction says, as text; every hash of its postings covers it, so that no word of it can change unseen.
CREATE FUNCTION ledger_facts(
  id bigint, reference text, kind text, hold bigint, held numeric, reverses bigint, subject text, memo text,
  caused_by bigint, created_at timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT ROW(id, reference, kind, hold, held, reverses, subject, memo, caused_by, extract(epoch FROM created_at))::text
$$;

-- A posting's hash: over the hash of the one before on the same account, and all that the posting says.
CREATE FUNCTION ledger_hash(
  before bytea, account bigint, version bigint, amount numeric, balance numeric, moment timestamptz, facts text)
  RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT sha256(before || convert_to(concat_ws('|', account, version, amount::numeric(18, 2), balance::numeric(18, 2),
                                               extract(epoch FROM moment), facts), 'UTF8'))
$$;

-- Why an account could not take its leg, as an error a program can read.
CREATE FUNCTION ledger_refuse(p_account bigint, p_amount numeric) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE a wallets_account;
BEGIN
  SELECT * INTO a FROM wallets_account WHERE id = p_account;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown account %', p_account USING ERRCODE = 'GB005';
  ELSIF a.status <> 'open' THEN
    RAISE EXCEPTION 'account % is %', p_account, a.status USING ERRCODE = 'GB006';
  END IF;
  RAISE EXCEPTION 'insufficient funds' USING ERRCODE = 'GB001',
    DETAIL = (a.balance - a.held)::text || ' ' || abs(p_amount)::text;
END $$;

-- The hold that a transaction captures: still open, and debited by at most its amount.
CREATE FUNCTION ledger_close_hold(t wallets_transaction) RETURNS wallets_hold
LANGUAGE plpgsql AS $$
DECLARE
  h wallets_hold;
  taken numeric;
BEGIN
  SELECT * INTO h FROM wallets_hold WHERE id = t.hold_id FOR UPDATE;
  IF h.state <> 'open' THEN
    RAISE EXCEPTION 'hold % is %', h.reference, h.state USING ERRCODE = 'GB003';
  END IF;
  taken := -t.amounts[array_position(t.account_ids, h.account_id)];
  IF taken IS NULL OR taken <= 0 OR taken > h.amount THEN
    RAISE EXCEPTION 'capture of % from hold % of %', taken, h.reference, h.amount USING ERRCODE = 'GB004';
  END IF;
  UPDATE wallets_hold SET state = 'captured', captured = taken, closed_at = clock_timestamp() WHERE id = h.id;
  RETURN h;
END $$;

CREATE FUNCTION ledger_check_reversal(t wallets_transaction) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE o wallets_transaction;
BEGIN
  SELECT * INTO o FROM wallets_transaction WHERE id = t.reverses_id;
  IF NOT FOUND OR o.reverses_id IS NOT NULL OR o.account_ids <> t.account_ids
     OR EXISTS (SELECT 1 FROM unnest(o.amounts, t.amounts) AS l(was, now) WHERE was <> -now) THEN
    RAISE EXCEPTION '% does not mirror an original', t.reference USING ERRCODE = 'GB007';
  END IF;
END $$;

CREATE FUNCTION ledger_check_currencies(t wallets_transaction) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM unnest(t.account_ids, t.amounts) AS l(account_id, amount)
               JOIN wallets_account AS w ON w.id = l.account_id GROUP BY w.currency HAVING sum(l.amount) <> 0) THEN
    RAISE EXCEPTION 'legs do not sum to zero in each currency' USING ERRCODE = 'GB004';
  END IF;
END $$;

CREATE FUNCTION ledger_apply() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  n integer := cardinality(NEW.account_ids);
  facts text;
  moment timestamptz := clock_timestamp();
  h wallets_hold;
  a record;
  freed numeric;
  amount numeric;
  total numeric := 0;
  previous bigint := 0;
  versions bigint[];
  balances numeric[];
  heads bytea[];
  moments timestamptz[];
  currency text;
  mixed boolean := false;
BEGIN
  IF n < 2 OR n <> cardinality(NEW.amounts) THEN
    RAISE EXCEPTION 'a transaction has two legs or more' USING ERRCODE = 'GB004';
  END IF;
  IF NEW.hold_id IS NOT NULL THEN
    h := ledger_close_hold(NEW);
  END IF;
  IF NEW.reverses_id IS NOT NULL THEN
    PERFORM ledger_check_reversal(NEW);
  END IF;
  facts := ledger_facts(NEW.id, NEW.reference, NEW.kind, NEW.hold_id, h.amount, NEW.reverses_id, NEW.subject, NEW.memo,
                        NEW.caused_by_id, NEW.created_at);
  FOR i IN 1..n LOOP
    amount := NEW.amounts[i];
    IF amount = 0 OR amount IS NULL OR NEW.account_ids[i] <= previous THEN
      RAISE EXCEPTION 'legs are not zero, and sorted by account, each once' USING ERRCODE = 'GB004';
    END IF;
    previous := NEW.account_ids[i];
    freed := CASE WHEN previous = h.account_id THEN h.amount ELSE 0 END;
    -- A frozen wallet still pays what was promised before: its open holds may be captured.
    -- Time never runs against version, not even when the clock is set back or this leg waited for a lock.
    UPDATE wallets_account AS w
       SET balance = w.balance + amount, held = w.held - freed, version = w.version + 1,
           moved_at = greatest(w.moved_at, moment),
           head = ledger_hash(w.head, w.id, w.version + 1, amount, w.balance + amount, greatest(w.moved_at, moment),
                              facts)
     WHERE w.id = previous
       AND (w.status = 'open' OR (w.status = 'frozen' AND (amount > 0 OR freed > 0)))
       AND (w.may_go_negative OR w.balance + amount >= w.held - freed)
    RETURNING w.version, w.balance, w.head, w.moved_at, w.currency INTO a;
    IF NOT FOUND THEN
      PERFORM ledger_refuse(previous, amount);
    END IF;
    IF amount <> round(amount, ledger_exponent(a.currency)) THEN
      RAISE EXCEPTION '% has more decimals than % allows', amount, a.currency USING ERRCODE = 'GB008';
    END IF;
    versions := array_append(versions, a.version);
    balances := array_append(balances, a.balance);
    heads := array_append(heads, a.head);
    moments := array_append(moments, a.moved_at);
    mixed := mixed OR (i > 1 AND currency <> a.currency);
    currency := a.currency;
    total := total + amount;
  END LOOP;
  IF total <> 0 THEN
    RAISE EXCEPTION 'legs do not sum to zero' USING ERRCODE = 'GB004';
  END IF;
  IF mixed THEN
    PERFORM ledger_check_currencies(NEW);
  END IF;
  INSERT INTO wallets_posting (transaction_id, account_id, version, amount, balance_after, hash, created_at)
  SELECT NEW.id, l.* FROM unnest(NEW.account_ids, versions, NEW.amounts, balances, heads, moments) AS l;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_apply AFTER INSERT ON wallets_transaction
  FOR EACH ROW EXECUTE FUNCTION ledger_apply();

-- Holds -----------------------------------------------------------------------------------------------------

CREATE FUNCTION ledger_hold_opened() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE currency text;
BEGIN
  UPDATE wallets_account AS w SET held = w.held + NEW.amount
   WHERE w.id = NEW.account_id AND w.status = 'open'
     AND (w.may_go_negative OR w.balance - w.held >= NEW.amount)
  RETURNING w.currency INTO currency;
  IF NOT FOUND THEN
    PERFORM ledger_refuse(NEW.account_id, NEW.amount);
  END IF;
  IF NEW.amount <> round(NEW.amount, ledger_exponent(currency)) THEN
    RAISE EXCEPTION '% has more decimals than % allows', NEW.amount, currency USING ERRCODE = 'GB008';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_hold_opened AFTER INSERT ON wallets_hold
  FOR EACH ROW EXECUTE FUNCTION ledger_hold_opened();

CREATE FUNCTION ledger_hold_closed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'open' OR NEW.state = 'open' OR (NEW.id, NEW.reference, NEW.account_id, NEW.amount, NEW.subject,
      NEW.memo, NEW.expires_at, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.reference, OLD.account_id, OLD.amount,
      OLD.subject, OLD.memo, OLD.expires_at, OLD.created_at) THEN
    RAISE EXCEPTION 'hold % is %: no further change', OLD.reference, OLD.state USING ERRCODE = 'GB003';
  END IF;
  IF NEW.state = 'captured' THEN
    IF pg_trigger_depth() < 2 THEN
      RAISE EXCEPTION 'a hold is captured by a transaction only' USING ERRCODE = 'GB009';
    END IF;
  ELSE
    UPDATE wallets_account SET held = held - OLD.amount WHERE id = OLD.account_id;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_hold_closed AFTER UPDATE ON wallets_hold
  FOR EACH ROW EXECUTE FUNCTION ledger_hold_closed();

-- Nobody goes round ------------------------------------------------------------------------------------------

CREATE FUNCTION ledger_refuse_write() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'GB009';
END $$;

-- The comparison stands in a function because PostgreSQL reads a WHEN clause anew for every statement: 50 us here.
CREATE FUNCTION ledger_guard_account() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  OLD.status := NEW.status;
  IF NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'account %: only its status may be changed by hand', OLD.id USING ERRCODE = 'GB009';
  END IF;
  RETURN NULL;
END $$;

-- What never changes with a movement is checked when it is written, not with every movement as a constraint would be.
CREATE FUNCTION ledger_check_account() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.currency NOT IN ('IDR', 'SLE', 'USD') OR NEW.status NOT IN ('open', 'frozen', 'closed')
     OR (NEW.may_go_negative AND NEW.customer_id IS NOT NULL)
     OR (NEW.status = 'closed' AND (NEW.balance <> 0 OR NEW.held <> 0)) THEN
    RAISE EXCEPTION 'account % cannot be like this', NEW.code USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_hold_starts_open BEFORE INSERT ON wallets_hold
  FOR EACH ROW WHEN (NEW.state <> 'open' OR NEW.captured <> 0) EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_account_starts_empty BEFORE INSERT ON wallets_account
  FOR EACH ROW WHEN (NEW.balance <> 0 OR NEW.held <> 0 OR NEW.version <> 0 OR NEW.head <> '' OR NEW.moved_at IS NOT NULL)
  EXECUTE FUNCTION ledger_refuse_write();
-- After, not before: a trigger before an update makes PostgreSQL lock the row by a step of its own each time.
CREATE TRIGGER ledger_account_shape AFTER INSERT OR UPDATE OF code, currency, customer_id, may_go_negative, status
  ON wallets_account FOR EACH ROW EXECUTE FUNCTION ledger_check_account();
CREATE TRIGGER ledger_account_guard AFTER UPDATE ON wallets_account
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger_guard_account();
CREATE TRIGGER ledger_posting_guard BEFORE INSERT ON wallets_posting
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_posting_final BEFORE UPDATE OR DELETE ON wallets_posting
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_transaction_final BEFORE UPDATE OR DELETE ON wallets_transaction
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_hold_stays BEFORE DELETE ON wallets_hold
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_account_stays BEFORE DELETE ON wallets_account
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON wallets_posting
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON wallets_transaction
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON wallets_hold
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON wallets_account
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write();

-- The doors --------------------------------------------------------------------------------------------------

-- The transaction that took a reference before us: its id if it says the same, an error if it does not.
CREATE FUNCTION ledger_replay(
  p_reference text, p_kind text, p_accounts bigint[], p_amounts numeric[], p_hold bigint, p_reverses bigint,
  p_subject text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE old wallets_transaction;
BEGIN
  SELECT * INTO old FROM wallets_transaction WHERE reference = p_reference;
  IF (old.kind, old.account_ids, old.amounts, old.hold_id, old.reverses_id, old.subject)
     IS DISTINCT FROM (p_kind, p_accounts, p_amounts, p_hold, p_reverses, p_subject) THEN
    RAISE EXCEPTION 'reference % was used for something else', p_reference USING ERRCODE = 'GB002';
  END IF;
  RETURN old.id;
END $$;

-- The next three answer with the id of the row; with its negative when it had been there before.

-- Post once per reference. The same content again answers with the first row; other content is refused.
-- What is captured or reversed is locked before the insert: of two at once with the same reference, the second would
-- else meet the index of holds before that of references, and be told of a closed hold instead of its own success.
CREATE FUNCTION ledger_post(
  p_reference text, p_kind text, p_accounts bigint[], p_amounts numeric[], p_hold text, p_reverses text,
  p_subject text, p_memo text, p_caused_by bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_hold bigint;
  v_reverses bigint;
  posted bigint;
BEGIN
  IF p_hold IS NOT NULL THEN
    SELECT id INTO v_hold FROM wallets_hold WHERE reference = p_hold FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'unknown hold %', p_hold USING ERRCODE = 'GB005', CONSTRAINT = 'hold';
    END IF;
  END IF;
  IF p_reverses IS NOT NULL THEN
    SELECT id INTO v_reverses FROM wallets_transaction WHERE reference = p_reverses FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'unknown transaction %', p_reverses USING ERRCODE = 'GB005', CONSTRAINT = 'transaction';
    END IF;
  END IF;
  INSERT INTO wallets_transaction (reference, kind, account_ids, amounts, hold_id, reverses_id, subject, memo, caused_by_id)
  VALUES (p_reference, p_kind, p_accounts, p_amounts, v_hold, v_reverses, p_subject, p_memo, p_caused_by)
  ON CONFLICT (reference) DO NOTHING
  RETURNING id INTO posted;
  IF NOT FOUND THEN
    RETURN -ledger_replay(p_reference, p_kind, p_accounts, p_amounts, v_hold, v_reverses, p_subject);
  END IF;
  RETURN posted;
END $$;

-- The same for the commonest case, one amount from one account to another, both named by their codes.
-- Answers with NULL when one of them does not exist yet.
CREATE FUNCTION ledger_move(
  p_reference text, p_kind text, p_source text, p_target text, p_currency text, p_amount numeric, p_subject text,
  p_memo text, p_caused_by bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  posted bigint;
  source bigint;
  target bigint;
  accounts bigint[];
  amounts numeric[];
BEGIN
  SELECT s.id, t.id INTO source, target FROM wallets_account AS s, wallets_account AS t
   WHERE s.code = p_source AND s.currency = p_currency AND t.code = p_target AND t.currency = p_currency;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF source < target THEN
    accounts := ARRAY[source, target];
    amounts := ARRAY[-p_amount, p_amount];
  ELSE
    accounts := ARRAY[target, source];
    amounts := ARRAY[p_amount, -p_amount];
  END IF;
  INSERT INTO wallets_transaction (reference, kind, account_ids, amounts, subject, memo, caused_by_id)
  VALUES (p_reference, p_kind, accounts, amounts, p_subject, p_memo, p_caused_by)
  ON CONFLICT (reference) DO NOTHING
  RETURNING id INTO posted;
  IF NOT FOUND THEN
    RETURN -ledger_replay(p_reference, p_kind, accounts, amounts, NULL, NULL, p_subject);
  END IF;
  RETURN posted;
END $$;

-- Set an amount of an account aside. Answers with NULL when the account does not exist yet.
CREATE FUNCTION ledger_hold(
  p_reference text, p_code text, p_currency text, p_amount numeric, p_subject text, p_memo text, p_expires timestamptz)
  RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  held bigint;
  account bigint;
  old wallets_hold;
BEGIN
  SELECT id INTO account FROM wallets_account WHERE code = p_code AND currency = p_currency;
  IF account IS NULL THEN
    RETURN NULL;
  END IF;
  IF p_amount <> round(p_amount, 2) THEN
    RAISE EXCEPTION '% is finer than any currency here', p_amount USING ERRCODE = 'GB008';
  END IF;
  INSERT INTO wallets_hold (reference, account_id, amount, subject, memo, expires_at)
  VALUES (p_reference, account, p_amount, p_subject, p_memo, p_expires)
  ON CONFLICT (reference) DO NOTHING
  RETURNING id INTO held;
  IF FOUND THEN
    RETURN held;
  END IF;
  SELECT * INTO old FROM wallets_hold WHERE reference = p_reference;
  IF (old.account_id, old.amount, old.subject) IS DISTINCT FROM (account, p_amount, p_subject) THEN
    RAISE EXCEPTION 'reference % was used for something else', p_reference USING ERRCODE = 'GB002';
  END IF;
  RETURN -old.id;
END $$;

-- Give a hold back. Quiet when that has happened already; refused once it was captured.
CREATE FUNCTION ledger_release(p_reference text, p_state text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE was text;
BEGIN
  UPDATE wallets_hold SET state = p_state, closed_at = clock_timestamp()
   WHERE reference = p_reference AND state = 'open';
  IF FOUND THEN
    RETURN true;
  END IF;
  SELECT state INTO was FROM wallets_hold WHERE reference = p_reference;
  IF was IS NULL THEN
    RAISE EXCEPTION 'unknown hold %', p_reference USING ERRCODE = 'GB005', CONSTRAINT = 'hold';
  ELSIF was = 'captured' THEN
    RAISE EXCEPTION 'hold % is captured', p_reference USING ERRCODE = 'GB003';
  END IF;
  RETURN false;
END $$;
