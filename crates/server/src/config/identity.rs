//! An identity provider whose tokens are accepted.

use bayar_app::identity::{ExternalIssuer, ExternalKey, ExternalTerms, InvalidIssuer, Role};

use super::reader::{Parsed, Reader};
use super::setting::Setting;
use super::table;
use super::values::{one_of, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Hs256,
    Rs256,
    EdDsa,
}

const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("HS256", Algorithm::Hs256),
    ("RS256", Algorithm::Rs256),
    ("EdDSA", Algorithm::EdDsa),
];

const ROLES: &[(&str, Role)] = &[("customer", Role::Customer), ("operator", Role::Operator)];

/// Nothing when none of it is set, and nothing when something is wrong with it.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<ExternalIssuer> {
    let issuer = reader.value(&table::IDP_ISSUER, text);
    let audience = reader.value(&table::IDP_AUDIENCE, text);
    let algorithm = reader.value(&table::IDP_ALGORITHM, one_of(ALGORITHMS));
    let secret = reader.value(&table::IDP_SECRET, text);
    let public_key = reader.value(&table::IDP_PUBLIC_KEY, text);
    let user_claim = reader.value(&table::IDP_USER_CLAIM, text);
    let (role_claim, role_map) = read_roles(reader);

    let all = [
        &table::IDP_ISSUER,
        &table::IDP_AUDIENCE,
        &table::IDP_ALGORITHM,
        &table::IDP_SECRET,
        &table::IDP_PUBLIC_KEY,
        &table::IDP_USER_CLAIM,
        &table::IDP_ROLE_CLAIM,
        &table::IDP_ROLE_MAP,
    ];
    let given = all.iter().find(|setting| reader.is_changed(setting))?;
    for setting in [
        &table::IDP_ISSUER,
        &table::IDP_AUDIENCE,
        &table::IDP_ALGORITHM,
    ] {
        require(reader, setting, &format!("{} is", given.name));
    }
    let terms = ExternalTerms {
        key: read_key(reader, algorithm?, secret, public_key)?,
        issuer: issuer?,
        audience: audience?,
        user_claim: user_claim?,
        role_claim,
        role_map: role_map?,
    };
    match ExternalIssuer::new(terms) {
        Ok(issuer) => Some(issuer),
        Err(refused) => {
            let setting = match refused {
                InvalidIssuer::Issuer => &table::IDP_ISSUER,
                InvalidIssuer::Audience => &table::IDP_AUDIENCE,
                InvalidIssuer::ClaimName => &table::IDP_USER_CLAIM,
                // It is noted already that the claim is missing.
                InvalidIssuer::RoleMapWithoutClaim => return None,
                InvalidIssuer::ServiceRole => &table::IDP_ROLE_MAP,
            };
            reader.fault(setting, format!("cannot be used: {refused}"));
            None
        }
    }
}

/// The key of the one algorithm: no token chooses it.
fn read_key(
    reader: &mut Reader<'_>,
    algorithm: Algorithm,
    secret: Option<String>,
    public_key: Option<String>,
) -> Option<ExternalKey> {
    let (wanted, other, belongs) = match algorithm {
        Algorithm::Hs256 => (
            &table::IDP_SECRET,
            &table::IDP_PUBLIC_KEY,
            "RS256 and EdDSA, not to HS256",
        ),
        Algorithm::Rs256 | Algorithm::EdDsa => (
            &table::IDP_PUBLIC_KEY,
            &table::IDP_SECRET,
            "HS256, not to RS256 or EdDSA",
        ),
    };
    require(reader, wanted, "the algorithm needs it");
    if reader.is_given(other) {
        reader.fault(other, format!("belongs to {belongs}"));
    }
    let key = match algorithm {
        Algorithm::Hs256 => ExternalKey::hs256(secret?.as_bytes()),
        // A PEM on one line has its line ends written out.
        Algorithm::Rs256 => ExternalKey::rs256(&public_key?.replace("\\n", "\n")),
        Algorithm::EdDsa => ExternalKey::eddsa(&public_key?.replace("\\n", "\n")),
    };
    key.map_err(|refused| reader.fault(wanted, format!("cannot be used: {refused}")))
        .ok()
}

/// The claim with the roles, and what they are here.
fn read_roles(reader: &mut Reader<'_>) -> (Option<String>, Option<Vec<(String, Role)>>) {
    let claim = reader.value(&table::IDP_ROLE_CLAIM, text);
    let pairs = match reader.list(&table::IDP_ROLE_MAP, role_of_value) {
        None if !reader.is_given(&table::IDP_ROLE_MAP) => Some(Vec::new()),
        pairs => pairs,
    };
    for (setting, other) in [
        (&table::IDP_ROLE_CLAIM, &table::IDP_ROLE_MAP),
        (&table::IDP_ROLE_MAP, &table::IDP_ROLE_CLAIM),
    ] {
        if reader.is_given(other) {
            require(reader, setting, &format!("{} is", other.name));
        }
    }
    for (index, (value, _)) in pairs.iter().flatten().enumerate() {
        let others = pairs.iter().flatten().take(index);
        if others.clone().any(|(other, _)| other == value) {
            let message = format!("{value:?} stands there more than once");
            reader.fault(&table::IDP_ROLE_MAP, message);
        }
    }
    (claim, pairs)
}

fn require(reader: &mut Reader<'_>, setting: &Setting, why: &str) {
    if !reader.is_given(setting) {
        reader.fault(setting, format!("is not set, and {why}"));
    }
}

fn role_of_value(text: &str) -> Parsed<(String, Role)> {
    let refusal = || {
        "is not a value of the claim and a role, such as staff=operator or member=customer"
            .to_owned()
    };
    // A value may hold an equals sign, a role does not.
    let (value, role) = text.rsplit_once('=').ok_or_else(refusal)?;
    let (value, role) = (value.trim(), role.trim());
    match ROLES.iter().find(|(name, _)| *name == role) {
        Some((_, role)) if !value.is_empty() => Ok((value.to_owned(), *role)),
        Some(_) | None => Err(refusal()),
    }
}
