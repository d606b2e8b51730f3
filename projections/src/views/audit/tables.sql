-- Every record: who did or tried what, when, and what came of it. Rows are only ever added. Positions are sequences of the
-- shard; times are µs since 1970.
CREATE TABLE records (
    position  bigint NOT NULL,
    ledger    int    NOT NULL,
    recorded  bigint NOT NULL,
    effective bigint NOT NULL,
    actor     text   NOT NULL COLLATE "C",
    -- The event's name; of a refusal, the command's.
    kind      text   NOT NULL COLLATE "C",
    version   int    NOT NULL,
    key       text   NOT NULL COLLATE "C",
    -- 'recorded', 'refused', or 'unknown': a newer program wrote it, and its envelope is all that could be read.
    outcome   text   NOT NULL COLLATE "C",
    -- Of a refusal: its number and code, where in the request, and the figures behind it (JSON).
    refusal   int,
    code      text   COLLATE "C",
    pointer   text   COLLATE "C",
    figures   text   COLLATE "C",
    -- Numbers of the accounts that it touched, or would have, in their order.
    accounts  bigint[] NOT NULL,
    -- Of a refusal: paths that were no account's.
    strays    text[] NOT NULL COLLATE "C"
);

-- The same accounts, one row each, to be found by.
CREATE TABLE touched (
    ledger   int    NOT NULL,
    account  bigint NOT NULL,
    position bigint NOT NULL
);
