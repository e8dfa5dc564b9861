//! Rules in force: which of them strikes, and how often each has.

use super::ids::Ids;

/// When a rule strikes what it matches.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From the nth match on, counted from 1.
    pub nth: Option<u32>,
    /// How often. Once, unless `per_mille` is given; 0 is no limit.
    pub times: Option<u32>,
    /// How many of a thousand matches.
    pub per_mille: Option<u32>,
}

impl Pace {
    fn limit(self) -> u32 {
        let usual = if self.per_mille.is_some() { 0 } else { 1 };
        self.times.unwrap_or(usual)
    }
}

#[derive(Debug)]
struct Standing<R> {
    id: String,
    rule: R,
    seen: u32,
    struck: u32,
}

/// The rules that are in force.
#[derive(Debug)]
pub struct InForce<R> {
    standing: Vec<Standing<R>>,
    named: &'static str,
    chance: Ids,
    given: u64,
}

impl<R> InForce<R> {
    /// No rules yet. `named` begins the id of each.
    pub(in crate::sim) fn none(named: &'static str, chance: Ids) -> Self {
        Self {
            standing: Vec::new(),
            named,
            chance,
            given: 0,
        }
    }

    pub fn add(&mut self, rule: R) -> String {
        self.given += 1;
        let id = format!("{}_{}", self.named, self.given);
        self.standing.push(Standing {
            id: id.clone(),
            rule,
            seen: 0,
            struck: 0,
        });
        id
    }

    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.standing.len();
        self.standing.retain(|standing| standing.id != id);
        self.standing.len() < before
    }

    pub fn clear(&mut self) {
        self.standing.clear();
    }

    /// The rules with how often each has matched and struck.
    pub fn list(&self) -> Vec<(&str, &R, u32, u32)> {
        let all = self.standing.iter();
        all.map(|each| (each.id.as_str(), &each.rule, each.seen, each.struck))
            .collect()
    }

    /// The first rule that wants to strike, with its id. Every rule that matches counts the match.
    pub(in crate::sim) fn strike(
        &mut self,
        matches: impl Fn(&R) -> bool,
        pace: impl Fn(&R) -> Pace,
    ) -> Option<(&str, &R)> {
        let mut picked = None;
        for standing in &mut self.standing {
            if !matches(&standing.rule) {
                continue;
            }
            standing.seen += 1;
            let pace = pace(&standing.rule);
            let spent = pace.limit() > 0 && standing.struck >= pace.limit();
            let early = pace.nth.is_some_and(|nth| standing.seen < nth);
            let chance = pace.per_mille;
            let lucky = chance.is_some_and(|chance| self.chance.below(1000) >= u64::from(chance));
            if picked.is_some() || spent || early || lucky {
                continue;
            }
            standing.struck += 1;
            picked = Some((standing.id.as_str(), &standing.rule));
        }
        picked
    }
}
