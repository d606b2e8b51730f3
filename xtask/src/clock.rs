//! How long something took, in words for people.

use std::time::Duration;

pub fn in_words(took: Duration) -> String {
    match took.as_secs() {
        0..=9 => format!("{:.1} s", took.as_secs_f64()),
        seconds @ 10..=59 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_keep_a_decimal_and_long_ones_become_minutes() {
        assert_eq!(in_words(Duration::from_millis(340)), "0.3 s");
        assert_eq!(in_words(Duration::from_secs(42)), "42 s");
        assert_eq!(in_words(Duration::from_secs(185)), "3 min 05 s");
    }
}
