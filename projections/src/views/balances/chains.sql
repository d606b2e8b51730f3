-- Which currencies ever moved in an account.
CREATE TABLE holdings (
    ledger   int    NOT NULL,
    account  bigint NOT NULL,
    currency text   NOT NULL COLLATE "C",
    since    bigint NOT NULL,
    PRIMARY KEY (ledger, account, currency)
);

-- The main chain: entries that were no earlier in effect than all before them, with running totals over the chain.
CREATE TABLE chain (
    ledger    int     NOT NULL,
    account   bigint  NOT NULL,
    currency  text    NOT NULL COLLATE "C",
    position  bigint  NOT NULL,
    effective bigint  NOT NULL,
    debits    numeric NOT NULL,
    credits   numeric NOT NULL
);

-- Entries that came late, with running totals over all of the same effective time.
CREATE TABLE late (
    ledger    int     NOT NULL,
    account   bigint  NOT NULL,
    currency  text    NOT NULL COLLATE "C",
    effective bigint  NOT NULL,
    position  bigint  NOT NULL,
    debits    numeric NOT NULL,
    credits   numeric NOT NULL
);

-- The same entries once per level of a radix tree over effective time, with running totals over each bucket.
CREATE TABLE late_buckets (
    ledger    int     NOT NULL,
    account   bigint  NOT NULL,
    currency  text    NOT NULL COLLATE "C",
    level     int2    NOT NULL,
    bucket    bigint  NOT NULL,
    position  bigint  NOT NULL,
    debits    numeric NOT NULL,
    credits   numeric NOT NULL
);
