//! The question that the audit answers: which records, newest first.

use std::collections::BTreeMap;

use event_schemas::{AccountNumber, AccountPath, LedgerId, Sequence, Ts};
use tokio_postgres::types::ToSql;

use crate::{ViewError, builds::to_i64, reader::Reader};

/// Which records of a ledger. Each part narrows what is found.
#[derive(Debug, Clone)]
pub struct Ask {
    pub ledger: LedgerId,
    pub actor: Option<String>,
    /// It, or a refused command, named this account. A path of before a renaming is understood.
    pub account: Option<AccountPath>,
    /// Names of events, and of commands that were refused. None: all.
    pub kinds: Vec<String>,
    pub outcome: Option<Outcome>,
    /// Recorded after this one.
    pub after: Sequence,
    /// Up to this one: the account is looked for as of it.
    pub until: Sequence,
    /// Older than this one: the last of the page before.
    pub before: Option<Sequence>,
    pub limit: usize,
}

/// What came of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    #[default]
    Recorded,
    Refused,
    /// A newer program wrote it.
    Unknown,
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The ledger had no account of this path then.
    NoAccount(AccountPath),
    Known(Page),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Newest first.
    pub lines: Vec<Line>,
    /// There are older ones.
    pub has_more: bool,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub sequence: Sequence,
    pub recorded_at: Ts,
    pub effective_at: Ts,
    pub actor: String,
    pub kind: String,
    pub version: u16,
    pub key: String,
    pub outcome: Outcome,
    pub refused: Option<Refused>,
    pub accounts: Vec<Account>,
    /// Paths that a refused command named, and that were no account's.
    pub strays: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub number: u16,
    pub code: String,
    pub pointer: Option<String>,
    pub figures: BTreeMap<String, String>,
}

/// An account as it was called then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub number: AccountNumber,
    /// `None`: a newer program opened it.
    pub path: Option<String>,
}

impl Outcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Recorded => "recorded",
            Outcome::Refused => "refused",
            Outcome::Unknown => "unknown",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Outcome> {
        [Outcome::Recorded, Outcome::Refused, Outcome::Unknown].into_iter().find(|o| o.as_str() == text)
    }
}

/// Of which nearly every record is; the index of the others says so.
const USUAL_KIND: &str = "transaction_posted";

const LINES: &str = "
    SELECT r.position, r.recorded, r.effective, r.actor, r.kind, r.version, r.key, r.outcome,
           r.refusal, r.code, r.pointer, r.figures, r.accounts, r.strays,
           (SELECT array_agg(p.path ORDER BY a.n)
            FROM unnest(r.accounts) WITH ORDINALITY AS a (account, n)
            LEFT JOIN {audit}.paths p ON p.ledger = r.ledger AND p.account = a.account
                 AND p.since <= r.position AND p.until > r.position)
    FROM (SELECT r.* FROM $from WHERE $where ORDER BY $order DESC LIMIT $2) r ORDER BY r.position DESC";

/// Reads a page of them.
pub async fn ask(reader: &Reader, ask: &Ask) -> Result<Answer, ViewError> {
    let ledger =
        reader.query("SELECT number FROM {audit}.ledgers WHERE id = $1", &[&ask.ledger.as_str()]).await?;
    let Some(ledger) = ledger.first().map(|row| row.get::<_, i32>(0)) else {
        return Ok(Answer::Known(Page::default()));
    };
    let account: Option<i64> = match &ask.account {
        None => None,
        Some(path) => match account_of(reader, ledger, path, ask.until).await? {
            None => return Ok(Answer::NoAccount(path.clone())),
            found => found,
        },
    };
    // One more than is wanted tells whether there are more.
    let limit = i64::try_from(ask.limit).unwrap_or(i64::MAX).saturating_add(1);
    let before = ask.before.map(|before| Sequence(before.0.saturating_sub(1)));
    let (after, until) = (to_i64(ask.after), to_i64(before.unwrap_or(ask.until).min(ask.until)));
    let outcome = ask.outcome.map(Outcome::as_str);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&ledger, &limit, &after, &until];
    let by = if account.is_some() { "t" } else { "r" };
    let mut conditions = vec![format!("{by}.ledger = $1 AND {by}.position > $3 AND {by}.position <= $4")];
    if let Some(account) = &account {
        parameters.push(account);
        conditions.push(format!("t.account = ${}", parameters.len()));
    }
    if let Some(actor) = &ask.actor {
        parameters.push(actor);
        conditions.push(format!("r.actor = ${}", parameters.len()));
    }
    if !ask.kinds.is_empty() {
        parameters.push(&ask.kinds);
        conditions.push(format!("r.kind = ANY (${})", parameters.len()));
        if ask.kinds.iter().all(|kind| kind != USUAL_KIND) {
            conditions.push(format!("r.kind <> '{USUAL_KIND}'"));
        }
    }
    if let Some(outcome) = &outcome {
        parameters.push(outcome);
        conditions.push(format!("r.outcome = ${}", parameters.len()));
        if ask.outcome != Some(Outcome::Recorded) {
            conditions.push("r.outcome <> 'recorded'".to_owned());
        }
    }
    let from = match account {
        Some(_) => "{audit}.touched t JOIN {audit}.records r USING (ledger, position)",
        None => "{audit}.records r",
    };
    let sql = LINES
        .replace("$from", from)
        .replace("$where", &conditions.join(" AND "))
        .replace("$order", &format!("{by}.position"));
    let rows = reader.query(&sql, &parameters).await?;
    let has_more = rows.len() > ask.limit;
    let lines = rows.iter().take(ask.limit).map(line).collect();
    Ok(Answer::Known(Page { lines, has_more }))
}

async fn account_of(
    reader: &Reader,
    ledger: i32,
    path: &AccountPath,
    known: Sequence,
) -> Result<Option<i64>, ViewError> {
    let sql = "SELECT account FROM {audit}.paths
               WHERE ledger = $1 AND path = $2 AND since <= $3 ORDER BY since DESC LIMIT 1";
    let rows = reader.query(sql, &[&ledger, &path.as_str(), &to_i64(known)]).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

fn line(row: &tokio_postgres::Row) -> Line {
    let refused = row.get::<_, Option<i32>>(8).map(|number| Refused {
        number: u16::try_from(number).expect("written by this view"),
        code: row.get::<_, Option<String>>(9).unwrap_or_default(),
        pointer: row.get(10),
        figures: row
            .get::<_, Option<&str>>(11)
            .map(|figures| serde_json::from_str(figures).expect("written by this view"))
            .unwrap_or_default(),
    });
    let paths: Option<Vec<Option<String>>> = row.get(14);
    let accounts = row.get::<_, Vec<i64>>(12).into_iter().zip(paths.unwrap_or_default());
    Line {
        sequence: Sequence(u64::try_from(row.get::<_, i64>(0)).expect("written by this view")),
        recorded_at: Ts(row.get(1)),
        effective_at: Ts(row.get(2)),
        actor: row.get(3),
        kind: row.get(4),
        version: u16::try_from(row.get::<_, i32>(5)).expect("written by this view"),
        key: row.get(6),
        outcome: Outcome::parse(row.get(7)).expect("written by this view"),
        refused,
        accounts: accounts
            .map(|(number, path)| Account {
                number: AccountNumber(u32::try_from(number).expect("written by this view")),
                path,
            })
            .collect(),
        strays: row.get(13),
    }
}
