-- Transactions, also those that reverse others. Positions are sequences of the shard; times are µs since 1970. A row never
-- changes: what is known of later records (by which a transaction was reversed) is looked up by their position.
CREATE TABLE transactions (
    position    bigint NOT NULL,
    -- When it happened, and when it was recorded. In one ledger, positions are in the order of `recorded`.
    effective   bigint NOT NULL,
    recorded    bigint NOT NULL,
    -- The position of the transaction that this one reverses.
    reverses    bigint,
    ledger      int    NOT NULL,
    -- 'posted' or 'reversal'.
    kind        text   NOT NULL COLLATE "C",
    -- Its key: its id in its ledger.
    id          text   NOT NULL COLLATE "C",
    actor       text   NOT NULL COLLATE "C",
    description text   COLLATE "C",
    reference   text   COLLATE "C",
    metadata    jsonb,
    -- What it is found by: each is its ledger's number, a letter, and a value, such as '1w:rent'. The letters: w a word of the
    -- description, the reference or a memo; c an entry's category; t an entry's tag; r the reference; m 'name=value' of the
    -- metadata. Long values are cut. NULL: nothing of the kind.
    terms       text[] COLLATE "C",
    PRIMARY KEY (ledger, position)
);
CREATE INDEX transactions_by_effect ON transactions (ledger, effective, position);
CREATE INDEX transactions_by_id ON transactions USING hash (id);
CREATE INDEX transactions_by_reversed ON transactions (ledger, reverses) WHERE reverses IS NOT NULL;
-- Of more terms than usual it is known how frequent they are.
ALTER TABLE transactions ALTER COLUMN terms SET STATISTICS 300;
-- Rows stand in the order of `recorded`, so that this one is small and costs next to nothing.
CREATE INDEX transactions_by_record ON transactions USING brin (recorded)
    WITH (pages_per_range = 32, autosummarize = on);
-- The list of what is not sorted in yet is read by every search, so it is kept short.
CREATE INDEX transactions_by_term ON transactions USING gin (terms)
    WITH (gin_pending_list_limit = 512) WHERE terms IS NOT NULL;

-- The entries of transactions: one row per debit or credit. A statement (the entries of an account that took effect in a range,
-- as known at a position, in order) is one range of entries_by_account.
CREATE TABLE entries (
    position  bigint   NOT NULL,
    -- The transaction's time of effect, repeated for the index.
    effective bigint   NOT NULL,
    account   bigint   NOT NULL,
    ledger    int      NOT NULL,
    -- Its place in its transaction, from 0.
    leg       smallint NOT NULL,
    is_debit  boolean  NOT NULL,
    -- No entry before it in its transaction has the same currency and amount.
    leads     boolean  NOT NULL,
    currency  text     NOT NULL COLLATE "C",
    -- More than zero, with as many decimals as the currency had.
    amount    numeric  NOT NULL,
    category  text     COLLATE "C",
    memo      text     COLLATE "C",
    tags      text[]   COLLATE "C",
    PRIMARY KEY (position, leg)
);
CREATE INDEX entries_by_account ON entries (ledger, account, effective, position, leg);
CREATE INDEX entries_by_amount ON entries (ledger, currency, amount) WHERE leads;
