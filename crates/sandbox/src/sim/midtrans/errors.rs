//! Errors as Midtrans tells them.

use serde_json::{Value, json};

use super::Job;
use crate::sim::http::Reply;
use crate::sim::world::World;

/// Something went wrong.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub code: u16,
    pub messages: Vec<String>,
    /// The transaction as it stands, where the answer shows it.
    pub transaction: Option<Value>,
}

impl Trouble {
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            messages: vec![message.into()],
            transaction: None,
        }
    }

    pub fn many(code: u16, messages: Vec<String>) -> Self {
        Self {
            code,
            messages,
            transaction: None,
        }
    }

    pub fn unknown() -> Self {
        Self::new(404, "Transaction doesn't exist.")
    }

    pub fn unchangeable() -> Self {
        let message = "Merchant cannot modify the status of the transaction";
        Self::new(412, message)
    }

    /// `loud`: the HTTP status is the code. Core mostly answers 200 and hides the code in the body.
    pub fn reply(&self, snap: bool, id: &str, loud: bool) -> Reply {
        if snap {
            return Reply::json(self.code, &json!({ "error_messages": self.messages }));
        }
        let status = if loud { self.code } else { 200 };
        if let Some(transaction) = &self.transaction {
            return Reply::json(status, transaction);
        }
        let mut body = json!({
            "status_code": self.code.to_string(), "status_message": self.messages.first(), "id": id,
        });
        if self.code == 400
            && let Some(fields) = body.as_object_mut()
        {
            let message = "One or more parameters in the payload is invalid.";
            fields.insert("status_message".to_owned(), message.into());
            fields.insert("validation_messages".to_owned(), json!(self.messages));
        }
        Reply::json(status, &body)
    }
}

/// 500.
pub fn server_error(world: &mut World) -> Reply {
    let id = world.ids.uuid();
    let message = "Sorry. Our system is recovering from unexpected issues. Please retry.";
    Trouble::new(500, message).reply(false, &id, true)
}

/// 429.
pub fn too_many(job: &Job) -> Reply {
    let message = "Too many requests. Please try again later.";
    Trouble::new(429, message).reply(job.operation.of_snap(), &job.request, true)
}
