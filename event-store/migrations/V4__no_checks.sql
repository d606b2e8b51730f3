-- No CHECK constraints on the log: Postgres parses them anew for every INSERT, a fifth of what an append costs it. The writer
-- asserts what they said before it sends a row, and every reader checks it again (row.rs).

ALTER TABLE log
    DROP CONSTRAINT last_is_not_before_first,
    DROP CONSTRAINT one_shard,
    DROP CONSTRAINT tree_holds_every_record,
    DROP CONSTRAINT root_is_sha256;

COMMENT ON COLUMN log.tree_size IS
    'leaves of the Merkle tree (RFC 6962) after this row: the last sequence + 1, for the genesis row is leaf 0';

DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'log'::regclass LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS range', partition);
    END LOOP;
END
$$;

-- Partition `number` of a shard holds the rows that start in sequences number << 24 up to (number + 1) << 24.
-- CREATE, then ATTACH: `PARTITION OF` would lock the parent against appends behind one long reader.
CREATE OR REPLACE FUNCTION make_log_partition(shard int2, number bigint) RETURNS boolean LANGUAGE plpgsql AS $$
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
    EXECUTE format('CREATE TABLE %I (LIKE log INCLUDING INDEXES INCLUDING STORAGE '
                   'INCLUDING COMPRESSION, CONSTRAINT range CHECK (first >= %s AND first < %s))', name, lower, upper);
    PERFORM make_append_only(name::regclass);
    -- The writer looks for a row's predecessor in its partition by name.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexus_writer') THEN
        EXECUTE format('GRANT SELECT ON %I TO nexus_writer', name);
    END IF;
    EXECUTE format('ALTER TABLE log ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, lower, upper);
    -- It spared the ATTACH a look at every row, and the partition's bounds say the same.
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT range', name);
    RETURN true;
END
$$;
