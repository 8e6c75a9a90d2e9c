-- The best SQL we know for one transfer: what our own path is measured against. Frozen (see SHA256SUMS): it must
-- not change with our code, and it must not be slow for want of care either.

CREATE TABLE accounts (
  id bigint PRIMARY KEY,
  balance bigint NOT NULL,
  held bigint NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 0,
  CHECK (balance - held >= 0)
) WITH (fillfactor = 70);

CREATE TABLE transfers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  idem uuid NOT NULL UNIQUE,
  src bigint NOT NULL,
  dst bigint NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  transfer_id bigint NOT NULL,
  amount bigint NOT NULL,
  prev bigint NOT NULL,
  cur bigint NOT NULL,
  version bigint NOT NULL,
  UNIQUE (account_id, version),
  CHECK (prev + amount = cur)
);

CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transfer_id bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION bench_transfer(p_src bigint, p_dst bigint, p_amount bigint, p_idem uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  t bigint;
  funds bigint;
  s record;
  d record;
BEGIN
  INSERT INTO transfers (idem, src, dst, amount) VALUES (p_idem, p_src, p_dst, p_amount)
  ON CONFLICT (idem) DO NOTHING RETURNING id INTO t;
  IF t IS NULL THEN
    RETURN (SELECT id FROM transfers WHERE idem = p_idem);
  END IF;
  PERFORM 1 FROM accounts WHERE id IN (p_src, p_dst) ORDER BY id FOR NO KEY UPDATE;
  SELECT balance - held INTO funds FROM accounts WHERE id = p_src;
  IF funds < p_amount THEN
    RAISE EXCEPTION 'insufficient funds';
  END IF;
  UPDATE accounts SET balance = balance - p_amount, version = version + 1 WHERE id = p_src
  RETURNING balance, version INTO s;
  UPDATE accounts SET balance = balance + p_amount, version = version + 1 WHERE id = p_dst
  RETURNING balance, version INTO d;
  INSERT INTO entries (account_id, transfer_id, amount, prev, cur, version)
  VALUES (p_src, t, -p_amount, s.balance + p_amount, s.balance, s.version),
         (p_dst, t, p_amount, d.balance - p_amount, d.balance, d.version);
  INSERT INTO outbox (transfer_id) VALUES (t);
  RETURN t;
END $$;
