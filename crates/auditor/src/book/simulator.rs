//! The book of the simulated gateways: lines of JSON, each with everything that happened together.

use std::io::{BufRead, BufReader};
use std::path::Path;

use chrono::DateTime;
use serde::Deserialize;

use super::{Book, BookError, Covers, DisputeStep, Entry, Happened, RefundStep};

#[derive(Deserialize)]
struct Line {
    /// Milliseconds since 1970, by the clock of the machine.
    real: i64,
    what: Vec<What>,
}

/// What a line can tell. A kind that is not here is an error: nothing is passed over unread.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum What {
    RequestReceived {
        gateway: String,
        request: String,
        operation: String,
        order: Option<String>,
        key: Option<String>,
    },
    RequestAnswered {
        request: String,
        status: Option<u16>,
        fault: Option<String>,
    },
    ObjectCreated {
        object: String,
        id: String,
        order: Option<String>,
        key: Option<String>,
    },
    SessionOpened {
        gateway: String,
        session: String,
        order: String,
        amount: i64,
        currency: String,
    },
    SessionClosed {
        session: String,
        order: String,
        why: String,
    },
    Captured {
        gateway: String,
        capture: String,
        order: String,
        amount: i64,
        currency: String,
    },
    Reversed {
        capture: String,
        order: String,
        amount: i64,
    },
    Refund {
        gateway: String,
        refund: String,
        capture: String,
        order: String,
        amount: i64,
        status: RefundStatus,
        by: By,
    },
    Dispute {
        dispute: String,
        capture: String,
        order: String,
        amount: i64,
        step: Step,
    },
    BuyerActed {
        order: Option<String>,
        action: String,
    },
    WebhookAttempt {
        order: Option<String>,
        event: String,
    },
    FaultInjected {
        order: Option<String>,
        fault: String,
        operation: String,
    },
    Started {},
    TimeAdvanced {},
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Pending,
    Succeeded,
    Confirmed,
    Failed,
    Canceled,
    Refused,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Inquiry,
    Opened,
    Won,
    Lost,
    Closed,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum By {
    Api,
    Dashboard,
}

impl Book {
    /// Reads the book of simulated gateways from its file. A last line that was cut off never happened.
    ///
    /// # Errors
    /// When it cannot be read, or a line is not understood.
    pub fn read(path: &Path) -> Result<Self, BookError> {
        let unreadable = |source| BookError::File(path.to_owned(), source);
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut lines = BufReader::new(file);
        let mut whole = Vec::new();
        loop {
            let mut text = String::new();
            lines.read_line(&mut text).map_err(unreadable)?;
            if !text.ends_with('\n') {
                break;
            }
            whole.push(text);
        }
        Self::of_lines(whole.iter().map(String::as_str))
    }

    /// Reads the lines of a book of simulated gateways.
    ///
    /// # Errors
    /// When a line is not understood.
    pub fn of_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, BookError> {
        let mut entries = Vec::new();
        for (line, text) in (1..).zip(lines) {
            let read: Line =
                serde_json::from_str(text).map_err(|source| BookError::Line { line, source })?;
            let at = DateTime::from_timestamp_millis(read.real).ok_or(BookError::Time(line))?;
            let happened = read.what.into_iter().filter_map(happened);
            entries.extend(happened.map(|what| Entry { at, what }));
        }
        let covers = Covers {
            every_step: true,
            ..Covers::default()
        };
        Ok(Self { entries, covers })
    }
}

fn happened(what: What) -> Option<Happened> {
    Some(match what {
        What::RequestReceived {
            gateway,
            request,
            operation,
            order,
            key,
        } => Happened::Asked {
            gateway,
            request,
            operation,
            order,
            key,
        },
        What::RequestAnswered {
            request,
            status,
            fault,
        } => Happened::Answered {
            request,
            status,
            fault,
        },
        What::ObjectCreated {
            object,
            id,
            order,
            key,
        } => Happened::Made {
            object,
            id,
            order,
            key,
        },
        What::SessionOpened {
            gateway,
            session,
            order,
            amount,
            currency,
        } => Happened::Opened {
            gateway,
            session,
            order,
            units: amount,
            currency,
        },
        What::SessionClosed {
            session,
            order,
            why,
        } => Happened::Closed {
            session,
            order,
            why,
        },
        What::Captured {
            gateway,
            capture,
            order,
            amount,
            currency,
        } => Happened::Captured {
            gateway,
            capture,
            order,
            units: amount,
            currency,
        },
        What::Reversed {
            capture,
            order,
            amount,
        } => Happened::Reversed {
            capture,
            order,
            units: amount,
        },
        What::Refund {
            gateway,
            refund,
            capture,
            order,
            amount,
            status,
            by,
        } => Happened::Refund {
            refund,
            capture,
            order,
            units: amount,
            step: match status {
                RefundStatus::Pending => RefundStep::Pending,
                // Midtrans has accepted it, and the bank has not confirmed it yet.
                // One of its dashboard is handed to the bank on paper: that is all that is ever told.
                RefundStatus::Succeeded if gateway == "midtrans" && by == By::Api => {
                    RefundStep::Pending
                }
                RefundStatus::Succeeded | RefundStatus::Confirmed => RefundStep::Done,
                RefundStatus::Failed | RefundStatus::Canceled | RefundStatus::Refused => {
                    RefundStep::Undone
                }
            },
            by_us: by == By::Api,
        },
        What::Dispute {
            dispute,
            capture,
            order,
            amount,
            step,
        } => Happened::Dispute {
            dispute,
            capture,
            order,
            units: amount,
            step: match step {
                Step::Inquiry | Step::Closed => DisputeStep::Question,
                Step::Opened => DisputeStep::Open,
                Step::Won => DisputeStep::Won,
                Step::Lost => DisputeStep::Lost,
            },
        },
        What::BuyerActed { order, action } => {
            let what = format!("the buyer: {action}");
            Happened::Told { order, what }
        }
        What::WebhookAttempt { order, event } => {
            let what = format!("a webhook: {event}");
            Happened::Told { order, what }
        }
        What::FaultInjected {
            order,
            fault,
            operation,
        } => {
            let what = format!("the fault {fault} was played on {operation}");
            Happened::Told { order, what }
        }
        What::Started {} | What::TimeAdvanced {} => return None,
    })
}
