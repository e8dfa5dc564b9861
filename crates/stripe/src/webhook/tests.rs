use super::*;

const BODY: &[u8] = br#"{"id":"evt_test_1","object":"event","type":"payment_intent.succeeded"}"#;
const SECRET: &str = "whsec_test_secret";
const SIGNED: i64 = 1_700_000_000;
const SIGNATURE: &str = "871acfe933554b446cc41d791076dd56a10c0553cc61aafbeb881d0082b45043";

fn secrets(of: &[&str]) -> Vec<SecretString> {
    of.iter()
        .map(|secret| SecretString::from(*secret))
        .collect()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(SIGNED + seconds, 0).unwrap()
}

fn check(header: &str) -> Result<(), SignatureError> {
    verify(BODY, header, &secrets(&[SECRET]), at(0), TOLERANCE)
}

#[test]
fn the_known_signature_is_believed() {
    assert_eq!(check(&format!("t={SIGNED},v1={SIGNATURE}")), Ok(()));
}

#[test]
fn any_of_several_signatures_counts() {
    let other = "0".repeat(64);
    for header in [
        format!("t={SIGNED},v1={other},v1={SIGNATURE}"),
        format!("t={SIGNED},v1={SIGNATURE},v1={other}"),
        format!("t={SIGNED},v0={other},v1=nothex,v1={SIGNATURE},v2=x"),
        format!("v1={SIGNATURE}, t={SIGNED}"),
    ] {
        assert_eq!(check(&header), Ok(()), "{header}");
    }
}

#[test]
fn any_of_several_secrets_counts() {
    let header = format!("t={SIGNED},v1={SIGNATURE}");
    for both in [["whsec_new", SECRET], [SECRET, "whsec_new"], ["", SECRET]] {
        assert_eq!(
            verify(BODY, &header, &secrets(&both), at(0), TOLERANCE),
            Ok(())
        );
    }
    let others = secrets(&["whsec_new", "test_secret", ""]);
    let refused = verify(BODY, &header, &others, at(0), TOLERANCE);
    assert_eq!(refused, Err(SignatureError::Mismatch));
}

#[test]
fn without_a_secret_nothing_is_believed() {
    let header = format!("t={SIGNED},v1={SIGNATURE}");
    let refused = verify(BODY, &header, &[], at(0), TOLERANCE);
    assert_eq!(refused, Err(SignatureError::NoSecret));
}

#[test]
fn an_empty_secret_signs_nothing() {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
    mac.update(format!("{SIGNED}.").as_bytes());
    mac.update(BODY);
    let header = format!("t={SIGNED},v1={}", hex::encode(mac.finalize().into_bytes()));
    let refused = verify(BODY, &header, &secrets(&[""]), at(0), TOLERANCE);
    assert_eq!(refused, Err(SignatureError::Mismatch));
}

#[test]
fn a_changed_body_or_time_is_not_believed() {
    let header = format!("t={SIGNED},v1={SIGNATURE}");
    let mut longer = BODY.to_vec();
    longer.push(b'\n');
    let refused = verify(&longer, &header, &secrets(&[SECRET]), at(0), TOLERANCE);
    assert_eq!(refused, Err(SignatureError::Mismatch));

    let later = format!("t={},v1={SIGNATURE}", SIGNED + 1);
    assert_eq!(check(&later), Err(SignatureError::Mismatch));
    // A second time beside the one that was signed does not move it.
    let twice = format!("t={SIGNED},t={},v1={SIGNATURE}", SIGNED + 900);
    let refused = verify(BODY, &twice, &secrets(&[SECRET]), at(900), TOLERANCE);
    assert_eq!(refused, Err(SignatureError::Stale));
}

#[test]
fn a_signature_is_believed_for_five_minutes_both_ways() {
    let header = format!("t={SIGNED},v1={SIGNATURE}");
    let checked = |seconds| verify(BODY, &header, &secrets(&[SECRET]), at(seconds), TOLERANCE);
    for seconds in [-300, 0, 300] {
        assert_eq!(checked(seconds), Ok(()), "{seconds}");
    }
    for seconds in [-301, 301, 86_400] {
        assert_eq!(checked(seconds), Err(SignatureError::Stale), "{seconds}");
    }
}

#[test]
fn a_tolerance_of_nothing_cannot_be_had() {
    assert_eq!(Tolerance::new(TimeDelta::zero()), None);
    assert_eq!(Tolerance::new(TimeDelta::seconds(-1)), None);
    assert_eq!(Tolerance::new(TimeDelta::seconds(300)), Some(TOLERANCE));
}

#[test]
fn garbage_is_no_signature() {
    for header in [
        "",
        "garbage",
        ",",
        "t=,v1=",
        &format!("v1={SIGNATURE}"),
        &format!("t={SIGNED}"),
        &format!("t={SIGNED},v0={SIGNATURE}"),
        &format!("t=-{SIGNED},v1={SIGNATURE}"),
        &format!("t=now,v1={SIGNATURE}"),
        &format!("t={SIGNED},v1=zz"),
    ] {
        assert_eq!(check(header), Err(SignatureError::Malformed), "{header}");
    }
    // Shorter and longer ones are compared, and differ.
    for signature in ["", "87", &format!("{SIGNATURE}00")] {
        let refused = check(&format!("t={SIGNED},v1={signature}"));
        assert_eq!(refused, Err(SignatureError::Mismatch), "{signature}");
    }
}
