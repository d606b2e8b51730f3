-- What one unit of base is worth in quote, from a time on. Only ever added to: a later record for the same time takes the place
-- of an earlier one for who knows it.
CREATE TABLE rates (
    ledger      text   NOT NULL COLLATE "C",
    base        text   NOT NULL COLLATE "C",
    quote       text   NOT NULL COLLATE "C",
    effective   bigint NOT NULL,
    position    bigint NOT NULL,
    recorded_at bigint NOT NULL,
    rate        text   NOT NULL,
    source      text,
    PRIMARY KEY (ledger, base, quote, effective, position)
);
