-- The log as people read it: one row per record.

CREATE VIEW events AS
SELECT
    position.shard || ':' || position.sequence                                        AS position,
    position.shard,
    position.sequence,
    line.text::json ->> 'type'                                                        AS type,
    line.text::json ->> 'ledger'                                                      AS ledger,
    line.text::json ->> 'key'                                                         AS key,
    line.text::json ->> 'actor'                                                       AS actor,
    timestamptz 'epoch' + (line.text::json ->> 'recorded_at')::bigint * interval '1 microsecond'  AS recorded_at,
    timestamptz 'epoch' + (line.text::json ->> 'effective_at')::bigint * interval '1 microsecond' AS effective_at,
    -- json and not jsonb: the text stays as it was stored, byte for byte.
    line.text::json                                                                   AS record,
    convert_to(line.text, 'UTF8')                                                     AS bytes,
    sha256('\x00'::bytea || convert_to(line.text, 'UTF8'))                            AS leaf,
    log.epoch,
    log.first                                                                         AS row_first,
    log.last                                                                          AS row_last
FROM log
CROSS JOIN LATERAL string_to_table(convert_from(log.records, 'UTF8'), E'\n') WITH ORDINALITY AS line (text, number)
CROSS JOIN LATERAL (SELECT (log.first >> 48)::int AS shard,
                           (log.first & 281474976710655) + line.number - 1 AS sequence) AS position;

COMMENT ON VIEW events IS
    'Every record of the log. Unordered unless you say ORDER BY shard, sequence. Reads the whole log; for a few records use events_between().';
COMMENT ON COLUMN events.bytes IS 'the record as stored and hashed';
COMMENT ON COLUMN events.leaf IS 'its leaf in the Merkle tree: SHA-256(0x00 || bytes)';

-- A stretch of one shard, by the index: from and to inclusive, in order.
CREATE FUNCTION events_between(of_shard int, from_sequence bigint, to_sequence bigint) RETURNS SETOF events
LANGUAGE sql STABLE ROWS 1000 AS $$
    SELECT e.* FROM events e
    WHERE e.row_first <= (of_shard::bigint << 48 | to_sequence)
      AND e.row_first >= (SELECT max(l.first) FROM log l
                          WHERE l.first BETWEEN of_shard::bigint << 48 AND (of_shard::bigint << 48 | from_sequence))
      AND e.sequence BETWEEN from_sequence AND to_sequence
    ORDER BY e.sequence
$$;
