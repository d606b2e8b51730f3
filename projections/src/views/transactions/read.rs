//! Whole transactions, with their entries and what they have to do with each other.

use std::collections::HashMap;

use event_schemas::{AccountNumber, AccountPath, AssetCode, Direction, Quantity, Sequence, Ts};

use crate::{ViewError, reader::Reader};

/// A transaction as it was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub sequence: Sequence,
    pub id: String,
    pub effective: Ts,
    pub recorded: Ts,
    pub actor: String,
    pub kind: String,
    pub description: Option<String>,
    pub reference: Option<String>,
    /// A JSON object of strings.
    pub metadata: Option<String>,
    /// The transaction that it reverses, and the one that reversed it.
    pub reverses: Option<Link>,
    pub reversed_by: Option<Link>,
    pub entries: Vec<Entry>,
}

/// Another transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub sequence: Sequence,
    pub id: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub number: AccountNumber,
    /// Its path as it was known.
    pub account: AccountPath,
    pub direction: Direction,
    pub amount: Quantity,
    pub currency: AssetCode,
    pub category: Option<String>,
    pub memo: Option<String>,
    pub tags: Vec<String>,
}

const TRANSACTIONS: &str = "
    SELECT t.position, t.id, t.effective, t.recorded, t.actor, t.kind, t.description, t.reference, t.metadata::text,
           o.position, o.id, r.position, r.id
    FROM unnest($3::bigint[]) WITH ORDINALITY AS k (position, n)
    JOIN {transactions}.transactions t ON t.ledger = $1 AND t.position = k.position
    LEFT JOIN {transactions}.transactions o ON o.ledger = $1 AND o.position = t.reverses
    LEFT JOIN LATERAL (
        SELECT r.position, r.id FROM {transactions}.transactions r
        WHERE r.ledger = $1 AND r.reverses = t.position AND r.position <= $2
        ORDER BY r.position LIMIT 1
    ) r ON true
    ORDER BY k.n";

const ENTRIES: &str = "
    SELECT e.position, e.account, p.path, e.is_debit, e.amount::text, e.currency, e.category, e.memo, e.tags
    FROM {transactions}.entries e
    JOIN {transactions}.paths p
        ON p.ledger = $1 AND p.account = e.account AND p.since <= $2 AND p.until > $2
    WHERE e.position = ANY ($3)
    ORDER BY e.position, e.leg";

/// Those at the positions, in their order.
pub async fn transactions(
    reader: &Reader,
    ledger: i32,
    known: i64,
    positions: &[i64],
) -> Result<Vec<Transaction>, ViewError> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let mut entries: HashMap<i64, Vec<Entry>> = HashMap::with_capacity(positions.len());
    for row in reader.query(ENTRIES, &[&ledger, &known, &positions]).await? {
        let direction = if row.get(3) { Direction::Debit } else { Direction::Credit };
        let entry = Entry {
            number: AccountNumber(u32::try_from(row.get::<_, i64>(1)).expect("written by this view")),
            account: AccountPath::parse(row.get(2)).expect("written by this view"),
            direction,
            amount: Quantity::parse(row.get(4)).expect("written by this view"),
            currency: AssetCode::parse(row.get(5)).expect("written by this view"),
            category: row.get(6),
            memo: row.get(7),
            tags: row.get::<_, Option<Vec<String>>>(8).unwrap_or_default(),
        };
        entries.entry(row.get(0)).or_default().push(entry);
    }
    let rows = reader.query(TRANSACTIONS, &[&ledger, &known, &positions]).await?;
    let link = |row: &tokio_postgres::Row, at: usize| {
        let position: Option<i64> = row.get(at);
        position.map(|position| Link { sequence: sequence(position), id: row.get(at + 1) })
    };
    let transactions = rows.iter().map(|row| Transaction {
        sequence: sequence(row.get(0)),
        id: row.get(1),
        effective: Ts(row.get(2)),
        recorded: Ts(row.get(3)),
        actor: row.get(4),
        kind: row.get(5),
        description: row.get(6),
        reference: row.get(7),
        metadata: row.get(8),
        reverses: link(row, 9),
        reversed_by: link(row, 11),
        entries: entries.remove(&row.get(0)).unwrap_or_default(),
    });
    Ok(transactions.collect())
}

pub fn sequence(position: i64) -> Sequence {
    Sequence(u64::try_from(position).expect("written by this view"))
}

/// The number of a ledger that was there.
pub async fn ledger(reader: &Reader, id: &str, known: i64) -> Result<Option<i32>, ViewError> {
    let sql = "SELECT number FROM {transactions}.ledgers WHERE id = $1 AND since <= $2";
    let rows = reader.query(sql, &[&id, &known]).await?;
    Ok(rows.first().map(|row| row.get(0)))
}
