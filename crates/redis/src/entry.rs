//! An answer as it is kept: a version, the hash of the request, the payment, the body.

use bayar_app::port::store::{RequestHash, StoredAnswer};
use bayar_domain::PaymentId;

/// A program that writes them otherwise must take another number, and then reads none of these.
const VERSION: u8 = 1;
const HEAD: usize = 1 + 32 + 8;

pub(crate) fn write(answer: &StoredAnswer) -> Vec<u8> {
    let StoredAnswer {
        request,
        payment,
        body,
    } = answer;
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(request.as_bytes());
    bytes.extend_from_slice(&payment.get().to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Nothing, when it is not what [`write`] wrote.
pub(crate) fn read(bytes: &[u8]) -> Option<StoredAnswer> {
    let (version, rest) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let (request, rest) = rest.split_first_chunk()?;
    let (payment, body) = rest.split_first_chunk()?;
    Some(StoredAnswer {
        request: RequestHash::from_bytes(*request),
        payment: PaymentId::new(i64::from_be_bytes(*payment)).ok()?,
        body: body.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &[u8]) -> StoredAnswer {
        StoredAnswer {
            request: RequestHash::of(&["order", "7"]),
            payment: PaymentId::new(0x0102_0304_0506_0708).unwrap(),
            body: body.to_vec(),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        for body in [&b""[..], b"{\"id\":100}", &[0, 255, 10, 13]] {
            assert_eq!(read(&write(&answer(body))), Some(answer(body)));
        }
    }

    #[test]
    fn the_bytes_stay_as_they_are() {
        let bytes = write(&answer(b"{}"));
        assert_eq!(bytes[0], 1);
        assert_eq!(
            bytes[1..33],
            RequestHash::of(&["order", "7"]).as_bytes()[..]
        );
        assert_eq!(bytes[33..41], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(&bytes[41..], b"{}");
    }

    #[test]
    fn an_entry_without_its_whole_head_is_not_read() {
        let bytes = write(&answer(b""));
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn another_version_is_not_read() {
        let mut bytes = write(&answer(b"{}"));
        for version in [0, 2, b'{'] {
            bytes[0] = version;
            assert_eq!(read(&bytes), None);
        }
    }

    #[test]
    fn a_payment_that_cannot_be_is_not_read() {
        for payment in [0_i64, -1, i64::MIN] {
            let mut bytes = write(&answer(b"{}"));
            bytes[33..41].copy_from_slice(&payment.to_be_bytes());
            assert_eq!(read(&bytes), None);
        }
    }
}
