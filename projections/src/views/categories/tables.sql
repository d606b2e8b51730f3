-- What of a category is in an account, numbered in the order in which they met. In the tables of chains a pot's number stands
-- where an account's would.
CREATE TABLE pots (
    ledger       int    NOT NULL,
    pot          bigint NOT NULL,
    account      bigint NOT NULL,
    category     text   NOT NULL COLLATE "C",
    account_type text   NOT NULL,
    since        bigint NOT NULL,
    PRIMARY KEY (ledger, pot)
);
CREATE UNIQUE INDEX pots_by_category ON pots (ledger, category, account);

