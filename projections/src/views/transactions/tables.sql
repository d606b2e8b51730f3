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
    terms       text[] COLLATE "C"
);
-- Of more terms than usual it is known how frequent they are.
ALTER TABLE transactions ALTER COLUMN terms SET STATISTICS 300;

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
    tags      text[]   COLLATE "C"
);
