-- Plain double-entry tables as a good engineer would lay them out: the balance beside the account, room on each page
-- for updates in place (HOT), and the client's key as the primary key, so that a repeat posts nothing.
CREATE TABLE account (
    id      integer PRIMARY KEY,
    balance bigint  NOT NULL,
    floor   bigint  NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE transfer (
    id          uuid        PRIMARY KEY,
    payer       integer     NOT NULL,
    payee       integer     NOT NULL,
    amount      bigint      NOT NULL CHECK (amount > 0),
    currency    text        NOT NULL,
    description text        NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO account (id, balance, floor)
SELECT id, 100000000000, 0 FROM generate_series(0, $ACCOUNTS - 1) AS id;

-- One transfer: both rows locked in the order of their ids (no deadlocks), the floor checked, one row inserted, two updated.
CREATE FUNCTION post_transfer(key uuid, payer_id integer, payee_id integer, cents bigint, note text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    available bigint;
BEGIN
    PERFORM FROM account WHERE id IN (payer_id, payee_id) ORDER BY id FOR NO KEY UPDATE;
    SELECT balance - floor INTO STRICT available FROM account WHERE id = payer_id;
    IF available < cents THEN
        RETURN false;
    END IF;
    INSERT INTO transfer (id, payer, payee, amount, currency, description)
    VALUES (key, payer_id, payee_id, cents, 'EUR', note) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        UPDATE account SET balance = balance - cents WHERE id = payer_id;
        UPDATE account SET balance = balance + cents WHERE id = payee_id;
    END IF;
    RETURN true;
END
$$;

-- Many transfers: all rows locked in order by one statement, then set-based. Where an account could fall below its floor
-- at some point of the batch, each is tried in turn instead. Answers how many were posted.
CREATE FUNCTION post_transfers(keys uuid[], payers integer[], payees integer[], cents bigint[], notes text[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    posted bigint;
BEGIN
    PERFORM FROM account WHERE id = ANY (payers || payees) ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM (SELECT payer, sum(amount) AS paid FROM unnest(payers, cents) AS t (payer, amount) GROUP BY payer) p
        JOIN account ON account.id = p.payer WHERE account.balance - p.paid < account.floor
    ) THEN
        SELECT count(*) FILTER (WHERE post_transfer(key, payer, payee, amount, note)) INTO posted
        FROM unnest(keys, payers, payees, cents, notes) AS t (key, payer, payee, amount, note);
        RETURN posted;
    END IF;
    WITH inserted AS (
        INSERT INTO transfer (id, payer, payee, amount, currency, description)
        SELECT key, payer, payee, amount, 'EUR', note
        FROM unnest(keys, payers, payees, cents, notes) AS t (key, payer, payee, amount, note)
        ON CONFLICT DO NOTHING RETURNING payer, payee, amount
    ), change AS (
        SELECT id, sum(amount) AS amount
        FROM (SELECT payer AS id, -amount AS amount FROM inserted UNION ALL SELECT payee, amount FROM inserted) AS side
        GROUP BY id
    ), updated AS (
        UPDATE account SET balance = balance + change.amount FROM change WHERE account.id = change.id
    )
    SELECT count(*) INTO posted FROM inserted;
    RETURN posted;
END
$$;
