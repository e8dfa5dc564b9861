use bayar_domain::InvalidText;

/// An amount as somebody wrote it: digits, and a point with more digits perhaps.
/// What it is worth depends on a currency, which is the order's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountText(String);

impl AmountText {
    const LONGEST: usize = 32;

    /// Takes digits with at most one point between them, and no zeros that mean nothing at the beginning.
    ///
    /// # Errors
    /// When it is anything else: a sign, an exponent, a group separator, a space.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let padded = whole.len() > 1 && whole.starts_with('0');
        if digits(whole) && digits(decimals) && !padded && text.len() <= Self::LONGEST {
            Ok(Self(text))
        } else {
            Err(InvalidText {
                what: "amount",
                rule: "is written with digits and at most one point, such as 5000.00",
            })
        }
    }

    /// The amount as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for every way to write the same amount: `5000`, `5000.0` and `5000.00`.
    #[must_use]
    pub fn canonical(&self) -> &str {
        if self.0.contains('.') {
            self.0.trim_end_matches('0').trim_end_matches('.')
        } else {
            &self.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_kept_as_it_was_written() {
        for text in ["5000", "5000.00", "0.5", "0", "1234567890123456.789"] {
            assert_eq!(AmountText::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_plain_amount_is_refused() {
        for text in [
            "",
            ".",
            "5.",
            ".5",
            "5,000",
            "5 000",
            "+5",
            "-5",
            "5e3",
            "5E3",
            "0x5",
            "05",
            "00.5",
            "5.0.0",
            "NaN",
            "inf",
            "٥",
            "5000\n",
            "111111111111111111111111111111111",
        ] {
            assert!(AmountText::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn one_amount_has_one_canonical_form() {
        let canonical = |text| AmountText::new(text).unwrap().canonical().to_owned();
        for text in ["5000", "5000.0", "5000.00"] {
            assert_eq!(canonical(text), "5000");
        }
        assert_eq!(canonical("0.50"), "0.5");
        assert_eq!(canonical("0.0"), "0");
        assert_eq!(canonical("10"), "10");
    }
}
