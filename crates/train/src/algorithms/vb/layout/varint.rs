//! Whole numbers of one byte or several: seven digits in each, the lowest first. The highest bit of a byte says that another one
//! follows.

const DIGITS: u32 = 7;
const MORE: u8 = 1 << DIGITS;

/// Appends a number.
pub(super) fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= u64::from(MORE) {
        bytes.push(number as u8 | MORE);
        number >>= DIGITS;
    }
    bytes.push(number as u8);
}

/// Takes the first number. `None` if the bytes end before it does, or if it is too large.
#[inline(always)]
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & !MORE) << shift;
        if byte < MORE {
            return Some(number);
        }
        shift += DIGITS;
        if shift >= u64::BITS {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_read_back(numbers in prop::collection::vec((0..=63_u32).prop_flat_map(|digits| 0..1_u64 << digits), 0..20)) {
            let mut bytes = Vec::new();
            for &number in &numbers {
                push(&mut bytes, number);
            }
            let mut rest = bytes.as_slice();
            let found: Vec<u64> = std::iter::from_fn(|| take(&mut rest)).collect();
            prop_assert_eq!(found, numbers);
        }
    }

    #[test]
    fn small_numbers_are_short_and_others_end() {
        for (number, length) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3)] {
            let mut bytes = Vec::new();
            push(&mut bytes, number);
            assert_eq!(bytes.len(), length);
            assert_eq!(take(&mut &bytes[..length - 1]), None);
        }
        assert_eq!(take(&mut [0xff; 20].as_slice()), None);
    }
}
