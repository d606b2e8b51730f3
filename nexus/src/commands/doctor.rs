//! `nexus doctor`: looks at everything that a ledger needs, and says what to do about what is amiss.

mod database;
mod machine;
mod server;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::{
    config::{Database, Listen, Server},
    folder,
    output::Output,
};

/// Check what the ledger needs, and say what to do about what is amiss
///
/// Changes nothing. Exits with 1 if something fails.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    listen: Listen,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    server: Server,
}

/// What one look came to.
struct Check {
    verdict: Verdict,
    what: &'static str,
    found: String,
    /// What to do about it.
    mend: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Check {
    fn ok(what: &'static str, found: impl Into<String>) -> Check {
        Check { verdict: Verdict::Ok, what, found: found.into(), mend: None }
    }

    fn warn(what: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Check {
        Check { verdict: Verdict::Warn, what, found: found.into(), mend: Some(mend.into()) }
    }

    fn fail(what: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Check {
        Check { verdict: Verdict::Fail, what, found: found.into(), mend: Some(mend.into()) }
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        }
    }
}

pub async fn run(args: Args) -> Result<()> {
    let data = args.server.data.absolute()?;
    let runs = folder::owner(&data).is_some();
    let mut checks = vec![Check::ok("nexus", env!("CARGO_PKG_VERSION"))];
    checks.extend(machine::checks(&data, &args.listen, args.database.url.is_some(), runs));
    checks.extend(server::checks(&args.server, runs).await);
    checks.extend(database::checks(&data, &args.database, runs).await);

    let failed = checks.iter().filter(|check| check.verdict == Verdict::Fail).count();
    let answer = json!({ "checks": checks.iter().map(shown).collect::<Vec<_>>() });
    args.output.print(&answer, |_| words(&checks))?;
    match failed {
        0 => Ok(()),
        1 => bail!("one check failed"),
        several => bail!("{several} checks failed"),
    }
}

fn words(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.what.len()).max().unwrap_or(0);
    let lines = checks.iter().map(|check| {
        let line = format!("{:<4}  {:<width$}  {}\n", check.verdict.word(), check.what, check.found);
        let mend = check.mend.iter().map(|mend| format!("{:<4}  {:<width$}  -> {mend}\n", "", ""));
        line + &mend.collect::<String>()
    });
    lines.collect()
}

fn shown(check: &Check) -> Value {
    json!({"verdict": check.verdict.word(), "what": check.what, "found": check.found, "mend": check.mend})
}
