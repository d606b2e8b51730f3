-- A build may have had them from the beginning.
CREATE UNIQUE INDEX IF NOT EXISTS chain_pkey ON chain (ledger, account, currency, position);
CREATE INDEX IF NOT EXISTS chain_by_effect ON chain (ledger, account, currency, effective, position);
CREATE UNIQUE INDEX IF NOT EXISTS late_pkey ON late (ledger, account, currency, effective, position);
CREATE UNIQUE INDEX IF NOT EXISTS late_buckets_pkey
    ON late_buckets (ledger, account, currency, level, bucket, position);
