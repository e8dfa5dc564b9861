//! Reads what a gateway knows about the money of an attempt, and applies what it proves.

use bayar_domain::fact::{Fact, Proof};
use bayar_domain::{AttemptId, AttemptStatus, OrderId, Settlement, Step};

use super::file::AttemptFile;
use crate::App;
use crate::failpoint;
use crate::port::gateway::{CallError, Door, Fault, FaultKind, Reading};
use crate::port::store::{Actor, CallKey};
use crate::settle::{Move, Seen, SettleError, apply_what_fits};
use crate::trouble::Trouble;

/// What was learned about an attempt.
#[derive(Debug)]
pub(super) struct Learned {
    /// What the gateway said.
    pub reading: Reading,
    /// Whether it proves anything that was not written down.
    pub is_new: bool,
    /// The calls that gateways are now waiting for.
    pub planned: Vec<CallKey>,
}

/// What a gateway says about an attempt.
#[derive(Debug)]
pub(super) struct News {
    /// What it said.
    pub reading: Reading,
    /// What that proves.
    pub facts: Vec<Fact>,
    /// Whether any of it is not written down yet.
    pub is_new: bool,
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub(super) enum LearnError {
    /// The gateway did not say.
    #[error(transparent)]
    Gateway(#[from] CallError),
    #[error(transparent)]
    Settle(#[from] SettleError),
}

impl App {
    /// Reads what the gateway knows about an attempt, and applies what it proves.
    ///
    /// Webhook, return page, schedule and operator all come here: whatever they heard, this is what counts.
    pub(super) async fn learn(
        &self,
        order: OrderId,
        attempt: AttemptId,
        by: Actor,
    ) -> Result<Learned, LearnError> {
        let seen = self.look(order).await?;
        let news = self.ask(&seen, attempt).await?;
        Ok(self.apply(order, attempt, news, by).await?)
    }

    /// Applies what a gateway said about an attempt.
    pub(super) async fn apply(
        &self,
        order: OrderId,
        attempt: AttemptId,
        news: News,
        by: Actor,
    ) -> Result<Learned, SettleError> {
        let News {
            reading,
            facts,
            is_new,
        } = news;
        let rule = |seen: &Seen| {
            Ok(Move {
                steps: steps(&seen.settlement, attempt, &reading, &facts)?,
                ..Move::default()
            })
        };
        let planned = self.settle(order, by, rule).await?;
        Ok(Learned {
            reading,
            is_new,
            planned,
        })
    }

    /// Reads what the gateway knows about an attempt, and applies nothing.
    pub(super) async fn ask(&self, seen: &Seen, attempt: AttemptId) -> Result<News, LearnError> {
        let Some(file) = AttemptFile::of(&seen.settlement, seen, attempt) else {
            let message = format!("nothing is written down about attempt {attempt}");
            return Err(SettleError::from(Trouble::fault(message)).into());
        };
        let gate = self.own_gate(&file).await?;
        failpoint::hit("read.before").map_err(SettleError::from)?;
        let reading = gate.read(&file.place()).await?;
        failpoint::hit("read.after").map_err(SettleError::from)?;
        if reading.door != Door::Absent && !reading.is_ours {
            tracing::error!(%attempt, "the gateway shows somebody else's payment: an operator has to look");
            let foreign = Fault::of(FaultKind::Garbage).with_code("not_ours");
            return Err(CallError::Unknown(foreign).into());
        }
        let waits = reading.door == Door::Waiting;
        self.waiting.note(attempt, waits, self.clock.now());
        let facts = facts(&file, &reading)?;
        let known = |fact: &Fact| {
            seen.settlement
                .facts()
                .any(|known| known.key() == fact.key())
        };
        Ok(News {
            is_new: !facts.iter().all(known),
            reading,
            facts,
        })
    }

    /// Whether a bank was working on an attempt when it was last read, here and a moment ago.
    pub(super) fn is_with_the_bank(&self, attempt: AttemptId) -> bool {
        self.waiting.has(attempt, self.clock.now())
    }

    /// The gateway of an attempt, when our key there is one of the account that the attempt was made in.
    pub(super) async fn own_gate(
        &self,
        file: &AttemptFile,
    ) -> Result<crate::gateways::Gate<'_>, CallError> {
        let strange = |code: &str| Fault::of(FaultKind::Authentication).with_code(code);
        let gate = self
            .gate(file.gateway())
            .ok_or_else(|| CallError::NotSent(strange("gateway_not_set_up")))?;
        let source = gate.source().await?;
        if source == *file.source() {
            Ok(gate)
        } else {
            tracing::error!(
                attempt = %file.id(), made_in = %file.source().account, ours = %source.account,
                "the key belongs to another account than the attempt was made in: an operator has to look"
            );
            Err(CallError::NotSent(strange(OTHER_ACCOUNT)))
        }
    }
}

/// The code of the trouble of an attempt that was made in an account which our key does not open.
pub(crate) const OTHER_ACCOUNT: &str = "other_account";

/// The steps that a reading leads to.
pub(super) fn steps(
    settlement: &Settlement,
    attempt: AttemptId,
    reading: &Reading,
    facts: &[Fact],
) -> Result<Vec<Step>, SettleError> {
    let mut steps = Vec::new();
    let mut settlement = settlement.clone();
    let known = settlement.attempt(attempt);
    // What was lost track of and is found is open again.
    let known = known.is_some_and(|attempt| {
        attempt.state().session().is_some() && attempt.status() != AttemptStatus::Unknown
    });
    if let (false, Some(session)) = (known, reading.session.clone()) {
        let step = settlement.attempt_opened(attempt, session)?;
        settlement = step.settlement.clone();
        steps.push(step);
    }
    steps.push(apply_what_fits(&settlement, facts.to_vec())?);
    Ok(steps)
}

/// What a reading proves. What the gateway knows nothing of is over once its time, and more, has passed.
fn facts(file: &AttemptFile, reading: &Reading) -> Result<Vec<Fact>, LearnError> {
    let fact = |proof: Proof, at| {
        let fact = Fact::new(file.id(), file.source().clone(), proof, at);
        fact.map_err(|error| LearnError::Settle(Trouble::fault(error).into()))
    };
    let mut facts = Vec::new();
    for (proof, at) in &reading.proofs {
        facts.push(fact(proof.clone(), *at)?);
    }
    if reading.door == Door::Absent && file.is_long_dead() {
        facts.push(fact(Proof::Expired, file.now())?);
    }
    Ok(facts)
}
