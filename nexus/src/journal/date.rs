//! Dates as journals write them: `2024-01-31`, `2024/1/31`, `2024.01.31`, and `1/31` where a year was given before.

use chrono::NaiveDate;

pub fn parse(text: &str, year: Option<i32>) -> Result<NaiveDate, String> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let number = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 2);
    let date = match parts[..] {
        [full, month, day] if full.len() == 4 => full
            .parse()
            .ok()
            .zip(number(month))
            .zip(number(day))
            .map(|((year, month), day)| (year, month, day)),
        [month, day] => match year {
            Some(year) => number(month).zip(number(day)).map(|(month, day)| (year, month, day)),
            None => return Err(format!("{text:?} has no year: write it, or a line `Y2024` above")),
        },
        _ => None,
    };
    let date = date.and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day));
    date.ok_or_else(|| format!("{text:?} is no date; dates read like 2024-01-31"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_all_their_forms() {
        let read = |text, year| parse(text, year).map(|date| date.to_string());
        for text in ["2024-01-31", "2024/1/31", "2024.01.31"] {
            assert_eq!(read(text, None).as_deref(), Ok("2024-01-31"));
        }
        assert_eq!(read("1/31", Some(2023)).as_deref(), Ok("2023-01-31"));
        assert!(read("1/31", None).unwrap_err().contains("no year"));
        for text in ["2024-13-01", "2024-02-30", "24-01-01", "2024-01-011", "today", "2024-1"] {
            assert!(read(text, None).is_err(), "{text}");
        }
    }
}
