-- Everything that must hold in the ledger, and a print of every row, in one round trip. Written from the rules, not
-- from wallets/sql or wallets/checks: it judges both. One row, one JSON document.
WITH
leg AS (
  SELECT p.*, a.code, a.currency, t.reference, t.kind, t.hold_id, t.reverses_id, t.subject, t.memo, t.caused_by_id,
         t.created_at AS said_at, h.amount AS held,
         row_number() OVER w AS place,
         coalesce(lag(p.balance_after) OVER w, 0) AS prev,
         coalesce(lag(p.hash) OVER w, ''::bytea) AS chain,
         lag(p.created_at) OVER w AS earlier
    FROM wallets_posting p
    LEFT JOIN wallets_account a ON a.id = p.account_id
    LEFT JOIN wallets_transaction t ON t.id = p.transaction_id
    LEFT JOIN wallets_hold h ON h.id = t.hold_id
  WINDOW w AS (PARTITION BY p.account_id ORDER BY p.version)
),
problem(what) AS (
  SELECT format('L1 %s in %s sums to %s', reference, currency, sum(amount)) FROM leg
   GROUP BY transaction_id, reference, currency HAVING sum(amount) <> 0
  UNION ALL
  SELECT format('L1 %s has %s legs and %s postings', t.reference, cardinality(t.account_ids), count(l.id))
    FROM wallets_transaction t LEFT JOIN leg l ON l.transaction_id = t.id
   GROUP BY t.id HAVING count(l.id) < 2 OR count(l.id) <> cardinality(t.account_ids)
  UNION ALL
  SELECT format('L1 %s: posting of %s', l.reference, l.amount) FROM leg l JOIN wallets_transaction t ON t.id = l.transaction_id
   WHERE l.amount = 0 OR l.amount IS DISTINCT FROM t.amounts[array_position(t.account_ids, l.account_id)]
      OR (l.currency = 'IDR' AND l.amount <> trunc(l.amount))
  UNION ALL
  SELECT format('L1 posting %s hangs in the air', id) FROM leg WHERE code IS NULL OR reference IS NULL
  UNION ALL
  SELECT format('L2 all of %s together: %s', currency, sum(balance)) FROM wallets_account
   GROUP BY currency HAVING sum(balance) <> 0
  UNION ALL
  SELECT format('L3 %s version %s at place %s: %s + %s = %s', code, version, place, prev, amount, balance_after) FROM leg
   WHERE version <> place OR prev + amount <> balance_after
  UNION ALL
  SELECT format('L3 %s says %s at version %s, its postings %s at %s', a.code, a.balance, a.version, sum(l.amount), max(l.version))
    FROM wallets_account a LEFT JOIN leg l ON l.account_id = a.id
   GROUP BY a.id
  HAVING a.balance <> coalesce(sum(l.amount), 0) OR a.version <> coalesce(max(l.version), 0)
      OR a.balance <> coalesce((array_agg(l.balance_after ORDER BY l.version DESC))[1], 0)
  UNION ALL
  SELECT format('L3 %s: time runs backwards at version %s', code, version) FROM leg WHERE created_at < earlier
  UNION ALL
  SELECT format('L4 %s holds %s, its open holds are %s', a.code, a.held, coalesce(sum(h.amount), 0))
    FROM wallets_account a LEFT JOIN wallets_hold h ON h.account_id = a.id AND h.state = 'open'
   GROUP BY a.id HAVING a.held <> coalesce(sum(h.amount), 0) OR a.held < 0
  UNION ALL
  SELECT format('L4 %s has %s available', code, balance - held) FROM wallets_account
   WHERE balance < held AND NOT (may_go_negative AND customer_id IS NULL)
  UNION ALL
  SELECT format('L5 %s: hash of version %s', code, version) FROM leg
   WHERE hash <> sha256(chain || convert_to(concat_ws('|', account_id, version, amount, balance_after,
           extract(epoch FROM created_at), ROW(transaction_id, reference, kind, hold_id, held, reverses_id, subject,
           memo, caused_by_id, extract(epoch FROM said_at))::text), 'UTF8'))
  UNION ALL
  SELECT format('L5 %s: the head is not the last hash', a.code)
    FROM wallets_account a LEFT JOIN leg l ON l.account_id = a.id AND l.version = a.version
   WHERE a.head <> coalesce(l.hash, ''::bytea)
  UNION ALL
  SELECT format('L6 reference %s stands %s times', reference, count(*)) FROM wallets_transaction
   GROUP BY reference HAVING count(*) > 1
  UNION ALL
  SELECT format('L6 hold reference %s stands %s times', reference, count(*)) FROM wallets_hold
   GROUP BY reference HAVING count(*) > 1
  UNION ALL
  SELECT format('L8 hold %s is %s with %s of %s captured by %s transactions of %s', h.reference, h.state, h.captured,
                h.amount, count(l.id), coalesce(sum(-l.amount), 0))
    FROM wallets_hold h LEFT JOIN leg l ON l.hold_id = h.id AND l.account_id = h.account_id
   GROUP BY h.id
  HAVING h.captured <> coalesce(sum(-l.amount), 0) OR h.captured NOT BETWEEN 0 AND h.amount
      OR count(l.id) <> CASE h.state WHEN 'captured' THEN 1 ELSE 0 END
      OR (h.state = 'open') <> (h.closed_at IS NULL)
  UNION ALL
  SELECT format('L9 %s reverses %s', r.reference, o.reference)
    FROM wallets_transaction r JOIN wallets_transaction o ON o.id = r.reverses_id
   WHERE o.reverses_id IS NOT NULL OR r.account_ids <> o.account_ids OR o.id >= r.id
      OR (SELECT bool_or(was <> -now) FROM unnest(o.amounts, r.amounts) AS x(was, now))
  UNION ALL
  SELECT format('L9 %s is reversed %s times', reverses_id, count(*)) FROM wallets_transaction
   WHERE reverses_id IS NOT NULL GROUP BY reverses_id HAVING count(*) > 1
)
SELECT json_build_object(
  'problems', (SELECT coalesce(json_agg(what), '[]') FROM problem),
  'accounts', (SELECT coalesce(json_object_agg(id, json_build_object(
                  'balance', balance::text, 'held', held::text, 'version', version, 'status', status,
                  'print', md5(a::text))), '{}') FROM wallets_account a),
  'holds', (SELECT coalesce(json_object_agg(reference, json_build_object(
                  'state', state, 'captured', captured::text, 'print', md5(h::text))), '{}') FROM wallets_hold h),
  'transactions', (SELECT coalesce(json_object_agg(id, md5(t::text)), '{}') FROM wallets_transaction t),
  'postings', (SELECT coalesce(json_object_agg(id, md5(p::text)), '{}') FROM wallets_posting p)
)
