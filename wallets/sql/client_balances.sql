-- Clients have balances of their own. As with a wallet, none of them may ever go below zero.
CREATE OR REPLACE FUNCTION ledger_check_account() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.currency NOT IN ('IDR', 'SLE', 'USD') OR NEW.status NOT IN ('open', 'frozen', 'closed')
     OR (NEW.may_go_negative AND (NEW.customer_id IS NOT NULL OR NEW.client_id IS NOT NULL))
     OR (NEW.customer_id IS NOT NULL AND NEW.client_id IS NOT NULL)
     OR (NEW.is_sandbox AND NEW.client_id IS NULL)
     OR (NEW.status = 'closed' AND (NEW.balance <> 0 OR NEW.held <> 0)) THEN
    RAISE EXCEPTION 'account % cannot be like this', NEW.code USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

DROP TRIGGER ledger_account_shape ON wallets_account;
CREATE TRIGGER ledger_account_shape
  AFTER INSERT OR UPDATE OF code, currency, customer_id, client_id, is_sandbox, may_go_negative, status
  ON wallets_account FOR EACH ROW EXECUTE FUNCTION ledger_check_account();
