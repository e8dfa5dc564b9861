use super::*;
use crate::identity::testing::Counting;

const PASSWORD: &str = "correct horse battery staple";
/// Made by the reference implementation in C, with a salt of ones.
const HASHED: &str = "$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$62QdG5Ru3xTGLX3KBXjk3JI2y0qvK/4QPpdRvIrGYkI";
/// Made by it for "kuda betul 🐎 bateri", with a salt of twos.
const HASHED_WITH_A_HORSE: &str = "$argon2id$v=19$m=19456,t=2,p=1$AgICAgICAgICAgICAgICAg$WUXPValLIvWDc+VtNB6KAy3xZLSWBw7Rv7yT4bHtQdQ";
/// Made by it at lower costs, so that the tests are fast.
const OLD: [&str; 3] = [
    "$argon2id$v=19$m=8192,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$QQ5wpDQ354L1OVib3ewTpeelUT3tdADeBLa4su9xouE",
    "$argon2id$v=19$m=1024,t=3,p=2$AQEBAQEBAQE$CHw2yHBjf2nTlwl18s1EXw",
    "$argon2id$v=19$m=1024,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$oIFABpnL1x+VJqYTQdkyvaUdfCeMKY2Fiwgm74rWEEw",
];

fn restore(text: &str) -> PasswordHash {
    PasswordHash::restore(text).unwrap()
}

#[test]
fn a_hash_is_what_the_reference_implementation_makes() {
    let random = Counting::default();
    let hash = PasswordHash::new(PASSWORD, &random).unwrap();
    assert_eq!(hash.as_str(), HASHED);
    let hash = PasswordHash::new("kuda betul 🐎 bateri", &random).unwrap();
    assert_eq!(hash.as_str(), HASHED_WITH_A_HORSE);
}

#[test]
fn the_password_is_known_again_and_another_is_not() {
    let hash = restore(HASHED);
    assert_eq!(hash.verify(PASSWORD), Verified::Yes);
    assert_eq!(hash.verify("correct horse battery stapl3"), Verified::No);
}

#[test]
fn a_password_counts_to_its_last_byte() {
    let hash = restore(OLD[2]);
    assert_eq!(hash.verify(PASSWORD), Verified::YesButOld);
    let others = [
        "",
        "correct horse battery stapl",
        "correct horse battery staple ",
        " correct horse battery staple",
        "correct horse battery staple\0",
        "correct horse battery staple\n",
        "Correct horse battery staple",
    ];
    for other in others {
        assert_eq!(hash.verify(other), Verified::No, "{other:?}");
    }
}

#[test]
fn a_hash_made_in_another_way_is_to_be_made_again() {
    for old in OLD {
        assert_eq!(restore(old).verify(PASSWORD), Verified::YesButOld, "{old}");
        assert_eq!(restore(old).verify("wrong password"), Verified::No, "{old}");
    }
}

#[test]
fn the_decoy_costs_what_a_new_hash_costs_and_knows_no_password() {
    let decoy = PasswordHash::decoy();
    assert!(read(decoy.as_str()).unwrap().is_current());
    assert!(read(HASHED).unwrap().is_current());
    assert_eq!(restore(decoy.as_str()), decoy);
    assert_eq!(decoy.verify(PASSWORD), Verified::No);
}

#[test]
fn a_password_has_8_to_1024_bytes() {
    let random = Counting::default();
    let refusal = |password: &str| {
        let refusal = PasswordHash::new(password, &random).unwrap_err();
        refusal.to_string()
    };
    for short in ["", "1234567", "üüü1"] {
        assert_eq!(refusal(short), "the password must have at least 8 bytes");
    }
    let long = "x".repeat(1025);
    assert_eq!(refusal(&long), "the password must have at most 1024 bytes");
    assert!(PasswordHash::new("12345678", &random).is_ok());
    assert!(PasswordHash::new("üüüü", &random).is_ok());
    assert!(PasswordHash::new(&long[1..], &random).is_ok());
}

#[test]
fn a_password_holds_no_control_characters() {
    for password in [
        "password\0",
        "pass\nword",
        "\tpassword",
        "password\u{7f}",
        "password\u{85}",
    ] {
        let refusal = PasswordHash::new(password, &Counting::default()).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the password must not hold control characters",
            "{password:?}"
        );
    }
}

#[test]
fn only_argon2id_hashes_of_bearable_cost_are_taken() {
    let costing = |cost: &str| HASHED.replace("m=19456,t=2,p=1", cost);
    for cost in ["m=262144,t=1,p=1", "m=1024,t=16,p=1", "m=1024,t=1,p=16"] {
        assert!(PasswordHash::restore(costing(cost)).is_ok(), "{cost}");
    }
    let (head, tag) = HASHED.rsplit_once('$').unwrap();
    for text in [
        String::new(),
        "password".to_owned(),
        "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy".to_owned(),
        HASHED.replace("argon2id", "argon2i"),
        HASHED.replace("argon2id", "argon2d"),
        HASHED.replace("argon2id", "scrypt"),
        HASHED.replace("v=19", "v=16"),
        HASHED.replace("$v=19", ""),
        costing("m=262145,t=1,p=1"),
        costing("m=4294967295,t=1,p=1"),
        costing("m=1024,t=17,p=1"),
        costing("m=1024,t=1,p=17"),
        costing("m=0,t=1,p=1"),
        costing("m=1024,t=0,p=1"),
        costing("m=1024,t=1,p=0"),
        costing("m=-1,t=1,p=1"),
        costing("m=1024,t=1,p=1,keyid=AQEB"),
        costing("m=1024,t=1,p=1,data=AQEB"),
        costing("m=1024,t=1,p=1,x=1"),
        head.to_owned(),
        format!("{head}$"),
        // A tag of 96 bits.
        format!("{head}${}", &tag[..16]),
        // A salt of 56 bits.
        HASHED.replace("$AQEBAQEBAQEBAQEBAQEBAQ$", "$AQEBAQEBAQ$"),
        HASHED.replace("$AQEBAQEBAQEBAQEBAQEBAQ$", "$"),
        format!("{HASHED}="),
        format!("{HASHED}$"),
        format!(" {HASHED}"),
        format!("{HASHED}\n"),
    ] {
        let refusal = PasswordHash::restore(text.as_str()).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the password hash must be an argon2id PHC string of bearable cost",
            "{text:?}"
        );
    }
}

#[test]
fn a_hash_is_not_shown_by_debug() {
    assert_eq!(format!("{:?}", restore(HASHED)), "PasswordHash(..)");
}
