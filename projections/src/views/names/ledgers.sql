-- Ledgers in the order in which they were opened.
CREATE TABLE ledgers (
    number int    NOT NULL PRIMARY KEY,
    id     text   NOT NULL UNIQUE,
    since  bigint NOT NULL
);

