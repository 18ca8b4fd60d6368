/// A number as text that reads back to the same bits, with neither unit nor grouping; empty for NaN (missing).
///
/// Shortest round-trip digits; exponents only where plain digits would be long.
pub fn exact(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        String::new()
    } else if size == 0.0 || (1e-5..1e15).contains(&size) || size.is_infinite() {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back_to_the_same_bits(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            let read: f64 = exact(value).parse().unwrap();
            prop_assert_eq!(read.to_bits(), bits);
        }
    }

    #[test]
    fn long_digits_become_exponents_and_missing_is_empty() {
        assert_eq!(exact(8.25), "8.25");
        assert_eq!(exact(1.5e-9), "1.5e-9");
        assert_eq!(exact(6.02e23), "6.02e23");
        assert_eq!(exact(-0.0), "-0");
        assert_eq!(exact(f64::NAN), "");
    }
}
