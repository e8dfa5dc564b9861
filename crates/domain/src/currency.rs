//! The currencies of ISO 4217 that a payment can be made in.

use core::fmt;
use core::str::FromStr;

use crate::wire::{UnknownName, serde_as_text};

/// How many minor units make one unit, by exponent.
/// An exponent that no listed currency has does not compile.
macro_rules! minor_per_unit {
    (0) => {
        1
    };
    (2) => {
        100
    };
    (3) => {
        1_000
    };
}

macro_rules! currencies {
    ($( ($variant:ident, $code:literal, $exponent:tt), )+) => {
        /// A currency, by its ISO 4217 code.
        ///
        /// Amounts are counted in the minor units of ISO 4217.
        /// A gateway that counts otherwise (hundredths of a króna, say) is the business of its adapter.
        ///
        /// Codes that ISO has withdrawn stay in the list while a gateway still takes them:
        /// a payment of last year must stay readable and refundable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Currency {
            $(
                #[doc = concat!("`", $code, "`, exponent ", stringify!($exponent), ".")]
                $variant,
            )+
        }

        impl Currency {
            /// Every currency, by code.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The ISO 4217 code, in upper case.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $( Self::$variant => $code, )+
                }
            }

            /// How many decimals an amount has.
            #[must_use]
            pub const fn exponent(self) -> u32 {
                match self {
                    $( Self::$variant => $exponent, )+
                }
            }

            /// [`Self::exponent`] as a width of text.
            pub(crate) const fn decimals(self) -> usize {
                match self {
                    $( Self::$variant => $exponent, )+
                }
            }

            /// How many minor units make one unit: 100 for `IDR`, 1 for `JPY`.
            #[must_use]
            pub const fn minor_per_unit(self) -> i64 {
                match self {
                    $( Self::$variant => minor_per_unit!($exponent), )+
                }
            }

            fn from_code(code: &str) -> Option<Self> {
                match code {
                    $( $code => Some(Self::$variant), )+
                    _ => None,
                }
            }
        }
    };
}

currencies! {
    (Aed, "AED", 2),
    (Afn, "AFN", 2),
    (All, "ALL", 2),
    (Amd, "AMD", 2),
    (Ang, "ANG", 2),
    (Aoa, "AOA", 2),
    (Ars, "ARS", 2),
    (Aud, "AUD", 2),
    (Awg, "AWG", 2),
    (Azn, "AZN", 2),
    (Bam, "BAM", 2),
    (Bbd, "BBD", 2),
    (Bdt, "BDT", 2),
    (Bgn, "BGN", 2),
    (Bhd, "BHD", 3),
    (Bif, "BIF", 0),
    (Bmd, "BMD", 2),
    (Bnd, "BND", 2),
    (Bob, "BOB", 2),
    (Brl, "BRL", 2),
    (Bsd, "BSD", 2),
    (Bwp, "BWP", 2),
    (Byn, "BYN", 2),
    (Bzd, "BZD", 2),
    (Cad, "CAD", 2),
    (Cdf, "CDF", 2),
    (Chf, "CHF", 2),
    (Clp, "CLP", 0),
    (Cny, "CNY", 2),
    (Cop, "COP", 2),
    (Crc, "CRC", 2),
    (Cve, "CVE", 2),
    (Czk, "CZK", 2),
    (Djf, "DJF", 0),
    (Dkk, "DKK", 2),
    (Dop, "DOP", 2),
    (Dzd, "DZD", 2),
    (Egp, "EGP", 2),
    (Etb, "ETB", 2),
    (Eur, "EUR", 2),
    (Fjd, "FJD", 2),
    (Fkp, "FKP", 2),
    (Gbp, "GBP", 2),
    (Gel, "GEL", 2),
    (Gip, "GIP", 2),
    (Gmd, "GMD", 2),
    (Gnf, "GNF", 0),
    (Gtq, "GTQ", 2),
    (Gyd, "GYD", 2),
    (Hkd, "HKD", 2),
    (Hnl, "HNL", 2),
    (Htg, "HTG", 2),
    (Huf, "HUF", 2),
    (Idr, "IDR", 2),
    (Ils, "ILS", 2),
    (Inr, "INR", 2),
    (Isk, "ISK", 0),
    (Jmd, "JMD", 2),
    (Jod, "JOD", 3),
    (Jpy, "JPY", 0),
    (Kes, "KES", 2),
    (Kgs, "KGS", 2),
    (Khr, "KHR", 2),
    (Kmf, "KMF", 0),
    (Krw, "KRW", 0),
    (Kwd, "KWD", 3),
    (Kyd, "KYD", 2),
    (Kzt, "KZT", 2),
    (Lak, "LAK", 2),
    (Lbp, "LBP", 2),
    (Lkr, "LKR", 2),
    (Lrd, "LRD", 2),
    (Lsl, "LSL", 2),
    (Mad, "MAD", 2),
    (Mdl, "MDL", 2),
    (Mga, "MGA", 2),
    (Mkd, "MKD", 2),
    (Mmk, "MMK", 2),
    (Mnt, "MNT", 2),
    (Mop, "MOP", 2),
    (Mur, "MUR", 2),
    (Mvr, "MVR", 2),
    (Mwk, "MWK", 2),
    (Mxn, "MXN", 2),
    (Myr, "MYR", 2),
    (Mzn, "MZN", 2),
    (Nad, "NAD", 2),
    (Ngn, "NGN", 2),
    (Nio, "NIO", 2),
    (Nok, "NOK", 2),
    (Npr, "NPR", 2),
    (Nzd, "NZD", 2),
    (Omr, "OMR", 3),
    (Pab, "PAB", 2),
    (Pen, "PEN", 2),
    (Pgk, "PGK", 2),
    (Php, "PHP", 2),
    (Pkr, "PKR", 2),
    (Pln, "PLN", 2),
    (Pyg, "PYG", 0),
    (Qar, "QAR", 2),
    (Ron, "RON", 2),
    (Rsd, "RSD", 2),
    (Rub, "RUB", 2),
    (Rwf, "RWF", 0),
    (Sar, "SAR", 2),
    (Sbd, "SBD", 2),
    (Scr, "SCR", 2),
    (Sek, "SEK", 2),
    (Sgd, "SGD", 2),
    (Shp, "SHP", 2),
    (Sle, "SLE", 2),
    (Sos, "SOS", 2),
    (Srd, "SRD", 2),
    (Std, "STD", 2),
    (Svc, "SVC", 2),
    (Szl, "SZL", 2),
    (Thb, "THB", 2),
    (Tjs, "TJS", 2),
    (Tnd, "TND", 3),
    (Top, "TOP", 2),
    (Try, "TRY", 2),
    (Ttd, "TTD", 2),
    (Twd, "TWD", 2),
    (Tzs, "TZS", 2),
    (Uah, "UAH", 2),
    (Ugx, "UGX", 0),
    (Usd, "USD", 2),
    (Uyu, "UYU", 2),
    (Uzs, "UZS", 2),
    (Vnd, "VND", 0),
    (Vuv, "VUV", 0),
    (Wst, "WST", 2),
    (Xaf, "XAF", 0),
    (Xcd, "XCD", 2),
    (Xcg, "XCG", 2),
    (Xof, "XOF", 0),
    (Xpf, "XPF", 0),
    (Yer, "YER", 2),
    (Zar, "ZAR", 2),
    (Zmw, "ZMW", 2),
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Currency {
    type Err = UnknownName;

    /// Takes the code as ISO writes it, and all in lower case, as one gateway does.
    /// A mixture is a typing error and refused.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = if name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            Self::from_code(&name.to_ascii_uppercase())
        } else {
            Self::from_code(name)
        };
        found.ok_or_else(|| UnknownName {
            what: "currency",
            name: name.to_owned(),
        })
    }
}

serde_as_text!(Currency);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn with_exponent(exponent: u32) -> Vec<&'static str> {
        let all = Currency::ALL.iter().copied();
        all.filter(|currency| currency.exponent() == exponent)
            .map(Currency::code)
            .collect()
    }

    #[test]
    fn every_currency_is_listed_once_in_the_order_of_its_code() {
        let codes: Vec<_> = Currency::ALL
            .iter()
            .map(|currency| currency.code())
            .collect();
        let sorted: Vec<_> = codes
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        assert_eq!(codes, sorted);
    }

    #[test]
    fn every_currency_is_read_back_from_its_code_in_either_case() {
        for currency in Currency::ALL {
            assert_eq!(currency.to_string().parse(), Ok(*currency));
            assert_eq!(currency.code().to_lowercase().parse(), Ok(*currency));
        }
    }

    #[test]
    fn a_code_that_is_not_iso_is_refused_with_its_text() {
        for name in [
            "", "Idr", "iDR", "ID", "IDRR", " IDR", "IDR ", "XXX", "rp", "360",
        ] {
            let refused = UnknownName {
                what: "currency",
                name: name.to_owned(),
            };
            assert_eq!(name.parse::<Currency>(), Err(refused));
        }
    }

    #[test]
    fn exponents_are_those_of_iso_4217() {
        assert_eq!(
            with_exponent(0),
            [
                "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
                "VUV", "XAF", "XOF", "XPF"
            ]
        );
        assert_eq!(with_exponent(3), ["BHD", "JOD", "KWD", "OMR", "TND"]);
        assert_eq!(
            with_exponent(0).len() + with_exponent(2).len() + with_exponent(3).len(),
            Currency::ALL.len()
        );
        for currency in [
            Currency::Idr,
            Currency::Php,
            Currency::Myr,
            Currency::Mga,
            Currency::Huf,
        ] {
            assert_eq!(currency.exponent(), 2);
        }
    }

    #[test]
    fn a_unit_is_ten_to_the_exponent_minor_units() {
        for currency in Currency::ALL {
            assert_eq!(currency.minor_per_unit(), 10_i64.pow(currency.exponent()));
            assert_eq!(currency.decimals(), currency.exponent() as usize);
        }
    }

    #[test]
    fn a_currency_is_padded_like_text() {
        assert_eq!(format!("{:>5}|", Currency::Usd), "  USD|");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_currency_is_its_code_in_json() {
        assert_eq!(serde_json::to_string(&Currency::Idr).unwrap(), r#""IDR""#);
        assert_eq!(
            serde_json::from_str::<Currency>(r#""idr""#).unwrap(),
            Currency::Idr
        );
        assert!(serde_json::from_str::<Currency>(r#""Idr""#).is_err());
        assert!(serde_json::from_str::<Currency>("360").is_err());
    }
}
