-- Folded state by position: a cache of the log, deleted and made again at will.

CREATE TABLE snapshots (
    shard       int2        NOT NULL,
    sequence    bigint      NOT NULL,
    -- State format and digest of a golden fold: another program's snapshot is not read.
    fingerprint text        NOT NULL,
    digest      bytea       NOT NULL,
    size        bigint      NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, sequence, fingerprint)
);

CREATE TABLE snapshot_chunks (
    shard       int2   NOT NULL,
    sequence    bigint NOT NULL,
    fingerprint text   NOT NULL,
    number      int    NOT NULL,
    bytes       bytea  NOT NULL,
    PRIMARY KEY (shard, sequence, fingerprint, number),
    FOREIGN KEY (shard, sequence, fingerprint) REFERENCES snapshots ON DELETE CASCADE
);

DO $$
BEGIN
    ALTER TABLE snapshot_chunks ALTER COLUMN bytes SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL; -- V1 has said it
END
$$;
