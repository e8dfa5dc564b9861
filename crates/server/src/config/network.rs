//! Networks of IP addresses.

use std::net::IpAddr;

use super::reader::Parsed;

/// One IP address, or all that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `10.1.2.3` or `10.0.0.0/8`.
    pub(super) fn parse(text: &str) -> Parsed<Self> {
        let refusal = || "is not an IP address or a network, such as 10.0.0.0/8".to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| refusal())?;
        if address.to_canonical() != address {
            return Err(
                "is an IPv4 address inside an IPv6 address; write the IPv4 address".to_owned(),
            );
        }
        let bits = bits(address);
        let prefix = match prefix {
            None => bits,
            Some(prefix) => {
                let number = prefix.bytes().all(|byte| byte.is_ascii_digit());
                let prefix = prefix
                    .parse()
                    .ok()
                    .filter(|prefix| number && *prefix <= bits);
                prefix.ok_or_else(refusal)?
            }
        };
        let network = Self { address, prefix };
        if network.has_bits_after_the_prefix() {
            return Err(format!(
                "is not a network: bits are set after the first {prefix}"
            ));
        }
        Ok(network)
    }

    /// Whether an address is in it. An IPv4 address inside an IPv6 address counts as the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                let rest = 32_u32.saturating_sub(self.prefix);
                differing.checked_shr(rest).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                let rest = 128_u32.saturating_sub(self.prefix);
                differing.checked_shr(rest).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether it is every address there is.
    pub(super) const fn is_everything(&self) -> bool {
        self.prefix == 0
    }

    fn has_bits_after_the_prefix(&self) -> bool {
        match self.address {
            IpAddr::V4(address) => address.to_bits().checked_shl(self.prefix).unwrap_or(0) != 0,
            IpAddr::V6(address) => address.to_bits().checked_shl(self.prefix).unwrap_or(0) != 0,
        }
    }
}

const fn bits(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        Network::parse(network)
            .unwrap()
            .contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_a_network_of_one() {
        assert!(contains("10.1.2.3", "10.1.2.3"));
        assert!(!contains("10.1.2.3", "10.1.2.2"));
        assert!(contains("::1", "::1"));
        assert!(!contains("::1", "::2"));
    }

    #[test]
    fn a_network_holds_the_addresses_that_begin_alike() {
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("192.168.128.0/17", "192.168.255.1"));
        assert!(!contains("192.168.128.0/17", "192.168.127.1"));
        assert!(contains("fd00::/8", "fdff::1"));
        assert!(!contains("fd00::/8", "fe00::1"));
        assert!(contains("0.0.0.0/0", "1.2.3.4"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("::/0", "::1"));
    }

    #[test]
    fn an_ipv4_address_inside_ipv6_is_the_ipv4_address() {
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!contains("::/0", "::ffff:10.1.2.3"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "proxy",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
        ] {
            let refusal = "is not an IP address or a network, such as 10.0.0.0/8".to_owned();
            assert_eq!(Network::parse(text), Err(refusal), "{text}");
        }
        for (text, prefix) in [("10.0.0.1/8", 8), ("fd00::1/64", 64), ("0.0.0.1/0", 0)] {
            let refusal = format!("is not a network: bits are set after the first {prefix}");
            assert_eq!(Network::parse(text), Err(refusal), "{text}");
        }
        assert!(
            Network::parse("::ffff:10.0.0.1")
                .unwrap_err()
                .contains("write the IPv4 address")
        );
    }

    #[test]
    fn a_network_of_everything_is_known() {
        assert!(Network::parse("::/0").unwrap().is_everything());
        assert!(!Network::parse("0.0.0.0/1").unwrap().is_everything());
    }
}
