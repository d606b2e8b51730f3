CREATE INDEX IF NOT EXISTS chain_by_effect ON chain (ledger, account, currency, effective, position);
