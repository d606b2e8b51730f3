//! The published table: the command itself rewrites it between its markers.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use crate::figures::{Figures, rounded};
use crate::machine::{self, Machine};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench engine --write-table` -->";
const END: &str = "<!-- end of figures -->";

pub fn write(readme: &Path, figures: &Figures, machine: &Machine, rounds: u32) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(readme).with_context(|| format!("cannot read {}", readme.display()))?;
    let date = chrono::Utc::now().format("%Y-%m-%d");
    let table = format!(
        "{date}, {}, {}; medians of {rounds} rounds.\n\n{}",
        machine.describe(),
        machine::commit(),
        rows(figures)
    );
    let text = replaced(&text, &table).with_context(|| format!("{} has no markers", readme.display()))?;
    Ok(std::fs::write(readme, text)?)
}

fn rows(figures: &Figures) -> String {
    let mut table = String::from("| figure | median | least | greatest |\n|---|---:|---:|---:|\n");
    for (name, median, least, greatest) in figures.rows() {
        let [median, least, greatest] = [median, least, greatest].map(rounded);
        writeln!(table, "| `{name}` | {median} | {least} | {greatest} |")
            .expect("writing to memory cannot fail");
    }
    table
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        assert_eq!(replaced(&text, "new\n").unwrap(), format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert_eq!(replaced("no markers", "new"), None);
    }
}
