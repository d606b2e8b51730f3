//! What is held at a time, as known at a position: the SQL that all questions to chains and late entries have in common.

/// What is debited and credited by then; zero where nothing was in effect.
pub const DEBITS: &str = "coalesce(c.debits, 0) + coalesce(b.debits, 0) + coalesce(l.debits, 0)";
pub const CREDITS: &str = "coalesce(c.credits, 0) + coalesce(b.credits, 0) + coalesce(l.credits, 0)";
/// Whether anything was in effect by then.
pub const IS_ANY: &str = "(c.debits IS NOT NULL OR b.debits IS NOT NULL OR l.debits IS NOT NULL)";

/// In what view, and when: all in SQL.
pub struct Moment {
    /// The view, such as `{balances}`.
    pub of: &'static str,
    pub at: &'static str,
    /// The begin of the slot of `at`.
    pub start: &'static str,
    /// The levels and buckets before it, as rows.
    pub before: &'static str,
}

/// To be joined to holdings `h`. `$1` is the ledger, `$2` what is known.
///
/// The order in `has` keeps Postgres to the index: where it takes most entries for late ones, it would look for one of the account's
/// from the table's beginning.
const JOINS: &str = "
    LEFT JOIN LATERAL (
        SELECT CASE WHEN k.position <= e.position THEN k.debits ELSE e.debits END AS debits,
               CASE WHEN k.position <= e.position THEN k.credits ELSE e.credits END AS credits
        FROM (SELECT position, debits, credits FROM {of}.chain
              WHERE ledger = $1 AND account = h.account AND currency = h.currency AND position <= $2
              ORDER BY position DESC LIMIT 1) k,
             (SELECT position, debits, credits FROM {of}.chain
              WHERE ledger = $1 AND account = h.account AND currency = h.currency AND effective <= {at}
              ORDER BY effective DESC, position DESC LIMIT 1) e
    ) c ON true
    LEFT JOIN LATERAL (
        SELECT 1 AS any FROM {of}.late
        WHERE ledger = $1 AND account = h.account AND currency = h.currency
        ORDER BY effective LIMIT 1
    ) has ON true
    LEFT JOIN LATERAL (
        SELECT sum(n.debits) AS debits, sum(n.credits) AS credits
        FROM {before} AS before (level, bucket)
        CROSS JOIN LATERAL (
            SELECT debits, credits FROM {of}.late_buckets
            WHERE ledger = $1 AND account = h.account AND currency = h.currency
              AND level = before.level AND bucket = before.bucket AND position <= $2
            ORDER BY position DESC LIMIT 1) n
        WHERE has.any = 1
    ) b ON true
    LEFT JOIN LATERAL (
        SELECT sum(n.debits) AS debits, sum(n.credits) AS credits
        FROM (SELECT DISTINCT ON (effective) debits, credits FROM {of}.late
              WHERE has.any = 1 AND ledger = $1 AND account = h.account AND currency = h.currency
                AND effective BETWEEN {start} AND {at} AND position <= $2
              ORDER BY effective, position DESC) n
    ) l ON true";

pub fn joins(moment: &Moment) -> String {
    let named =
        [("{before}", moment.before), ("{start}", moment.start), ("{at}", moment.at), ("{of}", moment.of)];
    named.into_iter().fold(JOINS.to_owned(), |sql, (name, text)| sql.replace(name, text))
}
