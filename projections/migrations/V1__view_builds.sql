-- Which views there are, and how far each has read the log. A build's rows and its position move in one transaction.

CREATE TABLE view_builds (
    name            text        NOT NULL,
    version         int         NOT NULL CHECK (version > 0),
    -- Counts the times that this version was built. Its tables are in the schema view_<name>_<version>_<build>.
    build           int         NOT NULL CHECK (build > 0),
    shard           int2        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('building', 'live', 'retired', 'differs')),
    -- The last record that was folded, as a sequence of the shard.
    position        bigint      NOT NULL DEFAULT 0 CHECK (position >= 0),
    -- When that record was recorded, in µs since 1970: how old the view is.
    recorded_at     bigint,
    -- The record that the view cannot fold, and why. It goes on when this is taken away.
    halted_at       bigint,
    halted_reason   text,
    -- Position at which it was found equal to the build that was live then.
    compared_at     bigint,
    made_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version, build, shard),
    CHECK ((halted_at IS NULL) = (halted_reason IS NULL))
);

CREATE UNIQUE INDEX one_live_build ON view_builds (name, version, shard) WHERE state = 'live';

COMMENT ON TABLE view_builds IS 'Views can be thrown away: they are folded from the log anew.';
