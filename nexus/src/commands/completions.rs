//! `nexus completions`: what a shell needs to complete our words.

use anyhow::Result;
use clap::CommandFactory;

use crate::say::say;

/// Print completions for a shell
///
/// For bash: nexus completions bash > ~/.local/share/bash-completion/completions/nexus
#[derive(clap::Args, Debug)]
pub struct Args {
    shell: clap_complete::Shell,
}

pub async fn run(args: Args) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "nexus", &mut text);
    say(&String::from_utf8(text)?);
    Ok(())
}
