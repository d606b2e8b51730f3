CREATE TABLE accounts (
    ledger       int    NOT NULL,
    account      bigint NOT NULL,
    account_type text   NOT NULL,
    PRIMARY KEY (ledger, account)
);

-- An account's paths, each from the record that gave it to the one that took it.
CREATE TABLE paths (
    ledger  int    NOT NULL,
    account bigint NOT NULL,
    since   bigint NOT NULL,
    until   bigint NOT NULL,
    path    text   NOT NULL COLLATE "C",
    PRIMARY KEY (ledger, account, since)
);
CREATE INDEX paths_by_path ON paths (ledger, path);
