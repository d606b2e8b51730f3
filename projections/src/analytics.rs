//! Where money came from and went, what there is, and how two months compare: questions to the balances and the categories.
//!
//! What moved in a period is the difference of two sums, so all of these take one or two queries and no tables of their own. All are
//! as of one position, and cost two look-ups per account, currency and time.

mod cash_flow;
mod result;
mod worth;

pub use cash_flow::{CashFlow, cash_flow};
pub use result::{Group, Line, result};
pub use worth::{Worth, net_worth};

use event_schemas::{AssetCode, Direction, Quantity, Sequence, Ts};

use crate::{
    TooLarge,
    views::balances::{Totals, series::Sum},
};

/// What all questions have in common.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub ledger: &'a event_schemas::LedgerId,
    pub known_at: Sequence,
}

/// Entries take effect after the first, and no later than the second.
pub type Interval = (Ts, Ts);

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// The ledger was not there then.
    NoLedger,
    /// No account had this path then, and none was below it.
    NoAccount(event_schemas::AccountPath),
    Known(T),
}

/// The times at which sums are needed, each once.
struct Times(Vec<Ts>);

impl Times {
    fn of(intervals: &[Interval]) -> Times {
        let mut times: Vec<Ts> = intervals.iter().flat_map(|(after, until)| [*after, *until]).collect();
        times.sort_unstable();
        times.dedup();
        Times(times)
    }

    fn place(&self, time: Ts) -> usize {
        self.0.binary_search(&time).expect("it is an interval's end")
    }
}

/// Debits less credits of groups, at times.
struct Nets(std::collections::BTreeMap<(usize, i32, AssetCode), Quantity>);

impl Nets {
    fn of(sums: &[Sum]) -> Nets {
        Nets(sums.iter().map(|sum| ((sum.time, sum.group, sum.currency), net(sum.totals))).collect())
    }

    /// What a group moved between two times, in the currencies in which that is not zero.
    fn moved(
        &self,
        (after, until): (usize, usize),
        group: i32,
    ) -> Result<Vec<(AssetCode, Quantity)>, TooLarge> {
        let mut moved = Vec::new();
        for (currency, by_end) in self.at(until, group) {
            let before = self.0.get(&(after, group, currency)).map_or(0, |net| net.minor);
            let minor = by_end.minor.checked_sub(before).ok_or(TooLarge::total(currency))?;
            if minor != 0 {
                moved.push((currency, Quantity::new(minor, by_end.scale)));
            }
        }
        Ok(moved)
    }

    /// Of one group, by currency.
    fn at(&self, time: usize, group: i32) -> Vec<(AssetCode, Quantity)> {
        let first = AssetCode::parse("A").expect("the first of all codes");
        let from = self.0.range((time, group, first)..);
        let ours = from.take_while(|((t, g, _), _)| (*t, *g) == (time, group));
        ours.map(|((.., currency), net)| (*currency, *net)).collect()
    }
}

/// Neither side is negative, so the difference fits.
fn net(totals: Totals) -> Quantity {
    Quantity::new(totals.debits.minor - totals.credits.minor, totals.debits.scale)
}

/// On the side on which it is positive.
fn on_side(side: Direction, currency: AssetCode, net: Quantity) -> Result<Quantity, TooLarge> {
    match side {
        Direction::Debit => Ok(net),
        Direction::Credit => {
            let minor = net.minor.checked_neg().ok_or(TooLarge::total(currency))?;
            Ok(Quantity::new(minor, net.scale))
        }
    }
}
