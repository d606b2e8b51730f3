-- How fast a build reads, and what it does beside reading: for who waits for it.

ALTER TABLE view_builds
    -- When its position was moved last.
    ADD COLUMN moved_at timestamptz,
    -- As of then, over the last seconds.
    ADD COLUMN records_per_s float8,
    -- Beside reading: making indexes, comparing.
    ADD COLUMN doing text,
    -- Since when it has the indexes that only questions need.
    ADD COLUMN indexed_at timestamptz;
