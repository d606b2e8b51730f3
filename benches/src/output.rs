//! Where a run's figures go, and which runs may publish them.

use std::path::PathBuf;

use crate::engine::table;
use crate::figures::Figures;
use crate::machine::Machine;

#[derive(clap::Args, Debug, Clone)]
pub struct Output {
    /// Write all figures here as one flat JSON object
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Rewrite the table in this README
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "benches/README.md")]
    write_table: Option<PathBuf>,
}

impl Output {
    /// Each flag, if it was given, makes less of the run than what the table says it is. Refused before anything is
    /// measured, for nobody should learn it after ten minutes.
    pub fn refuse_table_with(&self, flags: &[(&str, bool)]) -> anyhow::Result<()> {
        let Some((flag, _)) = flags.iter().find(|(_, given)| *given && self.write_table.is_some()) else {
            return Ok(());
        };
        anyhow::bail!("{flag} and --write-table: only the figures of a full run are published")
    }

    /// To standard output, and where else they were asked for. `bench`: whose table it is.
    pub fn write(
        &self,
        bench: &str,
        figures: &Figures,
        machine: &Machine,
        rounds: u32,
    ) -> anyhow::Result<()> {
        println!("{}", figures.to_json());
        if let Some(file) = &self.json {
            std::fs::write(file, figures.to_json() + "\n")?;
        }
        if let Some(readme) = &self.write_table {
            table::write(readme, bench, figures, machine, rounds)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_full_run_publishes_nothing() {
        let to =
            |write_table: Option<&str>| Output { json: None, write_table: write_table.map(PathBuf::from) };
        let check = |write_table, flags: &[(&str, bool)]| {
            to(write_table).refuse_table_with(flags).map_err(|error| error.to_string())
        };
        let quick = [("--quick", true), ("--only", false)];
        let full = [("--quick", false), ("--only", false)];
        assert_eq!(check(None, &quick), Ok(()));
        assert_eq!(check(Some("README.md"), &full), Ok(()));
        let refused = "--quick and --write-table: only the figures of a full run are published";
        assert_eq!(check(Some("README.md"), &quick), Err(refused.to_owned()));
    }
}
