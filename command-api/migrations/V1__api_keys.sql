CREATE SCHEMA IF NOT EXISTS door;

-- The secret itself is nowhere; `hash` is its SHA-256. Keys are revoked, never deleted: records name them as actors.
CREATE TABLE door.api_keys (
    id         text PRIMARY KEY CHECK (id ~ '^[a-z0-9]{1,32}$'),
    name       text NOT NULL,
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    scopes     text[] NOT NULL CHECK (cardinality(scopes) > 0),
    ledgers    text[] NOT NULL CHECK (cardinality(ledgers) > 0), -- '*' = all
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
