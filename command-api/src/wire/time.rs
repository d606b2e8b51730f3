//! Instants as text, quickly: two stand in every answer.

use event_schemas::Ts;

const MICROS: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

/// Appends what `Ts` displays: RFC 3339 in UTC with 0, 3 or 6 digits of the second's fraction.
pub fn write_ts(out: &mut Vec<u8>, at: Ts) {
    let (seconds, micros) = (at.0.div_euclid(MICROS), at.0.rem_euclid(MICROS));
    let (days, second) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
    let (year, month, day) = civil(days);
    padded(out, year, 4);
    for (before, part) in
        [(b'-', month), (b'-', day), (b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        out.push(before);
        padded(out, part, 2);
    }
    if micros != 0 {
        out.push(b'.');
        if micros % 1000 == 0 { padded(out, micros / 1000, 3) } else { padded(out, micros, 6) }
    }
    out.push(b'Z');
}

/// Year, month and day of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468; // from 0000-03-01, so that leap days end a year
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153; // 0 = March
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = year_of_era + era * 400 + i64::from(month >= 10);
    (year, if month < 10 { month + 3 } else { month - 9 }, day)
}

fn padded(out: &mut Vec<u8>, number: i64, digits: usize) {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(number).as_bytes();
    out.resize(out.len() + digits.saturating_sub(text.len()), b'0');
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_as_the_contract_prints_them() {
        let first = Ts::parse("0001-01-01T00:00:00Z").unwrap().0;
        let last = Ts::parse("9999-12-31T23:59:59.999999Z").unwrap().0;
        // A step that is prime to days and to seconds meets every kind of date.
        let steps = (0..).map(|step| first + step * 7_919_000_123_457).take_while(|at| *at < last);
        let edges = [first, last, -1, 0, 1, 951_782_400_000_000, 1_709_164_800_120_000];
        for at in steps.chain(edges).map(Ts) {
            let mut text = Vec::new();
            write_ts(&mut text, at);
            assert_eq!(String::from_utf8(text).unwrap(), at.to_string());
        }
    }
}
