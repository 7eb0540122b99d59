//! Whole numbers as `numeric`: digits to the base of 10,000, the first one's weight, a sign.

use sqlx::error::BoxDynError;

const NEGATIVE: u16 = 0x4000;

pub(super) fn write(number: i128, buffer: &mut Vec<u8>) {
    let mut digits = Vec::with_capacity(10);
    let mut rest = number.unsigned_abs();
    while rest > 0 {
        digits.push((rest % 10_000) as u16);
        rest /= 10_000;
    }
    let count = digits.len() as u16;
    let sign = if number < 0 { NEGATIVE } else { 0 };
    // The number of digits, the weight of the first one, the sign, no digit behind the point. 128 bits are ten digits.
    for part in [count, count.saturating_sub(1), sign, 0].into_iter().chain(digits.into_iter().rev()) {
        buffer.extend_from_slice(&part.to_be_bytes());
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<i128, BoxDynError> {
    let mut parts = bytes.chunks(2).map(|pair| pair.try_into().map(i16::from_be_bytes));
    let mut next = || parts.next().ok_or("a number is cut off")?.map_err(BoxDynError::from);
    let (count, weight, sign, _) = (next()?, next()?, next()?.cast_unsigned(), next()?);
    if sign != 0 && sign != NEGATIVE {
        return Err("it is not a number".into());
    }
    let beyond = || BoxDynError::from("it is not a whole number of 128 bits");
    let mut number = 0_i128;
    // Downwards: the least number has no counterpart above zero.
    for nth in 0..count.max(weight.saturating_add(1)) {
        let digit = if nth < count { next()? } else { 0 };
        if nth <= weight {
            number = number
                .checked_mul(10_000)
                .and_then(|number| number.checked_sub(digit.into()))
                .ok_or_else(beyond)?;
        } else if digit != 0 {
            return Err(beyond());
        }
    }
    if sign == NEGATIVE { Ok(number) } else { number.checked_neg().ok_or_else(beyond) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let ten = |exponent| 10_i128.pow(exponent);
        let numbers =
            [0, 1, 9_999, 10_000, 10_001, 120_000_000, ten(38), u64::MAX.into(), i128::MAX, i128::MIN];
        for number in numbers {
            for number in [number, number.wrapping_neg()] {
                let mut bytes = Vec::new();
                write(number, &mut bytes);
                assert_eq!(read(&bytes).unwrap(), number);
            }
        }
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        let bytes = |parts: &[i16]| parts.iter().flat_map(|part| part.to_be_bytes()).collect::<Vec<_>>();
        // 1.5, NaN, 10^40, nothing.
        for parts in [&[2, 0, 0, 1, 1, 5000][..], &[0, 0, -16384, 0], &[1, 10, 0, 0, 1], &[]] {
            assert!(read(&bytes(parts)).is_err(), "{parts:?}");
        }
        // 20,000, whose last digit is left out, and 3.0 with a digit that says nothing.
        assert_eq!(read(&bytes(&[1, 1, 0, 0, 2])).unwrap(), 20_000);
        assert_eq!(read(&bytes(&[2, 0, 0, 1, 3, 0])).unwrap(), 3);
    }
}
