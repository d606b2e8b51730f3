//! The one binary: every role as a subcommand.

fn main() {}
