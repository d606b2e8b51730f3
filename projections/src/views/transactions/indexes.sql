-- A build may have had them from the beginning.
CREATE UNIQUE INDEX IF NOT EXISTS transactions_pkey ON transactions (ledger, position);
CREATE INDEX IF NOT EXISTS transactions_by_effect ON transactions (ledger, effective, position);
CREATE INDEX IF NOT EXISTS transactions_by_id ON transactions USING hash (id);
CREATE INDEX IF NOT EXISTS transactions_by_reversed ON transactions (ledger, reverses) WHERE reverses IS NOT NULL;
-- Rows stand in the order of `recorded`, so that this one is small and costs next to nothing.
CREATE INDEX IF NOT EXISTS transactions_by_record ON transactions USING brin (recorded)
    WITH (pages_per_range = 32, autosummarize = on);
-- The list of what is not sorted in yet is read by every search, so it is kept short.
CREATE INDEX IF NOT EXISTS transactions_by_term ON transactions USING gin (terms)
    WITH (gin_pending_list_limit = 512) WHERE terms IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS entries_pkey ON entries (position, leg);
CREATE INDEX IF NOT EXISTS entries_by_account ON entries (ledger, account, effective, position, leg);
CREATE INDEX IF NOT EXISTS entries_by_amount ON entries (ledger, currency, amount) WHERE leads;
