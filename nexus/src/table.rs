//! Tables for people: text to the left, figures to the right, plain enough to be cut up by other programs.

use comfy_table::LineStyle;
use comfy_table::{CellAlignment, Table, TableStyle, presets};
use std::io::IsTerminal;

/// A column's head and the side that its content keeps to.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    Text(&'static str),
    Figure(&'static str),
}

/// One row under the other; a rule below the head where a person reads it.
pub fn table(columns: &[Column], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(match std::io::stdout().is_terminal() {
        true => RULED,
        false => presets::NOTHING,
    });
    table.set_header(columns.iter().map(|column| match column {
        Column::Text(head) | Column::Figure(head) => *head,
    }));
    table.add_rows(rows);
    for (at, column) in columns.iter().enumerate() {
        let drawn = table.column_mut(at).expect("the head made the columns");
        drawn.set_padding((0, 2));
        if matches!(column, Column::Figure(_)) {
            drawn.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
}

const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_to_the_right() {
        let rows = vec![
            vec!["assets:bank".to_owned(), "1204.50".to_owned(), "EUR".to_owned()],
            vec!["cash".to_owned(), "-3.00".to_owned(), "EUR".to_owned()],
        ];
        let columns = [Column::Text("account"), Column::Figure("balance"), Column::Text("currency")];
        assert_eq!(
            table(&columns, rows),
            "account      balance  currency\nassets:bank  1204.50  EUR\ncash           -3.00  EUR\n"
        );
    }
}
