//! Random records of every event, with the texts and the numbers that break parsers.

use event_schemas::events::command_refused::Refused;
use event_schemas::events::entries::{After, BalanceCondition, Entry, OpenedAccount, Preconditions};
use event_schemas::events::ledger_opened::{AccountsPolicy, PathsPolicy, PersonalDataPolicy};
use event_schemas::events::{
    AccountClosed, AccountFrozen, AccountOpened, AccountRenamed, AccountUnfrozen, AssetRegistered,
    BudgetChanged, BudgetDropped, BudgetSet, CommandRefused, LedgerOpened, LimitsSet, RateRecorded,
    TransactionPosted, TransactionReversed,
};
use event_schemas::{
    AccountNumber, AccountPath, AccountType, ActorId, AssetCode, Batch, BudgetId, CarryOver, Ciphertext, Day,
    Direction, Envelope, Event, Key, LedgerId, Metadata, Period, Position, Quantity, Rate, Record,
    RequestHash, Sealed, Sequence, Shard, Ts,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use uuid::Uuid;

/// What JSON escapes, what it need not, and what some encoders get wrong.
const ODD: &[&str] = &[
    "\"",
    "\\",
    "\\\"",
    "\n",
    "\r",
    "\t",
    "\u{0}",
    "\u{1f}",
    "\u{7f}",
    "\u{80}",
    "\u{2028}",
    "\u{2029}",
    "/",
    "é",
    "e\u{301}",
    "日本",
    "🦀",
    "\u{feff}",
    "\u{ffff}",
    "\u{10ffff}",
    "{\"a\":1}",
    ",\"entries\":[",
    "null",
    " ",
];

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[a-zA-Z0-9 ,.]{0,60}",
        1 => any::<String>(),
        1 => vec(prop_oneof![select(ODD).prop_map(str::to_owned), "[a-z]{1,9}".prop_map(|s| s)], 0..8).prop_map(|parts| parts.concat()),
    ]
}

fn sealed<T: std::fmt::Debug + Clone>(plain: impl Strategy<Value = T>) -> impl Strategy<Value = Sealed<T>> {
    let ciphertext = (string(), string(), string(), string())
        .prop_map(|(subject, key_id, nonce, ciphertext)| Ciphertext { subject, key_id, nonce, ciphertext });
    prop_oneof![
        4 => plain.prop_map(Sealed::Plain),
        1 => ciphertext.prop_map(|sealed| Sealed::Ciphertext { sealed: Box::new(sealed) }),
    ]
}

fn text() -> impl Strategy<Value = Option<Sealed<String>>> {
    option::of(sealed(string()))
}

fn metadata() -> impl Strategy<Value = Option<Sealed<Metadata>>> {
    let names = prop_oneof![3 => string(), 1 => Just("sealed".to_owned())];
    option::of(sealed(btree_map(names, string(), 0..4)))
}

fn path() -> impl Strategy<Value = AccountPath> {
    prop_oneof![
        4 => "[a-z]{1,12}(:[a-z0-9_.-]{1,12}){0,3}",
        1 => "[a-zä-üА-Я\"\\\\/]{1,9}(:[ -9;-~]{1,5}é){0,20}",
    ]
    .prop_filter_map("not every text is a path", |text| AccountPath::parse(&text).ok())
}

fn quantity() -> impl Strategy<Value = Quantity> {
    let minor = prop_oneof![
        4 => 0_i128..1_000_000_000,
        1 => any::<i128>(),
        1 => any::<i64>().prop_map(i128::from),
        1 => select(&[0, 1, -1, i128::MAX, i128::MIN, i128::MIN + 1, 1 << 53, (1 << 53) + 1, 1 << 63, 1 << 64, (1 << 96) - 1][..]),
        1 => (0_u32..38, -1_i128..=1).prop_map(|(exponent, more)| 10_i128.pow(exponent) + more),
    ];
    (minor, 0_u8..=18).prop_map(|(minor, scale)| Quantity::new(minor, scale))
}

fn currency() -> impl Strategy<Value = AssetCode> {
    prop_oneof![Just("EUR".to_owned()), "[A-Z][A-Z0-9._-]{0,15}"]
        .prop_map(|code| AssetCode::parse(&code).expect("a code"))
}

fn rate() -> impl Strategy<Value = Rate> {
    let mantissa = prop_oneof![0..100_000_u128, 0..10_u128.pow(28), Just(10_u128.pow(28) - 1)];
    (mantissa, 0_u8..=18).prop_map(|(mantissa, scale)| Rate::try_new(mantissa, scale).expect("28 digits"))
}

fn budget_id() -> impl Strategy<Value = BudgetId> {
    "[a-z0-9][a-z0-9_-]{0,62}".prop_map(|id| BudgetId::parse(&id).expect("a budget's id"))
}

fn day() -> impl Strategy<Value = Day> {
    (1_i32..=9999, 1_u32..=366).prop_filter_map("not every year has 366 days", |(year, day)| {
        chrono::NaiveDate::from_yo_opt(year, day).and_then(Day::of)
    })
}

fn budget_set() -> impl Strategy<Value = BudgetSet> {
    let of = (option::of(sealed(path())), option::of(string()), any::<bool>());
    let days = (select(&Period::ALL[..]), day(), option::of(day()), select(&CarryOver::ALL[..]));
    (budget_id(), text(), of, (currency(), quantity()), days).prop_map(
        |(
            budget,
            name,
            (account, category, debit),
            (currency, amount),
            (period, starts, ends, carry_over),
        )| {
            BudgetSet {
                budget,
                name,
                account,
                category: category.map(Into::into),
                direction: if debit { Direction::Debit } else { Direction::Credit },
                currency,
                amount,
                period,
                starts,
                ends,
                carry_over,
            }
        },
    )
}

fn budget_changed() -> impl Strategy<Value = BudgetChanged> {
    budget_set().prop_map(|plan| BudgetChanged {
        budget: plan.budget,
        name: plan.name,
        account: plan.account,
        category: plan.category,
        direction: plan.direction,
        currency: plan.currency,
        amount: plan.amount,
        period: plan.period,
        starts: plan.starts,
        ends: plan.ends,
        carry_over: plan.carry_over,
    })
}

fn number() -> impl Strategy<Value = AccountNumber> {
    any::<u32>().prop_map(AccountNumber)
}

fn account_type() -> impl Strategy<Value = AccountType> {
    select(&AccountType::ALL[..])
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        Just("67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned()),
        "[!-~]([ -~]{0,253}[!-~])?",
        "[\"\\\\]{1,50}",
    ]
    .prop_map(|key| Key::parse(&key).expect("a key"))
}

fn position() -> impl Strategy<Value = Position> {
    (0_u16..1 << 15, 0_u64..1 << 48)
        .prop_map(|(shard, sequence)| Position::new(Shard(shard), Sequence(sequence)))
}

fn entry() -> impl Strategy<Value = Entry> {
    let after = (quantity(), quantity(), option::of(quantity()), option::of(quantity())).prop_map(
        |(debits, credits, pending_debits, pending_credits)| After {
            debits,
            credits,
            pending_debits,
            pending_credits,
        },
    );
    let labels = (option::of(string()), text(), vec(string(), 0..4));
    (
        (number(), option::of(path()), account_type(), any::<bool>()),
        (quantity(), currency()),
        labels,
        (any::<u64>(), after),
    )
        .prop_map(
            |(
                (account, path, account_type, debit),
                (amount, currency),
                (category, memo, tags),
                (number, after),
            )| {
                Entry {
                    account,
                    path,
                    account_type,
                    direction: if debit { Direction::Debit } else { Direction::Credit },
                    amount,
                    currency,
                    category: category.map(Into::into),
                    memo,
                    tags: tags.into_iter().map(Into::into).collect(),
                    number,
                    after,
                }
            },
        )
}

fn preconditions() -> impl Strategy<Value = Preconditions> {
    let condition = (number(), currency(), option::of(quantity()), option::of(quantity())).prop_map(
        |(account, currency, at_least, at_most)| BalanceCondition { account, currency, at_least, at_most },
    );
    (vec(condition, 0..3), option::of(position()))
        .prop_map(|(balances, unchanged_since)| Preconditions { balances, unchanged_since })
}

fn transaction_posted() -> impl Strategy<Value = TransactionPosted> {
    let opened = (number(), sealed(path()), account_type())
        .prop_map(|(account, path, account_type)| OpenedAccount { account, path, account_type });
    (text(), text(), metadata(), option::of(preconditions()), vec(opened, 0..3), vec(entry(), 1..5)).prop_map(
        |(description, reference, metadata, preconditions, opened, entries)| TransactionPosted {
            description,
            reference,
            metadata,
            preconditions,
            opened,
            entries,
        },
    )
}

fn command_refused() -> impl Strategy<Value = CommandRefused> {
    let figures = btree_map(string(), string(), 0..4);
    let refused = (any::<u16>(), string(), option::of(string()), figures)
        .prop_map(|(number, code, pointer, figures)| Refused { number, code, pointer, figures });
    let command = btree_map(string(), string(), 0..4).prop_map(|fields| {
        let text =
            serde_json::json!({ "post_transaction": fields, "n": 1.5, "list": [null, true] }).to_string();
        RawValue::from_string(text).expect("JSON")
    });
    (command, refused).prop_map(|(command, refusal)| CommandRefused { command, refusal })
}

fn ledger_opened() -> impl Strategy<Value = LedgerOpened> {
    (string(), any::<bool>(), any::<bool>(), text(), metadata()).prop_map(
        |(time_zone, explicitly, hidden, name, metadata)| LedgerOpened {
            time_zone,
            accounts: if explicitly {
                AccountsPolicy::OpenExplicitly
            } else {
                AccountsPolicy::OpenOnFirstUse
            },
            paths: if hidden { PathsPolicy::Hidden } else { PathsPolicy::Visible },
            personal_data: PersonalDataPolicy::Plain,
            name,
            metadata,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => transaction_posted().prop_map(Event::from),
        1 => (key(), any::<u64>(), text(), metadata(), vec(entry(), 1..4)).prop_map(
            |(original, sequence, description, metadata, entries)| Event::from(TransactionReversed {
                original,
                original_seq: Sequence(sequence),
                description,
                metadata,
                entries,
            })
        ),
        1 => command_refused().prop_map(Event::from),
        1 => ledger_opened().prop_map(Event::from),
        1 => (number(), sealed(path()), account_type(), text(), metadata()).prop_map(
            |(account, path, account_type, name, metadata)| Event::from(AccountOpened {
                account,
                path,
                account_type,
                name,
                metadata,
            })
        ),
        1 => (number(), sealed(path()))
            .prop_map(|(account, path)| Event::from(AccountRenamed { account, path })),
        1 => (number(), text()).prop_map(|(account, reason)| Event::from(AccountFrozen { account, reason })),
        1 => (number(), text()).prop_map(|(account, reason)| Event::from(AccountUnfrozen { account, reason })),
        1 => (number(), text()).prop_map(|(account, reason)| Event::from(AccountClosed { account, reason })),
        1 => (number(), currency(), option::of(quantity()), option::of(quantity()), option::of(quantity())).prop_map(
            |(account, currency, floor, ceiling, credit_line)| Event::from(LimitsSet {
                account,
                currency,
                floor,
                ceiling,
                credit_line,
            })
        ),
        1 => (currency(), any::<u8>(), text())
            .prop_map(|(currency, scale, name)| Event::from(AssetRegistered { currency, scale, name })),
        1 => (currency(), currency(), rate(), text())
            .prop_map(|(base, quote, rate, source)| Event::from(RateRecorded { base, quote, rate, source })),
        1 => budget_set().prop_map(Event::from),
        1 => budget_changed().prop_map(Event::from),
        1 => (budget_id(), day(), text())
            .prop_map(|(budget, from, reason)| Event::from(BudgetDropped { budget, from, reason })),
    ]
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let names = (
        "[a-z0-9][a-z0-9_-]{0,62}".prop_map(|id| LedgerId::parse(&id).expect("a ledger's id")),
        key(),
        "[!-~]{1,255}".prop_map(|actor| ActorId::parse(&actor).expect("an actor")),
    );
    let times = (any::<i64>(), any::<i64>());
    (
        any::<u64>(),
        any::<u128>(),
        names,
        (any::<u32>(), any::<u32>()),
        any::<[u8; 16]>(),
        (option::of(position()), option::of(string())),
        times,
    )
        .prop_map(|(sequence, id, (ledger, key, actor), (index, count), request, causes, times)| {
            Envelope {
                sequence: Sequence(sequence),
                id: Uuid::from_u128(id),
                ledger,
                batch: Batch { index, count },
                key,
                request: RequestHash(request),
                actor,
                caused_by: causes.0,
                traceparent: causes.1.map(Into::into),
                recorded_at: Ts(times.0),
                effective_at: Ts(times.1),
            }
        })
}

pub fn record() -> impl Strategy<Value = Record> {
    (envelope(), event()).prop_map(|(envelope, event)| Record { envelope, event })
}
