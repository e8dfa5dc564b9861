use bayar_app::identity::{Email, PasswordHash, Role, Scopes};
use bayar_app::port::store::{NewApiKey, NewUser};

use crate::random::SeededRandom;

/// A customer who is to be added. No password opens the account.
#[must_use]
pub fn a_user(email: &str) -> NewUser {
    NewUser {
        email: Email::new(email).unwrap(),
        password: password_hash(1),
        role: Role::Customer,
    }
}

/// A hash of no password: another one for each seed, made without the cost of hashing.
#[must_use]
pub fn password_hash(seed: u64) -> PasswordHash {
    // The last letter of each part has to leave no bits over.
    let random = SeededRandom::new(seed);
    let salt = format!("{:016x}{:05x}A", random.next(), random.next() & 0xf_ffff);
    let tag = format!(
        "{:016x}{:016x}{:010x}A",
        random.next(),
        random.next(),
        random.next() & 0xff_ffff_ffff
    );
    PasswordHash::restore(format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${tag}")).unwrap()
}

/// The key of an application that may do everything. Only who knows `hash` finds it.
#[must_use]
pub fn an_api_key(name: &str, hash: [u8; 32]) -> NewApiKey {
    NewApiKey {
        name: name.to_owned(),
        role: Role::Service,
        scopes: Scopes::all(),
        prefix: "bk_sample".to_owned(),
        hash,
    }
}
