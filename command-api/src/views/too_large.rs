//! A figure that is too large to be told, as whoever asked for it reads it.

use projections::TooLarge;

use crate::{codes, problem::Problem};

/// Each balance of an account fits 127 bits; what several come to together, or are worth, need not.
pub fn too_large(which: TooLarge) -> Problem {
    let currency = which.currency.as_str().to_owned();
    let whose =
        which.account.as_ref().map_or("a total".to_owned(), |account| format!("{:?}", account.as_str()));
    let mut problem = Problem::new(&codes::FIGURE_TOO_LARGE)
        .detail(format!("{whose} has more {currency} than can be told"));
    let account = which.account.map(|account| ("account".to_owned(), account.as_str().to_owned()));
    problem.body.figures = Some([("currency".to_owned(), currency)].into_iter().chain(account).collect());
    problem
}
