use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use bayar_app::port::store::{Answer, StoreError};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The store cannot be reached. Nothing is done.
    Unavailable,
    /// The row is locked. Nothing is done.
    Busy,
    /// The store refuses. Nothing is done.
    Broken,
    /// The question is lost on its way: nothing is done, and nobody knows.
    UnsureNotDone,
    /// The answer is lost on its way: it is done, and nobody knows.
    UnsureDone,
}

/// An operation of a store, or of one of its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named after its method")]
pub enum Operation {
    ReserveOrderId,
    AddOrder,
    Order,
    Reprice,
    Decisions,
    ReserveBillIds,
    Survey,
    OpenPayment,
    Payment,
    Payments,
    PaymentsOf,
    Events,
    Invoice,
    Taxes,
    ForgetKey,
    KeysOf,
    Begin,
    Papers,
    Save,
    Commit,
    Rollback,
    ReserveAttemptId,
    ReserveRefundId,
    OrderOfAttempt,
    EndedAttempts,
    LeaseCall,
    MayRead,
    KeepWebhook,
    KeepWebhooks,
    LeaseWebhooks,
    SettleWebhook,
    Webhook,
    Webhooks,
    ReplayWebhook,
    ReplayParkedWebhooks,
    OpenWebhooks,
    AttemptOfCapture,
    AttemptOfCall,
    TakeJobs,
    KeepJob,
    PutJobOff,
    WakeJobs,
    RepairJobs,
    Unresolved,
    Runs,
    PlanRun,
    TakeRun,
    KeepRun,
    KeepCursor,
    EndRun,
    AddUser,
    User,
    UserByEmail,
    Users,
    SetDisabled,
    SetRole,
    SetPassword,
    RehashPassword,
    AddApiKey,
    ApiKey,
    ApiKeys,
    RevokeApiKey,
    Schema,
    Migrate,
    Installation,
    Now,
    ForgetKeys,
    LastAttempt,
    AttemptIds,
    SkipIds,
    RestoreBill,
    Refund,
    RefundOfKey,
    RefundsOf,
    ExternalRefundsOf,
    CreditNotesOf,
    RefundEvents,
    Refunds,
    AlertsOf,
    CreditBalance,
    CreditEntriesOf,
    CreditNotes,
    CreditNoteId,
    CountRefund,
}

/// Which operations are to fail, and which were called.
#[derive(Debug, Default)]
pub(super) struct Plan {
    faults: Mutex<HashMap<Operation, VecDeque<Fault>>>,
    calls: Mutex<HashMap<Operation, u32>>,
}

impl Plan {
    pub(super) fn fail(&self, operation: Operation, fault: Fault, times: usize) {
        let mut faults = self.faults.lock().unwrap();
        let planned = faults.entry(operation).or_default();
        planned.extend(std::iter::repeat_n(fault, times));
    }

    pub(super) fn heal(&self) {
        self.faults.lock().unwrap().clear();
    }

    pub(super) fn calls(&self, operation: Operation) -> u32 {
        let calls = self.calls.lock().unwrap();
        calls.get(&operation).copied().unwrap_or_default()
    }

    fn next(&self, operation: Operation) -> Option<Fault> {
        self.faults.lock().unwrap().get_mut(&operation)?.pop_front()
    }

    /// Does what was asked for, unless it is to fail now. Without being polled, `call` does nothing.
    pub(super) async fn around<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Answer<T>>,
    ) -> Answer<T> {
        *self.calls.lock().unwrap().entry(operation).or_default() += 1;
        match self.next(operation) {
            None => call.await,
            Some(Fault::Unavailable) => Err(StoreError::Unavailable(why(operation))),
            Some(Fault::Busy) => Err(StoreError::Busy(why(operation))),
            Some(Fault::Broken) => Err(StoreError::Broken(why(operation))),
            Some(Fault::UnsureNotDone) => Err(StoreError::Unsure(why(operation))),
            Some(Fault::UnsureDone) => {
                call.await?;
                Err(StoreError::Unsure(why(operation)))
            }
        }
    }
}

fn why(operation: Operation) -> bayar_app::port::Source {
    format!("{operation:?} was told to fail").into()
}
