-- The log. One row = one batch of records = one commit. Positions are shard << 48 | sequence.

-- Written by take-over alone: who holds the current epoch may append.
CREATE TABLE shards (
    shard int2   PRIMARY KEY CHECK (shard >= 0),
    epoch bigint NOT NULL,
    -- The server that raised it, at random: tells a server whose answer got lost that it was itself.
    owner uuid
);

CREATE TABLE log (
    first       bigint      NOT NULL PRIMARY KEY,
    last        bigint      NOT NULL,
    epoch       bigint      NOT NULL,
    tree_size   bigint      NOT NULL,
    root        bytea       NOT NULL,
    recorded_at timestamptz NOT NULL,
    records     bytea       NOT NULL,
    CONSTRAINT last_is_not_before_first CHECK (last >= first),
    CONSTRAINT one_shard CHECK (first >> 48 = last >> 48),
    -- Leaf n of the tree is the record with sequence n; the genesis row is leaf 0.
    CONSTRAINT tree_holds_every_record CHECK (tree_size = (last & 281474976710655) + 1),
    CONSTRAINT root_is_sha256 CHECK (octet_length(root) = 32)
) PARTITION BY RANGE (first);

COMMENT ON TABLE log IS 'Append-only. Read it through the view events.';
COMMENT ON COLUMN log.first IS 'position of the first record: shard << 48 | sequence';
COMMENT ON COLUMN log.tree_size IS 'leaves of the Merkle tree (RFC 6962) after this row';
COMMENT ON COLUMN log.root IS 'root of that tree';
COMMENT ON COLUMN log.records IS 'one JSON line per record, UTF-8, separated by a newline, none at the end';

DO $$
BEGIN
    ALTER TABLE log ALTER COLUMN records SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE WARNING 'this Postgres is built without lz4: the log is compressed with pglz, which is three times slower';
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

-- A trigger on the parent is bypassed by statements on a partition: each has its own.
-- ALWAYS: session_replication_role does not switch it off.
CREATE FUNCTION make_append_only(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', relation);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', relation);
END
$$;

SELECT make_append_only('log');

-- Partition `number` of a shard holds the rows that start in sequences number << 24 up to (number + 1) << 24.
-- CREATE, then ATTACH: `PARTITION OF` would lock the parent against appends behind one long reader.
CREATE FUNCTION make_log_partition(shard int2, number bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name  text   := format('log_%s_%s', shard, number);
    lower bigint := (shard::bigint << 48) | (number << 24);
    upper bigint := lower + (1 << 24);
BEGIN
    -- One maker at a time; the number is "log" in ASCII.
    PERFORM pg_advisory_xact_lock(7106407);
    -- Not to_regclass(): who has waited for the lock would look into its cache of before.
    IF EXISTS (SELECT FROM pg_class WHERE relname = name
               AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'log'::regclass)) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE log INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE '
                   'INCLUDING COMPRESSION, CONSTRAINT range CHECK (first >= %s AND first < %s))', name, lower, upper);
    PERFORM make_append_only(name::regclass);
    -- The writer looks for a row's predecessor in its partition by name.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexus_writer') THEN
        EXECUTE format('GRANT SELECT ON %I TO nexus_writer', name);
    END IF;
    EXECUTE format('ALTER TABLE log ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, lower, upper);
    RETURN true;
END
$$;
