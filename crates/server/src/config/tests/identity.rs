use super::{LONG, faults_of, load, with};

/// Its private half was thrown away.
pub(super) const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
oQIDAQAB
-----END PUBLIC KEY-----
";

/// Its private half was thrown away.
pub(super) const ED25519_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

const HS256: &[(&str, &str)] = &[
    ("IDP_ISSUER", "https://id.example.com/"),
    ("IDP_AUDIENCE", "bayar"),
    ("IDP_ALGORITHM", "HS256"),
    ("IDP_SECRET", LONG),
];

const RS256: &[(&str, &str)] = &[
    ("IDP_ISSUER", "https://id.example.com/"),
    ("IDP_AUDIENCE", "bayar"),
    ("IDP_ALGORITHM", "RS256"),
    ("IDP_PUBLIC_KEY", RSA),
];

#[test]
fn a_shared_secret_is_taken_for_hs256() {
    assert!(load(HS256).identity.is_some());
    assert!(load(&[]).identity.is_none());
}

#[test]
fn a_public_key_is_taken_for_the_others() {
    assert!(load(RS256).identity.is_some());
    let eddsa = [("IDP_ALGORITHM", "EdDSA"), ("IDP_PUBLIC_KEY", ED25519_KEY)];
    assert!(load(&with(RS256, &eddsa)).identity.is_some());
}

#[test]
fn a_public_key_may_have_its_line_ends_written_out() {
    let one_line = RSA.replace('\n', "\\n");
    let pairs = with(RS256, &[("IDP_PUBLIC_KEY", &one_line)]);
    assert!(load(&pairs).identity.is_some());
}

#[test]
fn a_provider_is_set_up_wholly_or_not_at_all() {
    assert_eq!(
        faults_of(&[("IDP_USER_CLAIM", "user_id")]),
        ["IDP_ISSUER", "IDP_AUDIENCE", "IDP_ALGORITHM"]
            .map(|name| format!("{name}: is not set, and IDP_USER_CLAIM is"))
    );
    assert_eq!(
        faults_of(&with(HS256, &[("IDP_SECRET", "")])),
        ["IDP_SECRET: is not set, and the algorithm needs it"]
    );
    assert_eq!(
        faults_of(&with(RS256, &[("IDP_PUBLIC_KEY", "")])),
        ["IDP_PUBLIC_KEY: is not set, and the algorithm needs it"]
    );
}

#[test]
fn a_key_belongs_to_its_algorithm() {
    assert_eq!(
        faults_of(&with(HS256, &[("IDP_PUBLIC_KEY", RSA)])),
        ["IDP_PUBLIC_KEY: belongs to RS256 and EdDSA, not to HS256"]
    );
    assert_eq!(
        faults_of(&with(RS256, &[("IDP_SECRET", LONG)])),
        ["IDP_SECRET: belongs to HS256, not to RS256 or EdDSA"]
    );
    assert_eq!(
        faults_of(&with(RS256, &[("IDP_PUBLIC_KEY", ED25519_KEY)])),
        ["IDP_PUBLIC_KEY: cannot be used: the key is not a public key of this algorithm"]
    );
    assert_eq!(
        faults_of(&with(RS256, &[("IDP_ALGORITHM", "EdDSA")])),
        ["IDP_PUBLIC_KEY: cannot be used: the key is not a public key of this algorithm"]
    );
}

#[test]
fn only_strong_algorithms_and_secrets_are_taken() {
    for algorithm in ["none", "HS512", "hs256"] {
        assert_eq!(
            faults_of(&with(HS256, &[("IDP_ALGORITHM", algorithm)])),
            [format!(
                "IDP_ALGORITHM: {algorithm:?} is not one of HS256, RS256, EdDSA"
            )]
        );
    }
    assert_eq!(
        faults_of(&with(HS256, &[("IDP_SECRET", &LONG[..31])])),
        ["IDP_SECRET: cannot be used: a secret must have at least 32 bytes"]
    );
}

#[test]
fn roles_are_mapped_by_a_claim() {
    let more = [
        ("IDP_ROLE_CLAIM", "role"),
        ("IDP_ROLE_MAP", "staff = operator,a=b=customer"),
    ];
    assert!(load(&with(HS256, &more)).identity.is_some());
}

#[test]
fn a_role_needs_a_claim_and_a_map() {
    assert_eq!(
        faults_of(&with(HS256, &[("IDP_ROLE_CLAIM", "role")])),
        ["IDP_ROLE_MAP: is not set, and IDP_ROLE_CLAIM is"]
    );
    assert_eq!(
        faults_of(&with(HS256, &[("IDP_ROLE_MAP", "staff=operator")])),
        ["IDP_ROLE_CLAIM: is not set, and IDP_ROLE_MAP is"]
    );
    let refusal =
        "is not a value of the claim and a role, such as staff=operator or member=customer";
    let more = [
        ("IDP_ROLE_CLAIM", "role"),
        (
            "IDP_ROLE_MAP",
            "app=service,=operator,staff,a=customer,a=operator",
        ),
    ];
    assert_eq!(
        faults_of(&with(HS256, &more)),
        ["app=service", "=operator", "staff"]
            .map(|entry| format!("IDP_ROLE_MAP: {entry:?} {refusal}"))
    );
    let twice = [
        ("IDP_ROLE_CLAIM", "role"),
        ("IDP_ROLE_MAP", "a=customer,a=operator"),
    ];
    assert_eq!(
        faults_of(&with(HS256, &twice)),
        [r#"IDP_ROLE_MAP: "a" stands there more than once"#]
    );
}
