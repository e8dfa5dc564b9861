use bayar_domain::TaxPolicy;
use bayar_domain::tax::TaxMode;

use super::files::TempFile;
use super::{faults_of, load};

#[test]
fn the_mode_applies_to_the_standard_rules() {
    for (name, mode) in [
        ("recorded", TaxMode::Recorded),
        ("added", TaxMode::Added),
        ("included", TaxMode::Included),
    ] {
        let taxes = load(&[("TAX_MODE", name), ("TAX_TZ", "+08:00")]).taxes;
        assert_eq!(taxes.policy, TaxPolicy::standard().with_mode(mode));
        assert_eq!(taxes.zone.local_minus_utc(), 8 * 3_600);
    }
}

#[test]
fn rules_come_from_a_file() {
    let standard = TaxPolicy::standard();
    let two = &standard.rules()[..2];
    let file = TempFile::new(serde_json::to_string(two).unwrap());
    let taxes = load(&[("TAX_RULES_FILE", file.path()), ("TAX_MODE", "added")]).taxes;
    assert_eq!(taxes.policy.rules(), two);
    assert_eq!(taxes.policy.mode(), TaxMode::Added);
    let none = TempFile::new("[]");
    assert_eq!(
        load(&[("TAX_RULES_FILE", none.path())])
            .taxes
            .policy
            .rules(),
        []
    );
}

#[test]
fn a_file_that_is_no_list_of_rules_is_refused_with_its_line() {
    let file = TempFile::new("[\n {\"currency\": \"PHP\", \"rate\": \"12\"}]");
    let path = file.path();
    assert_eq!(
        faults_of(&[("TAX_RULES_FILE", path)]),
        [format!(
            "TAX_RULES_FILE: {path:?} is not a JSON list of tax rules: the tax rate is above 0 and at most 1 at line 2 column 34"
        )]
    );
}

#[test]
fn rules_that_contradict_each_other_are_refused() {
    let standard = TaxPolicy::standard();
    let rule = &standard.rules()[0];
    let file = TempFile::new(serde_json::to_string(&[rule, rule]).unwrap());
    let path = file.path();
    assert_eq!(
        faults_of(&[("TAX_RULES_FILE", path)]),
        [format!(
            "TAX_RULES_FILE: {path:?} cannot be used: two rules for VAT in PHP hold on 2006-02-01"
        )]
    );
}
