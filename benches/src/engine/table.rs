//! The published table: the command itself rewrites it between its markers.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use crate::figures::{Figures, rounded};
use crate::machine::{self, Machine};

const END: &str = "<!-- end of figures -->";

fn begin(bench: &str) -> String {
    format!("<!-- figures: written by `cargo xtask bench {bench} --write-table` -->")
}

/// `bench`: whose table it is.
pub fn write(
    readme: &Path,
    bench: &str,
    figures: &Figures,
    machine: &Machine,
    rounds: u32,
) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(readme).with_context(|| format!("cannot read {}", readme.display()))?;
    let date = chrono::Utc::now().format("%Y-%m-%d");
    let table = format!(
        "{date}, {}, {}; rounds: {rounds}; the median, the least and the greatest.\n\n{}",
        machine.describe(),
        machine::commit(),
        rows(figures)
    );
    let text = replaced(&text, &begin(bench), &table)
        .with_context(|| format!("{} has no markers", readme.display()))?;
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

fn replaced(text: &str, begin: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let table = |name: &str, rows: &str| format!("{}\n{rows}\n{END}\nafter\n", begin(name));
        let text = table("scale", "kept") + &table("engine", "old");
        let expected = table("scale", "kept") + &table("engine", "new");
        assert_eq!(replaced(&text, &begin("engine"), "new\n").unwrap(), expected);
        assert_eq!(replaced("no markers", &begin("engine"), "new"), None);
    }
}
