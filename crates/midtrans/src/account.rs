use bayar_domain::gateway::{AccountRef, Gateway, Source};
use bayar_domain::{InvalidText, Mode};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// The account of `key`: the merchant where one is configured, and otherwise a name drawn from the key
/// that says nothing about it.
pub fn source_of(
    key: &SecretString,
    merchant: Option<&AccountRef>,
    mode: Mode,
) -> Result<Source, InvalidText> {
    let account = match merchant {
        Some(merchant) => merchant.clone(),
        None => {
            let digest = hex::encode(Sha256::digest(key.expose_secret()));
            AccountRef::new(format!("key-{}", digest.get(..16).unwrap_or_default()))?
        }
    };
    Ok(Source {
        gateway: Gateway::Midtrans,
        account,
        mode,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_the_merchant_or_a_name_drawn_from_the_key() {
        let key = SecretString::from("SB-Mid-server-abc123");
        let merchant = AccountRef::new("G141532850").unwrap();
        let told = source_of(&key, Some(&merchant), Mode::Live).unwrap();
        assert_eq!(told.account, merchant);
        assert_eq!(told.mode, Mode::Live);

        let drawn = source_of(&key, None, Mode::Test).unwrap();
        // printf %s SB-Mid-server-abc123 | sha256sum
        assert_eq!(drawn.account.as_str(), "key-f34d236189f19303");
        let other = source_of(&SecretString::from("other"), None, Mode::Test).unwrap();
        assert_ne!(drawn.account, other.account);
    }
}
