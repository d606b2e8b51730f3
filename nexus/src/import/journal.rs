//! `nexus import journal`: a plain-text journal's transactions, each posted once.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use csv::StringRecord;
use event_schemas::{AccountPath, AccountType, LedgerId};
use tokio::sync::mpsc;

use super::{
    conflict::Comparer,
    ledger::Ledger,
    progress::Display,
    rates::{self, Rate, Rates},
    reader::{GROUP_ROWS, Read, Row},
    rejects::Rejects,
    run::{Counts, Import, Report},
    show,
    source::Progress,
};
use crate::{
    client::Client,
    config::Server,
    exit::Exit,
    import::key::Occurrences,
    journal::{self, Assets, Converter, Entered, Faults, Format, LeftOut, Map, Scales, Types},
};

/// What is to be imported, and how.
#[derive(clap::Args, Debug)]
pub struct JournalArgs {
    /// The journal to import
    pub file: PathBuf,

    /// Show what would be posted, registered and opened, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// The ledger to post to, where the map does not say so
    #[arg(long)]
    pub ledger: Option<String>,

    /// What the journal leaves open: types of accounts, names of commodities (TOML; docs/import.md)
    #[arg(long, value_name = "MAP.toml")]
    pub types: Option<PathBuf>,

    /// Open the ledger where it is not there
    #[arg(long)]
    pub open: bool,

    /// How the journal is written [default: beancount for .beancount and .bean, else hledger]
    #[arg(long, value_enum)]
    pub format: Option<Format>,

    /// Check asserted balances within the journal only, and not against the ledger
    #[arg(long)]
    pub no_preconditions: bool,

    #[command(flatten)]
    pub server: Server,
}

/// A journal that has been read, settled and fitted to assets and accounts.
struct Ready {
    sha256: String,
    rows: Vec<Read>,
    assets: Assets,
    accounts: BTreeMap<AccountPath, AccountType>,
    rates: Vec<Rate>,
    summary: Summary,
}

/// What is told beside the counts.
struct Summary {
    left_out: Vec<LeftOut>,
    warnings: Vec<LeftOut>,
    rates: Rates,
}

/// More are counted only.
const LEFT_OUT_SHOWN_MAX: usize = 20;
const CONVERSION: &str = "equity:conversion";

pub async fn journal(args: JournalArgs) -> Result<()> {
    let map = args.types.as_deref().map(Map::load).transpose()?.unwrap_or_default();
    let name = args.ledger.as_ref().or(map.ledger.as_ref());
    let name = name.context("which ledger? name it: --ledger, or ledger = \"…\" in the map")?;
    let id = LedgerId::parse(name).with_context(|| format!("{name:?} is no ledger"))?;
    let ledger = Ledger { client: Client::find(&args.server)?, id };
    let there = ledger.exists().await?;
    if !there && !args.open {
        return Err(Exit::Refused.because(format!("there is no ledger {}; --open opens it", ledger.id)));
    }
    let accounts_there = if there { ledger.account_types().await? } else { BTreeMap::new() };
    let mut ready = ready(&args, &map, &accounts_there)?;
    if args.dry_run {
        show_dry_run(&ready, &accounts_there);
        return Ok(());
    }
    prepare(&ledger, there, &map, &ready, &accounts_there).await?;
    let rows = std::mem::take(&mut ready.rows);
    let head = ledger.head().await?;
    let (report, refused, outcome) = run(&args, ledger.clone(), &ready.sha256, rows).await?;
    if outcome.is_ok() {
        let mut rates = rates::record(&ledger, std::mem::take(&mut ready.rates), head).await?;
        rates.refused.append(&mut ready.summary.rates.refused);
        ready.summary.rates = rates;
    }
    print!("{report}{}", ready.summary);
    for line in &refused {
        println!("refused: {line}");
    }
    outcome?;
    report.exit("transaction")
}

/// Reads, settles and fits. Nothing is posted before all of this is right.
fn ready(args: &JournalArgs, map: &Map, there: &BTreeMap<AccountPath, AccountType>) -> Result<Ready> {
    let format = args.format.unwrap_or_else(|| Format::of(&args.file));
    let mut journal = journal::read(&args.file, format, map.decimal)?;
    let mut scales = Scales::of(&journal);
    let assets = match Assets::of(&journal, map, &mut scales) {
        Ok(assets) => assets,
        Err(faults) => bail!("{}", faults.join("\n\n")),
    };
    let settled = journal::settle(&mut journal, &scales)?;
    let conversion = map.conversion.as_deref().or(journal.conversion.as_deref()).unwrap_or(CONVERSION);
    let conversion = own_account(conversion, "conversion")?;
    let virtual_counter = own_account(&map.virtual_counter, "virtual")?;
    let mut types = Types::new(map, &journal);
    let mut faults = Vec::new();
    let mut accounts = BTreeMap::new();
    for posting in settled.iter().flat_map(|settled| &settled.transaction.postings) {
        match posting.path() {
            Ok(path) if accounts.contains_key(&path) => {}
            Ok(path) => {
                // What the ledger says of an account that it has wins.
                if let Some(kind) = there.get(&path).copied().or_else(|| types.of(&path)) {
                    accounts.insert(path, kind);
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    Faults(faults).none()?;
    if !types.unknown.is_empty() {
        bail!("{}", types.mend());
    }
    let mut converter = Converter {
        assets: &assets,
        map,
        conversion: &conversion,
        virtual_counter: &virtual_counter,
        types: &accounts,
        occurrences: Occurrences::default(),
        preconditions: !args.no_preconditions,
    };
    let mut rows = Vec::with_capacity(settled.len());
    let mut ordinal = 0;
    for settled in &settled {
        let place = settled.place();
        let Entered { postings, moves_nothing } = converter.enter(settled)?;
        if moves_nothing {
            rows.push(Read::MovesNothing);
        }
        for posting in postings {
            let (line, record) = (u64::from(place.line), StringRecord::from(vec![&*place.file]));
            rows.push(Read::Row(Row { ordinal, line, record, posting: Box::new(posting), attempt: 1 }));
            ordinal += 1;
        }
    }
    let uses = |counter: &AccountPath| {
        let legs = rows.iter().filter_map(|read| match read {
            Read::Row(row) => Some(&row.posting.legs),
            _ => None,
        });
        legs.flatten().any(|leg| leg.account == *counter)
    };
    for counter in [conversion, virtual_counter] {
        if uses(&counter) {
            accounts.entry(counter).or_insert(AccountType::Equity);
        }
    }
    let (rates, refused) = rates::of_prices(&journal.prices, &assets);
    let summary = Summary {
        left_out: journal.left_out,
        warnings: journal.warnings,
        rates: Rates { refused, ..Rates::default() },
    };
    Ok(Ready { sha256: journal.sha256, rows, assets, accounts, rates, summary })
}

fn own_account(name: &str, key: &str) -> Result<AccountPath> {
    AccountPath::parse(name).with_context(|| format!("{key} = {name:?} in the map"))
}

/// Makes the ledger ready to take the journal.
async fn prepare(
    ledger: &Ledger,
    there: bool,
    map: &Map,
    ready: &Ready,
    accounts_there: &BTreeMap<AccountPath, AccountType>,
) -> Result<()> {
    if !there {
        ledger.open(map.time_zone.as_deref()).await?;
        println!("opened the ledger {}", ledger.id);
    }
    for (code, own) in &ready.assets.own {
        if ledger.register_asset(code, own.scale, own.name.as_deref()).await? {
            println!("registered the asset {}", own.shown(code));
        }
    }
    let mut opened = 0;
    for (path, kind) in ready.accounts.iter().filter(|(path, _)| !accounts_there.contains_key(*path)) {
        ledger.open_account(path, *kind).await?;
        opened += 1;
    }
    if opened > 0 {
        println!("opened {opened} accounts");
    }
    Ok(())
}

async fn run(
    args: &JournalArgs,
    ledger: Ledger,
    sha256: &str,
    rows: Vec<Read>,
) -> Result<(Report, Vec<String>, Result<()>)> {
    let mut import = Import {
        dry_run: false,
        sha256: sha256.to_owned(),
        head: ledger.head().await?,
        comparer: Comparer::new(ledger.clone()),
        balances: None,
        rejects: Rejects::List(Vec::new()),
        display: Display::start(Progress::done(rows.len() as u64)),
        counts: Counts::default(),
        waiting: VecDeque::new(),
        again: VecDeque::new(),
        conflicts: Vec::new(),
        ledger,
    };
    let outcome = import.run(fed(rows)).await;
    let report = Report {
        file: args.file.clone(),
        unit: "transactions",
        counts: import.counts,
        elapsed: import.display.finish(),
        dry_run: false,
        rejects: None,
        balances: None,
    };
    let refused = match import.rejects {
        Rejects::List(list) => list,
        Rejects::File(_) => Vec::new(),
    };
    Ok((report, refused, outcome))
}

/// The rows in groups, as a file's reader would bring them.
fn fed(rows: Vec<Read>) -> mpsc::Receiver<Result<Vec<Read>>> {
    let (groups_in, groups) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut rows = rows.into_iter();
        loop {
            let group: Vec<Read> = rows.by_ref().take(GROUP_ROWS).collect();
            if group.is_empty() || groups_in.send(Ok(group)).await.is_err() {
                return;
            }
        }
    });
    groups
}

fn show_dry_run(ready: &Ready, accounts_there: &BTreeMap<AccountPath, AccountType>) {
    println!("the first transactions:\n");
    let rows = || {
        ready.rows.iter().filter_map(|read| match read {
            Read::Row(row) => Some(row),
            _ => None,
        })
    };
    for row in rows().take(show::SHOWN_MAX) {
        println!("{}:{}", row.record.get(0).unwrap_or_default(), show::shown_as(row.line, &row.posting));
    }
    for (code, own) in &ready.assets.own {
        println!("the asset {} would be registered, if it is not there", own.shown(code));
    }
    for (path, kind) in ready.accounts.iter().filter(|(path, _)| !accounts_there.contains_key(*path)) {
        println!("the account {path} ({}) would be opened", kind.as_str());
    }
    let (transactions, rates) = (rows().count(), ready.rates.len());
    println!("{transactions} transactions would be posted and {rates} rates recorded, if they are not there");
    print!("{}", ready.summary);
    println!(
        "nothing was changed; the journal was read and checked here, and the ledger was not asked about it"
    );
}

impl std::fmt::Display for Summary {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rates { recorded, already_there, refused } = &self.rates;
        if recorded + already_there > 0 {
            writeln!(to, "rates: {recorded} recorded, {already_there} already there")?;
        }
        let lists = [("price", refused), ("not imported", &self.left_out), ("note", &self.warnings)];
        for (word, list) in lists {
            for LeftOut { place, what } in list.iter().take(LEFT_OUT_SHOWN_MAX) {
                writeln!(to, "{word}: {place}: {what}")?;
            }
            match list.len().saturating_sub(LEFT_OUT_SHOWN_MAX) {
                0 => {}
                more => writeln!(to, "{word}: {more} more such lines")?,
            }
        }
        Ok(())
    }
}
