//! `--json`: what a program reads instead of what a person reads.

use anyhow::Result;
use serde_json::Value;

use crate::say::say;

#[derive(clap::Args, Debug, Clone, Copy)]
pub struct Output {
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
}

impl Output {
    /// The answer as JSON, or in words.
    pub fn print(self, answer: &Value, words: impl FnOnce(&Value) -> String) -> Result<()> {
        match self.json {
            true => say(&format!("{}\n", serde_json::to_string_pretty(answer)?)),
            false => say(&words(answer)),
        }
        Ok(())
    }
}
