-- The ledger's engine. A row in wallets_transaction is an order to post; the trigger ledger_apply carries it out.
-- Balances, holds and postings are written from inside these triggers only: pg_trigger_depth() = 0 means "somebody
-- from outside", and is refused. Errors carry our own SQLSTATE (class GB), read by wallets/ledger.py.
--
-- Lock order, everywhere: the hold first, then accounts by ascending id.

CREATE FUNCTION ledger_exponent(currency text) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE currency WHEN 'IDR' THEN 0 ELSE 2 END $$;

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
  IF o.reverses_id IS NOT NULL OR o.account_ids <> t.account_ids
     OR EXISTS (SELECT 1 FROM unnest(o.amounts, t.amounts) AS l(was, now) WHERE was <> -now) THEN
    RAISE EXCEPTION '% does not mirror an original', t.reference USING ERRCODE = 'GB007';
  END IF;
END $$;

CREATE FUNCTION ledger_apply() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  n integer := cardinality(NEW.account_ids);
  h wallets_hold;
  a record;
  total numeric := 0;
  previous bigint := 0;
  freed numeric;
  amount numeric;
  versions bigint[];
  balances numeric[];
  hashes bytea[];
  currencies text[];
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
  FOR i IN 1..n LOOP
    amount := NEW.amounts[i];
    IF amount = 0 OR amount IS NULL OR NEW.account_ids[i] <= previous THEN
      RAISE EXCEPTION 'legs are not zero, and sorted by account, each once' USING ERRCODE = 'GB004';
    END IF;
    previous := NEW.account_ids[i];
    freed := CASE WHEN previous = h.account_id THEN h.amount ELSE 0 END;
    -- A frozen wallet still pays what was promised before: its open holds may be captured.
    UPDATE wallets_account AS w
       SET balance = w.balance + amount, held = w.held - freed, version = w.version + 1,
           head = sha256(w.head || convert_to(concat_ws('|', NEW.id, w.id, w.version + 1,
                  amount::numeric(18, 2), (w.balance + amount)::numeric(18, 2)), 'UTF8'))
     WHERE w.id = previous
       AND (w.status = 'open' OR (w.status = 'frozen' AND (amount > 0 OR freed > 0)))
       AND (w.may_go_negative OR w.balance + amount >= w.held - freed)
    RETURNING w.version, w.balance, w.head, w.currency INTO a;
    IF NOT FOUND THEN
      PERFORM ledger_refuse(previous, amount);
    END IF;
    IF scale(trim_scale(amount)) > ledger_exponent(a.currency) THEN
      RAISE EXCEPTION '% has more decimals than % allows', amount, a.currency USING ERRCODE = 'GB008';
    END IF;
    total := total + amount;
    versions[i] := a.version;
    balances[i] := a.balance;
    hashes[i] := a.head;
    currencies[i] := a.currency;
  END LOOP;
  IF total <> 0 OR (currencies[1] <> ANY (currencies[2:]) AND EXISTS (
       SELECT 1 FROM unnest(currencies, NEW.amounts) AS l(c, m) GROUP BY c HAVING sum(m) <> 0)) THEN
    RAISE EXCEPTION 'legs do not sum to zero' USING ERRCODE = 'GB004';
  END IF;
  -- The clock is read with every account locked, so time never runs against version.
  INSERT INTO wallets_posting (transaction_id, account_id, version, amount, balance_after, hash, created_at)
  SELECT NEW.id, l.account_id, l.version, l.amount, l.balance, l.hash, clock_timestamp()
    FROM unnest(NEW.account_ids, versions, NEW.amounts, balances, hashes)
         AS l(account_id, version, amount, balance, hash);
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
  IF scale(trim_scale(NEW.amount)) > ledger_exponent(currency) THEN
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

CREATE TRIGGER ledger_hold_starts_open BEFORE INSERT ON wallets_hold
  FOR EACH ROW WHEN (NEW.state <> 'open' OR NEW.captured <> 0) EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_account_starts_empty BEFORE INSERT ON wallets_account
  FOR EACH ROW WHEN (NEW.balance <> 0 OR NEW.held <> 0 OR NEW.version <> 0 OR NEW.head <> '')
  EXECUTE FUNCTION ledger_refuse_write();
CREATE TRIGGER ledger_account_guard BEFORE UPDATE ON wallets_account
  FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND
    (NEW.id, NEW.code, NEW.currency, NEW.customer_id, NEW.balance, NEW.held, NEW.version, NEW.head, NEW.may_go_negative)
    IS DISTINCT FROM
    (OLD.id, OLD.code, OLD.currency, OLD.customer_id, OLD.balance, OLD.held, OLD.version, OLD.head, OLD.may_go_negative))
  EXECUTE FUNCTION ledger_refuse_write();
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

-- Post once per reference. The same content again answers with the first row; other content is refused.
CREATE FUNCTION ledger_post(
  p_reference text, p_kind text, p_accounts bigint[], p_amounts numeric[], p_hold text, p_reverses text,
  p_subject text, p_memo text, p_caused_by bigint, OUT transaction_id bigint, OUT replayed boolean)
LANGUAGE plpgsql AS $$
DECLARE
  v_hold bigint;
  v_reverses bigint;
  old wallets_transaction;
BEGIN
  IF p_hold IS NOT NULL THEN
    SELECT id INTO v_hold FROM wallets_hold WHERE reference = p_hold;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'unknown hold %', p_hold USING ERRCODE = 'GB005', CONSTRAINT = 'hold';
    END IF;
  END IF;
  IF p_reverses IS NOT NULL THEN
    SELECT id INTO v_reverses FROM wallets_transaction WHERE reference = p_reverses;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'unknown transaction %', p_reverses USING ERRCODE = 'GB005', CONSTRAINT = 'transaction';
    END IF;
  END IF;
  replayed := false;
  INSERT INTO wallets_transaction (reference, kind, account_ids, amounts, hold_id, reverses_id, subject, memo, caused_by_id)
  VALUES (p_reference, p_kind, p_accounts, p_amounts, v_hold, v_reverses, p_subject, p_memo, p_caused_by)
  ON CONFLICT (reference) DO NOTHING
  RETURNING id INTO transaction_id;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT * INTO old FROM wallets_transaction WHERE reference = p_reference;
  IF (old.kind, old.account_ids, old.amounts, old.hold_id, old.reverses_id, old.subject)
     IS DISTINCT FROM (p_kind, p_accounts, p_amounts, v_hold, v_reverses, p_subject) THEN
    RAISE EXCEPTION 'reference % was used for something else', p_reference USING ERRCODE = 'GB002';
  END IF;
  transaction_id := old.id;
  replayed := true;
END $$;

CREATE FUNCTION ledger_hold(
  p_reference text, p_account bigint, p_amount numeric, p_subject text, p_memo text, p_expires timestamptz,
  OUT hold_id bigint, OUT replayed boolean)
LANGUAGE plpgsql AS $$
DECLARE old wallets_hold;
BEGIN
  IF p_amount <> round(p_amount, 2) THEN
    RAISE EXCEPTION '% is finer than any currency here', p_amount USING ERRCODE = 'GB008';
  END IF;
  replayed := false;
  INSERT INTO wallets_hold (reference, account_id, amount, subject, memo, expires_at)
  VALUES (p_reference, p_account, p_amount, p_subject, p_memo, p_expires)
  ON CONFLICT (reference) DO NOTHING
  RETURNING id INTO hold_id;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT * INTO old FROM wallets_hold WHERE reference = p_reference;
  IF (old.account_id, old.amount, old.subject) IS DISTINCT FROM (p_account, p_amount, p_subject) THEN
    RAISE EXCEPTION 'reference % was used for something else', p_reference USING ERRCODE = 'GB002';
  END IF;
  hold_id := old.id;
  replayed := true;
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
