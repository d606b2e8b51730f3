-- Not in the log's tables: who takes the log away does not take the key to its request hashes along.
CREATE TABLE door.secrets (
    name   text PRIMARY KEY,
    secret bytea NOT NULL CHECK (octet_length(secret) = 32)
);
