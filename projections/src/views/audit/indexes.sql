ALTER TABLE records ADD PRIMARY KEY (ledger, position);
ALTER TABLE touched ADD PRIMARY KEY (ledger, account, position);
CREATE INDEX records_by_actor ON records (ledger, actor, position);
-- Nearly every record is a posting: those are found fast enough one by one.
CREATE INDEX records_by_kind ON records (ledger, kind, position) WHERE kind <> 'transaction_posted';
CREATE INDEX records_by_outcome ON records (ledger, outcome, position) WHERE outcome <> 'recorded';
