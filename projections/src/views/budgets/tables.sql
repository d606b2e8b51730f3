-- Every word that was said about a budget: from the day `starts` on this is the plan, until a later word says otherwise for
-- a day. Only ever added to. Where a text is empty, nothing was said.
CREATE TABLE plans (
    ledger     int     NOT NULL,
    budget     text    NOT NULL COLLATE "C",
    -- The record that said it.
    since      bigint  NOT NULL,
    starts     text    NOT NULL COLLATE "C",
    -- From then on there is no plan; what follows is empty.
    is_dropped boolean NOT NULL,
    name       text    NOT NULL,
    account    text    NOT NULL,
    category   text    NOT NULL,
    direction  text    NOT NULL,
    currency   text    NOT NULL,
    amount     numeric NOT NULL,
    period     text    NOT NULL,
    ends       text    NOT NULL,
    carry_over text    NOT NULL,
    PRIMARY KEY (ledger, budget, since)
);
