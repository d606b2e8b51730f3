//! The trial balance: every account with what it was debited and credited, and its balance on the side where it stands.

use event_schemas::AccountType;

use super::{
    Shape,
    figures::Figures,
    tree::{Part, part},
};
use crate::{TooLarge, views::balances::Balance};

/// Four columns: debits, credits, balance where debits are more, balance where credits are. Accounts in the order of their types,
/// then of their names. In each pair of columns both come to the same.
pub fn trial_balance(balances: &[Balance], shape: Shape<'_>) -> Result<Part<4>, TooLarge> {
    let mut all = Part { lines: Vec::new(), total: Figures::zero(shape.valuation) };
    for of in AccountType::ALL {
        let columns = |balance: &Balance| {
            let (debits, credits) = (balance.debits.minor, balance.credits.minor);
            [debits, credits, (debits - credits).max(0), (credits - debits).max(0)]
        };
        let of_type = balances.iter().filter(|balance| balance.account_type == of);
        let part = part(of_type.map(|balance| (balance, columns(balance))), shape)?;
        all.lines.extend(part.lines);
        all.total.add(&part.total)?;
    }
    for (currency, sums) in &all.total.amounts {
        let [debits, credits, debit_balances, credit_balances] = sums.minor;
        assert_eq!(debits, credits, "LGR-1: debits equal credits in {currency}");
        assert_eq!(debit_balances, credit_balances, "LGR-1: debits equal credits in {currency}");
    }
    Ok(all)
}
