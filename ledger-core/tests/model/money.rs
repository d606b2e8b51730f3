//! Money by the digits: text in, a whole number of minor units out, and back.

/// What 96 bits hold.
pub const MOST: i128 = 79_228_162_514_264_337_593_543_950_335;

/// Minor units of an asset with `scale` digits after the point.
pub fn minor(text: &str, scale: u8) -> Result<i128, &'static str> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > usize::from(scale) {
        return Err("amount_has_too_many_decimals");
    }
    let digits = format!("{whole}{fraction:0<width$}", width = usize::from(scale));
    let digits = digits.trim_start_matches('0');
    if digits.len() > 29 {
        return Err("amount_is_too_large");
    }
    let minor: i128 = if digits.is_empty() { 0 } else { digits.parse().expect("29 digits") };
    if minor > MOST { Err("amount_is_too_large") } else { Ok(sign * minor) }
}

/// A limit or a condition. It may be negative, and how many digits it is written with is looked at first.
pub fn bound(text: &str, scale: u8) -> Result<i128, &'static str> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let written: i128 = digits.parse().map_err(|_| "amount_is_too_large")?;
    if written > MOST { Err("amount_is_too_large") } else { minor(text, scale) }
}

pub fn text(minor: i128, scale: u8) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", minor.abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
