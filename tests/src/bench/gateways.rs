//! The simulated gateways, in a process of their own.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::process::Command;

use super::Result;
use super::child::{Program, free_port};
use super::http::{Connection, RequestHead};
use super::server::beside_this_program;

const FAULTS: &str = "/_sim/faults";
const ACTIONS: &str = "/_sim/actions";

/// Gateways that answer.
pub(super) struct Gateways {
    program: Program,
    address: SocketAddr,
}

/// What became of the requests that were to go wrong.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Struck {
    /// How many requests could have gone wrong.
    pub(super) seen: u64,
    /// How many did.
    pub(super) struck: u64,
}

impl Gateways {
    pub(super) async fn start() -> Result<Self> {
        let address = free_port()?;
        let mut command = Command::new(beside_this_program("bayar-sandbox")?);
        command
            .args(["gateways", "--port", &address.port().to_string()])
            .env_clear();
        let mut program = Program::start("bayar-sandbox gateways", &mut command)?;
        program.until_it_answers(address, "/_sim").await?;
        Ok(Self { program, address })
    }

    pub(super) const fn id(&self) -> u32 {
        self.program.id()
    }

    /// The settings of a server that uses them.
    pub(super) fn settings(&self) -> [(String, String); 2] {
        [
            (
                "STRIPE_SECRET_KEY".to_owned(),
                "sk_test_simulated".to_owned(),
            ),
            (
                "STRIPE_API_BASE".to_owned(),
                format!("http://{}", self.address),
            ),
        ]
    }

    /// From now on the opening of checkouts goes wrong in these ways, and in no others.
    pub(super) async fn strike(&self, faults: &[Value]) -> Result<()> {
        self.call("DELETE", "").await?;
        for fault in faults {
            let mut rule = fault.clone();
            if let Some(rule) = rule.as_object_mut() {
                rule.insert("operation".to_owned(), json!("checkout_session.create"));
            }
            self.call("POST", &rule.to_string()).await?;
        }
        Ok(())
    }

    /// From now on requests of Stripe are counted from nought, and all of them answered.
    pub(super) async fn count(&self) -> Result<()> {
        // It strikes none, and sees them all.
        let rule = json!({
            "gateway": "stripe", "operation": "*", "per_mille": 0, "fault": { "kind": "reset_before" },
        });
        self.call("DELETE", "").await?;
        self.call("POST", &rule.to_string()).await?;
        Ok(())
    }

    /// A buyer pays the newest checkout of an order by card.
    pub(super) async fn pay(&self, order: &str) -> Result<()> {
        let action =
            json!({ "action": "stripe_pay_card", "session": order, "card": "4242424242424242" });
        self.send("POST", ACTIONS, &action.to_string()).await?;
        Ok(())
    }

    /// What has become of requests since.
    pub(super) async fn struck(&self) -> Result<Struck> {
        let answer = self.call("GET", "").await?;
        struck(&answer).ok_or_else(|| format!("not understood: {answer}").into())
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.program.stop().await
    }

    async fn call(&self, method: &str, body: &str) -> Result<Value> {
        self.send(method, FAULTS, body).await
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Result<Value> {
        let mut request = Vec::new();
        RequestHead::new(method, path).write(&mut request, "", body);
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.call(&request).await?;
        if answer.status == 200 {
            Ok(serde_json::from_slice(answer.body)?)
        } else {
            Err(format!("{method} {path}: {}", answer.excerpt()).into())
        }
    }
}

/// Each rule looks at every request, and at most one of them strikes it.
fn struck(answer: &Value) -> Option<Struck> {
    let mut all = Struck::default();
    for rule in answer.get("faults")?.as_array()? {
        all.seen = all.seen.max(rule.get("matched")?.as_u64()?);
        all.struck = all.struck.saturating_add(rule.get("struck")?.as_u64()?);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_rules_struck_is_added_and_what_they_saw_is_not() {
        let answer = json!({ "faults": [
            { "matched": 40, "struck": 1 },
            { "matched": 40, "struck": 2 },
        ]});
        let expected = Struck {
            seen: 40,
            struck: 3,
        };
        assert_eq!(struck(&answer), Some(expected));
        assert_eq!(struck(&json!({ "faults": [] })), Some(Struck::default()));
        assert_eq!(struck(&json!({ "faults": [{}] })), None);
    }
}
