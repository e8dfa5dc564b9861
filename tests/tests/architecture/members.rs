//! The table of crates: where each lives, and which others it may use.

use self::Allowed::{Anything, Only};

const DOMAIN: &str = "bayar-domain";
const APP: &str = "bayar-app";
const POSTGRES: &str = "bayar-postgres";
const REDIS: &str = "bayar-redis";
const EMBEDDED: &str = "bayar-embedded";
const STRIPE: &str = "bayar-stripe";
const MIDTRANS: &str = "bayar-midtrans";
const AUDITOR: &str = "bayar-auditor";
const SERVER: &str = "bayar";
const SANDBOX: &str = "bayar-sandbox";
const TESTKIT: &str = "bayar-testkit";
const TESTS: &str = "bayar-tests";

/// The crates that speak to a database, a cache or a gateway.
pub const ADAPTERS: &[&str] = &[POSTGRES, REDIS, EMBEDDED, STRIPE, MIDTRANS];

struct Rule {
    name: &'static str,
    directory: &'static str,
    uses: Allowed,
    /// What its own tests may use besides.
    tests_use: Allowed,
}

enum Allowed {
    Only(&'static [&'static str]),
    Anything,
}

const fn rule(
    name: &'static str,
    directory: &'static str,
    uses: Allowed,
    tests_use: Allowed,
) -> Rule {
    Rule {
        name,
        directory,
        uses,
        tests_use,
    }
}

/// A crate that is not written yet is simply absent from the workspace; one that is not here is refused.
#[rustfmt::skip] // a table
const RULES: &[Rule] = &[
    rule(DOMAIN,   "crates/domain",   Only(&[]),                    Only(&[])),
    rule(APP,      "crates/app",      Only(&[DOMAIN]),              Only(&[TESTKIT])),
    rule(POSTGRES, "crates/postgres", Only(&[DOMAIN, APP]),         Only(&[TESTKIT])),
    rule(REDIS,    "crates/redis",    Only(&[DOMAIN, APP]),         Only(&[TESTKIT])),
    rule(EMBEDDED, "crates/embedded", Only(&[DOMAIN, APP]),         Only(&[TESTKIT])),
    rule(STRIPE,   "crates/stripe",   Only(&[DOMAIN, APP]),         Only(&[TESTKIT])),
    rule(MIDTRANS, "crates/midtrans", Only(&[DOMAIN, APP]),         Only(&[TESTKIT])),
    rule(AUDITOR,  "crates/auditor",  Only(&[]),                    Only(&[])),
    rule(SERVER,   "crates/server",
        Only(&[DOMAIN, APP, POSTGRES, REDIS, EMBEDDED, STRIPE, MIDTRANS, AUDITOR]),
        Only(&[TESTKIT])),
    rule(SANDBOX,  "crates/sandbox",  Only(&[DOMAIN, APP, SERVER, AUDITOR]), Only(&[TESTKIT])),
    rule(TESTKIT,  "crates/testkit",  Only(&[DOMAIN, APP]),         Only(&[])),
    // Its library is a part of its tests: no other member may use it.
    rule(TESTS,    "tests",           Anything,                     Anything),
];

impl Allowed {
    fn contains(&self, name: &str) -> bool {
        match self {
            Only(names) => names.contains(&name),
            Anything => true,
        }
    }
}

/// A member of the workspace.
pub struct Member {
    pub name: String,
    pub directory: String,
    /// The dependencies that lie in this repository.
    pub dependencies: Vec<Dependency>,
}

pub struct Dependency {
    pub name: String,
    pub only_for_tests: bool,
    pub renamed: bool,
}

/// What breaks the table, one sentence each.
pub fn violations(members: &[Member]) -> Vec<String> {
    members.iter().flat_map(member_violations).collect()
}

fn member_violations(member: &Member) -> Vec<String> {
    let Member {
        name,
        directory,
        dependencies,
    } = member;
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        return vec![format!("{name} is not in the table of crates")];
    };
    let mut found = Vec::new();
    if rule.directory != directory {
        found.push(format!(
            "{name} belongs in {}, not in {directory}",
            rule.directory
        ));
    }
    for Dependency {
        name: other,
        only_for_tests,
        renamed,
    } in dependencies
    {
        let allowed =
            rule.uses.contains(other) || *only_for_tests && rule.tests_use.contains(other);
        if !allowed {
            let how = if *only_for_tests {
                " even in its tests"
            } else {
                ""
            };
            found.push(format!("{name} must not depend on {other}{how}"));
        }
        if *renamed {
            found.push(format!("{name} must use {other} under its own name"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, directory: &str, uses: &[&str]) -> Member {
        let dependencies = uses
            .iter()
            .map(|name| Dependency {
                name: (*name).to_owned(),
                only_for_tests: false,
                renamed: false,
            })
            .collect();
        Member {
            name: name.to_owned(),
            directory: directory.to_owned(),
            dependencies,
        }
    }

    fn tested_with(mut member: Member, name: &str) -> Member {
        member.dependencies.push(Dependency {
            name: name.to_owned(),
            only_for_tests: true,
            renamed: false,
        });
        member
    }

    #[test]
    fn the_intended_workspace_is_accepted() {
        let workspace = [
            member(DOMAIN, "crates/domain", &[]),
            member(APP, "crates/app", &[DOMAIN]),
            tested_with(member(POSTGRES, "crates/postgres", &[DOMAIN, APP]), TESTKIT),
            member(SERVER, "crates/server", &[DOMAIN, APP, POSTGRES]),
            member(SANDBOX, "crates/sandbox", &[SERVER]),
            member(TESTKIT, "crates/testkit", &[DOMAIN, APP]),
            member(TESTS, "tests", &[SANDBOX, TESTKIT, SERVER, POSTGRES]),
        ];
        assert_eq!(violations(&workspace), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_member_is_refused() {
        let found = violations(&[member("bayar-utils", "crates/utils", &[])]);
        assert_eq!(found, ["bayar-utils is not in the table of crates"]);
    }

    #[test]
    fn a_member_in_another_directory_is_refused() {
        let found = violations(&[member(DOMAIN, "crates/core", &[])]);
        assert_eq!(
            found,
            ["bayar-domain belongs in crates/domain, not in crates/core"]
        );
    }

    #[test]
    fn a_domain_that_depends_on_the_application_is_refused() {
        let found = violations(&[member(DOMAIN, "crates/domain", &[APP])]);
        assert_eq!(found, ["bayar-domain must not depend on bayar-app"]);
    }

    #[test]
    fn a_domain_whose_tests_depend_on_another_member_is_refused() {
        let found = violations(&[tested_with(member(DOMAIN, "crates/domain", &[]), TESTKIT)]);
        assert_eq!(
            found,
            ["bayar-domain must not depend on bayar-testkit even in its tests"]
        );
    }

    #[test]
    fn an_application_that_depends_on_an_adapter_is_refused() {
        let found = violations(&[member(APP, "crates/app", &[DOMAIN, POSTGRES])]);
        assert_eq!(found, ["bayar-app must not depend on bayar-postgres"]);
    }

    #[test]
    fn an_auditor_that_depends_on_what_it_audits_is_refused() {
        for other in [DOMAIN, APP, POSTGRES, SERVER, SANDBOX, TESTKIT] {
            let found = violations(&[member(AUDITOR, "crates/auditor", &[other])]);
            assert_eq!(found, [format!("{AUDITOR} must not depend on {other}")]);
            let tested = tested_with(member(AUDITOR, "crates/auditor", &[]), other);
            assert_eq!(violations(&[tested]).len(), 1, "{other}");
        }
    }

    #[test]
    fn an_adapter_never_sees_another() {
        for adapter in ADAPTERS {
            let directory = format!("crates/{}", adapter.trim_start_matches("bayar-"));
            for other in ADAPTERS.iter().filter(|other| *other != adapter) {
                let found = violations(&[member(adapter, &directory, &[other])]);
                assert_eq!(found, [format!("{adapter} must not depend on {other}")]);
                let found = violations(&[tested_with(member(adapter, &directory, &[]), other)]);
                assert_eq!(
                    found,
                    [format!(
                        "{adapter} must not depend on {other} even in its tests"
                    )]
                );
            }
        }
    }

    #[test]
    fn an_adapter_that_depends_on_the_server_is_refused() {
        let found = violations(&[member(STRIPE, "crates/stripe", &[SERVER])]);
        assert_eq!(found, ["bayar-stripe must not depend on bayar"]);
    }

    #[test]
    fn a_server_that_depends_on_the_sandbox_is_refused() {
        let found = violations(&[member(SERVER, "crates/server", &[SANDBOX])]);
        assert_eq!(found, ["bayar must not depend on bayar-sandbox"]);
    }

    #[test]
    fn the_testkit_is_refused_outside_tests() {
        for rule in RULES
            .iter()
            .filter(|rule| ![TESTS, TESTKIT].contains(&rule.name))
        {
            let found = violations(&[member(rule.name, rule.directory, &[TESTKIT])]);
            assert_eq!(
                found,
                [format!("{} must not depend on bayar-testkit", rule.name)]
            );
        }
    }

    #[test]
    fn the_tests_of_the_whole_are_refused_everywhere() {
        for rule in RULES.iter().filter(|rule| rule.name != TESTS) {
            let found = violations(&[member(rule.name, rule.directory, &[TESTS])]);
            assert_eq!(
                found,
                [format!("{} must not depend on bayar-tests", rule.name)]
            );
        }
    }

    #[test]
    fn a_member_under_another_name_is_refused() {
        let mut server = member(SERVER, "crates/server", &[POSTGRES]);
        for dependency in &mut server.dependencies {
            dependency.renamed = true;
        }
        assert_eq!(
            violations(&[server]),
            ["bayar must use bayar-postgres under its own name"]
        );
    }
}
