//! Goes through a journal by date: amounts that were left out are found, asserted balances are checked.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    fault::{Fault, Faults, Place},
    infer::{Group, Scales, Sums, TooLarge, add},
    model::{Amount, Assertion, Book, Check, Item, Journal, Kind, Pad, Posting, Transaction},
    source::Format,
};

/// A transaction whose every amount is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    pub transaction: Transaction,
    /// In the order of its postings. A posting whose amount was inferred may have several, or none.
    pub moves: Vec<Move>,
    pub expects: Vec<Expect>,
}

/// Money on an account: positive raises its debits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Its place in the transaction.
    pub posting: usize,
    pub amount: Amount,
}

/// What an account must hold before its transaction's part in a book, so that an asserted balance comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    pub book: Book,
    pub account: String,
    pub amount: Amount,
}

/// What each account holds.
#[derive(Debug, Default)]
struct Held(BTreeMap<String, Sums>);

struct Runner<'a> {
    format: Format,
    scales: &'a Scales,
    held: Held,
    /// Beancount's `pad`s that wait for a check, and the commodities that they have filled.
    pads: BTreeMap<String, (Pad, Vec<String>)>,
    settled: Vec<Settled>,
}

/// Settles all transactions, in the order of their dates; those of one day as they are written.
pub fn settle(journal: &mut Journal, scales: &Scales) -> Result<Vec<Settled>, Faults> {
    let mut items = std::mem::take(&mut journal.items);
    items.sort_by_key(|item| (item.date(), !matches!(item, Item::Check(_))));
    let mut runner = Runner {
        format: journal.format,
        scales,
        held: Held::default(),
        pads: BTreeMap::new(),
        settled: Vec::with_capacity(items.len()),
    };
    let mut faults = Vec::new();
    for item in items {
        let done = match item {
            Item::Transaction(transaction) => runner.transaction(*transaction),
            Item::Check(check) => runner.check(&check),
            Item::Pad(pad) => {
                runner.pads.insert(pad.account.clone(), (pad, Vec::new()));
                Ok(())
            }
        };
        faults.extend(done.err());
    }
    Faults(faults).none()?;
    Ok(runner.settled)
}

impl Held {
    fn add(&mut self, account: &str, amount: &Amount) -> Result<(), TooLarge> {
        add(self.0.entry(account.to_owned()).or_default(), &amount.commodity, amount.number)
    }

    fn of(&self, account: &str, commodity: &str) -> Decimal {
        self.0.get(account).and_then(|sums| sums.get(commodity)).copied().unwrap_or_default()
    }

    /// Everything that an account holds, with the accounts below it where `inclusive`.
    fn all(&self, account: &str, inclusive: bool) -> Result<Sums, TooLarge> {
        let below = format!("{account}:");
        let mut all = Sums::new();
        let range = self.0.range(account.to_owned()..);
        let range = range.take_while(|(name, _)| name.starts_with(account));
        for (_, sums) in range.filter(|(name, _)| *name == account || inclusive && name.starts_with(&below)) {
            for (commodity, number) in sums {
                add(&mut all, commodity, *number)?;
            }
        }
        Ok(all)
    }
}

impl Runner<'_> {
    fn transaction(&mut self, transaction: Transaction) -> Result<(), Fault> {
        let too_large = |_| transaction.place.fault("its amounts are too large to be added up");
        let before = self.before(&transaction);
        let mut amounts: Vec<Vec<Amount>> = Vec::with_capacity(transaction.postings.len());
        for posting in &transaction.postings {
            let known = match (&posting.amount, &posting.assertion) {
                (Some(amount), _) => vec![amount.clone()],
                (None, Some(assertion)) => self.assigned(posting, assertion)?,
                (None, None) => Vec::new(),
            };
            for amount in &known {
                self.held.add(&posting.account, amount).map_err(too_large)?;
            }
            if let (Some(_), Some(assertion)) = (&posting.amount, &posting.assertion) {
                self.assert(posting, assertion)?;
            }
            amounts.push(known);
        }
        for kind in [Kind::Real, Kind::BalancedVirtual] {
            self.complete(&transaction, kind, &mut amounts)?;
        }
        if let Some(posting) =
            transaction.postings.iter().find(|posting| posting.is_elided() && posting.kind == Kind::Virtual)
        {
            return Err(posting
                .place
                .fault("a posting in parentheses is balanced by nothing, so it needs an amount"));
        }
        let moves = amounts.into_iter().enumerate();
        let moves = moves
            .flat_map(|(posting, amounts)| amounts.into_iter().map(move |amount| Move { posting, amount }));
        let moves: Vec<Move> = moves.collect();
        let expects = expected(&transaction, &moves, before).map_err(too_large)?;
        self.settled.push(Settled { transaction, moves, expects });
        Ok(())
    }

    /// What asserted accounts hold before the transaction.
    fn before(&self, transaction: &Transaction) -> Vec<(usize, Decimal)> {
        let asserted = transaction.postings.iter().enumerate().filter_map(|(index, posting)| {
            let assertion = posting.assertion.as_ref().filter(|assertion| !assertion.inclusive)?;
            Some((index, self.held.of(&posting.account, &assertion.amount.commodity)))
        });
        asserted.collect()
    }

    /// The amount that makes the account hold what is asserted.
    fn assigned(&self, posting: &Posting, assertion: &Assertion) -> Result<Vec<Amount>, Fault> {
        let too_large = |_| posting.place.fault("the account's balance is too large");
        let mut held = self.held.all(&posting.account, assertion.inclusive).map_err(too_large)?;
        if !assertion.total {
            held.retain(|commodity, _| *commodity == assertion.amount.commodity);
        }
        let wanted = &assertion.amount;
        let mut missing = vec![wanted.clone()];
        for (commodity, number) in held {
            if commodity == wanted.commodity {
                missing[0].number = wanted.number.checked_sub(number).ok_or(TooLarge).map_err(too_large)?;
            } else {
                missing.push(Amount { number: -number, commodity });
            }
        }
        missing.retain(|amount| !amount.number.is_zero());
        Ok(missing)
    }

    fn assert(&self, posting: &Posting, assertion: &Assertion) -> Result<(), Fault> {
        let Posting { place, account, .. } = posting;
        let held = self.held.all(account, assertion.inclusive);
        let held = held.map_err(|_| place.fault("the account's balance is too large"))?;
        let Amount { number, commodity } = &assertion.amount;
        let found = held.get(commodity).copied().unwrap_or_default();
        let with = if assertion.inclusive { " with the accounts below it" } else { "" };
        if found != *number {
            let found = Amount { number: found.normalize(), commodity: commodity.clone() };
            return Err(place
                .fault(format!("{account}{with} holds {found} here, and {} is asserted", assertion.amount)));
        }
        let other = held.iter().find(|(other, number)| *other != commodity && !number.is_zero());
        match other.filter(|_| assertion.total) {
            Some((other, number)) => Err(place.fault(format!(
                "{account}{with} holds {} {other} too, and nothing beside {} is asserted",
                number.normalize(),
                assertion.amount
            ))),
            None => Ok(()),
        }
    }

    /// Finds the amount that was left out among postings of a kind, if there is one, and sees that they balance.
    fn complete(
        &mut self,
        transaction: &Transaction,
        kind: Kind,
        amounts: &mut [Vec<Amount>],
    ) -> Result<(), Fault> {
        let of_kind = || transaction.postings.iter().enumerate().filter(|(_, posting)| posting.kind == kind);
        let mut elided = of_kind().filter(|(_, posting)| posting.is_elided()).map(|(index, _)| index);
        let (elided, second) = (elided.next(), elided.next());
        if let Some(second) = second {
            let place = &transaction.postings[second].place;
            return Err(place.fault("a second posting without an amount: only one can be inferred"));
        }
        let group = Group {
            format: self.format,
            scales: self.scales,
            postings: of_kind().map(|(index, posting)| (posting, amounts[index].clone())).collect(),
            elided: elided.is_some(),
        };
        let missing = group.complete().map_err(|why| transaction.place.fault(why))?;
        let Some(elided) = elided else { return Ok(()) };
        let posting = &transaction.postings[elided];
        for amount in &missing {
            let added = self.held.add(&posting.account, amount);
            added.map_err(|_| posting.place.fault("the account's balance is too large"))?;
        }
        amounts[elided] = missing;
        Ok(())
    }

    /// Beancount's `balance`: with the accounts below it. What a `pad` above can fill is filled.
    fn check(&mut self, check: &Check) -> Result<(), Fault> {
        let Check { place, account, amount, tolerance, .. } = check;
        let too_large = |_| place.fault("the account's balance is too large");
        let held = self.held.all(account, true).map_err(too_large)?;
        let found = held.get(&amount.commodity).copied().unwrap_or_default();
        let missing = amount.number.checked_sub(found).ok_or(TooLarge).map_err(too_large)?;
        if missing.abs() <= *tolerance {
            return Ok(());
        }
        if let Some((pad, filled)) = self.pads.get_mut(account)
            && !filled.contains(&amount.commodity)
        {
            filled.push(amount.commodity.clone());
            let transaction = pad.transaction(missing, &amount.commodity);
            return self.transaction(transaction);
        }
        let found = Amount { number: found.normalize(), commodity: amount.commodity.clone() };
        Err(place.fault(format!(
            "{account} holds {found} at the start of {}, and {amount} is asserted",
            check.date
        )))
    }
}

/// From what was held before, and what the transaction moves in the books that are entered first.
fn expected(
    transaction: &Transaction,
    moves: &[Move],
    before: Vec<(usize, Decimal)>,
) -> Result<Vec<Expect>, TooLarge> {
    let mut expects: Vec<Expect> = Vec::new();
    for (index, mut held) in before {
        let posting = &transaction.postings[index];
        let Some(assertion) = &posting.assertion else { continue };
        let commodity = &assertion.amount.commodity;
        let book = posting.kind.book();
        for Move { posting: other, amount } in moves {
            let other = &transaction.postings[*other];
            let earlier_book = book == Book::Virtual && other.kind.book() == Book::Real;
            if earlier_book && other.account == posting.account && amount.commodity == *commodity {
                held = held.checked_add(amount.number).ok_or(TooLarge)?;
            }
        }
        let amount = Amount { number: held, commodity: commodity.clone() };
        let expect = Expect { book, account: posting.account.clone(), amount };
        if !expects.contains(&expect) {
            expects.push(expect);
        }
    }
    Ok(expects)
}

impl Posting {
    fn is_elided(&self) -> bool {
        self.amount.is_none() && self.assertion.is_none()
    }
}

impl Pad {
    fn transaction(&self, number: Decimal, commodity: &str) -> Transaction {
        let posting = |account: &str, number| Posting {
            place: self.place.clone(),
            account: account.to_owned(),
            kind: Kind::Real,
            status: None,
            amount: Some(Amount { number, commodity: commodity.to_owned() }),
            price: None,
            lot: None,
            assertion: None,
            comment: String::new(),
            tags: Vec::new(),
        };
        Transaction {
            place: self.place.clone(),
            date: self.date,
            status: None,
            code: None,
            description: format!("(padding for {})", self.account),
            comment: String::new(),
            tags: Vec::new(),
            postings: vec![posting(&self.account, number), posting(&self.from, -number)],
        }
    }
}

/// Only for messages: where a transaction stands.
impl Settled {
    pub fn place(&self) -> &Place {
        &self.transaction.place
    }
}
