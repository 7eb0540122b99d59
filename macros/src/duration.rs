//! Durations as users write them: `"200ms"`, `"1h30m"`.

use std::time::Duration;

/// The units, the longest first, in milliseconds.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// 100 years: beyond it, points in time leave the calendar of the stores.
const LONGEST: u64 = 36_525 * 86_400_000;

/// Reads a duration that is longer than nothing.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = |problem: &str| Err(format!("{text:?} {problem}\nhelp: {}", help(text)));
    let Some(milliseconds) = read(text) else { return wrong("is no duration") };
    match milliseconds {
        0 => wrong("is no time at all"),
        1..=LONGEST => Ok(Duration::from_millis(milliseconds)),
        _ => wrong("is longer than 100 years"),
    }
}

/// Reads two durations, the second not shorter than the first: `"100ms..10s"`.
pub(crate) fn parse_range(text: &str) -> Result<(Duration, Duration), String> {
    let Some((base, cap)) = text.split_once("..") else {
        let base = if read(text).is_some() { text } else { "100ms" };
        return Err(format!(
            "{text:?} is no range of pauses\nhelp: write the first and the longest one, as in \"{base}..10s\""
        ));
    };
    let cap = cap.strip_prefix('=').unwrap_or(cap);
    let range = (parse(base.trim())?, parse(cap.trim())?);
    if range.0 > range.1 {
        return Err(format!(
            "the first pause, {base}, is longer than the longest one, {cap}\nhelp: write \"{cap}..{base}\""
        ));
    }
    Ok(range)
}

/// The duration as a user writes it: `1h30m`.
pub(crate) fn text(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    // Weeks are no unit that a timeout is thought of in.
    for (unit, milliseconds) in UNITS.iter().skip(1) {
        let number = rest / milliseconds;
        if number > 0 {
            text.push_str(&format!("{number}{unit}"));
        }
        rest %= milliseconds;
    }
    text
}

/// Whole numbers, each with a unit, longer units first.
fn read(text: &str) -> Option<u64> {
    let (mut rest, mut total, mut smaller) = (text, 0_u64, UNITS.as_slice());
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, unit) = rest.split_at(digits);
        let letters = unit.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at(letters);
        if number.is_empty() {
            return None;
        }
        let at = smaller.iter().position(|(name, _)| *name == unit)?;
        let (_, milliseconds) = smaller.get(at)?;
        // What does not fit is longer than 100 years, too.
        let number = number.parse().map_or(u64::MAX, |number: u64| number.saturating_mul(*milliseconds));
        total = total.saturating_add(number);
        smaller = smaller.get(at + 1..)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// What was probably meant: the same with short units, and without spaces.
fn help(text: &str) -> String {
    let forms = "write a whole number and `ms`, `s`, `m`, `h`, `d` or `w`, as in \"5s\" or \"1h30m\"";
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "millis" | "millisecond" | "milliseconds" | "msec" => "ms",
        "" | "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hour" | "hours" | "hr" => "h",
        "day" | "days" => "d",
        "week" | "weeks" => "w",
        short if UNITS.iter().any(|(name, _)| *name == short) => short,
        _ => return forms.to_owned(),
    }
    .to_owned();
    match parse_number(number) {
        Some(number) if format!("{number}{unit}") != text => format!("write \"{number}{unit}\""),
        _ => forms.to_owned(),
    }
}

fn parse_number(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, parse_range};

    #[test]
    fn durations_are_whole_numbers_with_units() {
        for (text, milliseconds) in [
            ("200ms", 200),
            ("5s", 5_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("2w1d", 1_296_000_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert!(parse("5217w").is_ok());
    }

    #[test]
    fn what_is_no_duration_is_told_how_to_write_one() {
        for (text, expected) in [
            ("5", "help: write \"5s\""),
            ("5 s", "help: write \"5s\""),
            ("10 minutes", "help: write \"10m\""),
            ("0s", "is no time at all"),
            ("", "is no duration"),
            ("s", "is no duration"),
            ("1.5h", "as in \"5s\" or \"1h30m\""),
            ("30m1h", "is no duration"),
            ("5m5m", "is no duration"),
            ("6000w", "longer than 100 years"),
            ("99999999999999999999w", "longer than 100 years"),
            ("-5s", "is no duration"),
            ("5µs", "is no duration"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }

    #[test]
    fn a_range_goes_from_the_first_pause_to_the_longest() {
        let range = Ok((Duration::from_millis(100), Duration::from_secs(10)));
        assert_eq!(parse_range("100ms..10s"), range);
        assert_eq!(parse_range("100ms ..= 10s"), range);
        assert_eq!(parse_range("1s..1s"), Ok((Duration::from_secs(1), Duration::from_secs(1))));
        for (text, expected) in [
            ("10s..100ms", "help: write \"100ms..10s\""),
            ("1s", "as in \"1s..10s\""),
            ("fast", "as in \"100ms..10s\""),
            ("1s..", "is no duration"),
            ("1s..2", "help: write \"2s\""),
        ] {
            let said = parse_range(text).unwrap_err();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
