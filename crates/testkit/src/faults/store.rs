use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::identity::{Email, PasswordHash, Role};
use bayar_app::port::store::{
    Added, Answer, ApiKeyId, ApiKeys, AttemptPlace, BillIds, CallKey, EndedAttempt, GatewayCalls,
    Inbox, Installation, Job, JobKey, Kept, KeyScope, Lease, LeasedWebhook, Loaded, NewApiKey,
    NewOrder, NewUser, NewWebhook, Opened, Opening, OrderKey, OrderUnit, Orders, Page, PageOf,
    PaymentEvent, PaymentFilter, Payments, PutOff, RefundEvent, RefundKey, Refunds, Repriced,
    RunEnd, RunLease, Schedule, SchemaState, SeenIds, Store, StoredAlert, StoredApiKey,
    StoredCreditEntry, StoredDecision, StoredExternalRefund, StoredOrder, StoredPayment,
    StoredRefund, StoredRun, StoredWebhook, Survey, Surveyed, TakeWhen, Units, UnresolvedPayment,
    Upkeep, User, Users, WebhookCount, WebhookEntry, WebhookFilter, WebhookId, WebhookOutcome,
    Which, WhichRefunds, Work,
};
use bayar_domain::gateway::Source;
use bayar_domain::{
    AttemptId, CaptureId, CreditNote, Gateway, Invoice, Mode, Money, OrderId, OrderNumber,
    PaymentId, RefundId, TaxRecord, UserId,
};
use chrono::{DateTime, Utc};

use super::plan::{Fault, Operation, Plan};
use super::unit::FaultyUnit;

/// A store that does what another one does, and fails when it is told to.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Arc<Plan>,
}

impl FaultyStore {
    /// A store in front of `inner`. It does not fail yet.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            plan: Arc::default(),
        }
    }

    /// The next calls of `operation` fail, as many as `times` says, after those that were told before.
    pub fn fail(&self, operation: Operation, fault: Fault, times: usize) {
        self.plan.fail(operation, fault, times);
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        self.plan.heal();
    }

    /// How often `operation` was called, whether it failed or not.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> u32 {
        self.plan.calls(operation)
    }
}

/// Methods that ask the store behind, unless they are to fail.
macro_rules! delegate {
    (
        $port:ident:
        $( $operation:ident $method:ident($($name:ident: $type:ty),*) -> $answer:ty; )+
    ) => {
        #[async_trait]
        impl $port for FaultyStore {
            $(
                async fn $method(&self, $($name: $type),*) -> Answer<$answer> {
                    let call = self.inner.$method($($name),*);
                    self.plan.around(Operation::$operation, call).await
                }
            )+
        }
    };
}

delegate! { Orders:
    ReserveOrderId reserve_order_id() -> OrderId;
    AddOrder add_order(order: &NewOrder) -> Added;
    Order order(key: &OrderKey) -> Option<StoredOrder>;
    Reprice reprice(id: OrderId, from: Money, to: Money) -> Repriced;
    Decisions decisions(id: OrderId) -> Vec<StoredDecision>;
}

delegate! { Payments:
    ReserveBillIds reserve_bill_ids(taxes: usize) -> BillIds;
    Survey survey(survey: &Survey) -> Surveyed;
    OpenPayment open_payment(opening: &Opening) -> Opened;
    Payment payment(id: PaymentId) -> Option<StoredPayment>;
    Payments payments(filter: &PaymentFilter, page: Page) -> PageOf<StoredPayment>;
    PaymentsOf payments_of(order: &OrderNumber) -> Vec<StoredPayment>;
    Events events(payment: PaymentId) -> Vec<PaymentEvent>;
    Invoice invoice(payment: PaymentId) -> Option<Invoice>;
    Taxes taxes(payment: PaymentId) -> Vec<TaxRecord>;
    ForgetKey forget_key(scope: &KeyScope) -> ();
    KeysOf keys_of(payment: PaymentId) -> Vec<KeyScope>;
}

delegate! { Refunds:
    Refund refund(id: RefundId) -> Option<StoredRefund>;
    RefundOfKey refund_of_key(key: &RefundKey) -> Option<StoredRefund>;
    RefundsOf refunds_of(payment: PaymentId) -> Vec<StoredRefund>;
    ExternalRefundsOf external_refunds_of(payment: PaymentId) -> Vec<StoredExternalRefund>;
    CreditNotesOf credit_notes_of(payment: PaymentId) -> Vec<CreditNote>;
    RefundEvents refund_events(refund: RefundId) -> Vec<RefundEvent>;
    Refunds refunds(which: WhichRefunds, after: Option<RefundId>, at_most: u32) -> Vec<StoredRefund>;
    AlertsOf alerts_of(order: OrderId) -> Vec<StoredAlert>;
    CreditBalance credit_balance(owner: UserId) -> i64;
    CreditEntriesOf credit_entries_of(owner: UserId) -> Vec<StoredCreditEntry>;
}

delegate! { GatewayCalls:
    ReserveAttemptId reserve_attempt_id() -> AttemptId;
    ReserveRefundId reserve_refund_id() -> RefundId;
    OrderOfAttempt order_of_attempt(attempt: AttemptId) -> Option<OrderId>;
    EndedAttempts ended_attempts(source: &Source, since: DateTime<Utc>, after: Option<AttemptId>, at_most: u32) -> Vec<EndedAttempt>;
    LeaseCall lease_call(key: &CallKey, lasting: Duration) -> Option<Lease>;
    MayRead may_read(payment: PaymentId, spacing: Duration) -> bool;
}

delegate! { Inbox:
    KeepWebhook keep_webhook(webhook: &NewWebhook) -> Kept;
    KeepWebhooks keep_webhooks(webhooks: &[NewWebhook]) -> Vec<Kept>;
    LeaseWebhooks lease_webhooks(gateway: Gateway, at_most: u32, lasting: Duration) -> Vec<LeasedWebhook>;
    SettleWebhook settle_webhook(outcome: &WebhookOutcome) -> bool;
    Webhook webhook(id: WebhookId) -> Option<StoredWebhook>;
    Webhooks webhooks(filter: &WebhookFilter, page: Page) -> PageOf<WebhookEntry>;
    ReplayWebhook replay_webhook(id: WebhookId) -> bool;
    ReplayParkedWebhooks replay_parked_webhooks() -> u64;
    OpenWebhooks open_webhooks() -> Vec<WebhookCount>;
    AttemptOfCapture attempt_of_capture(gateway: Gateway, mode: Mode, capture: &CaptureId) -> Option<AttemptPlace>;
    AttemptOfCall attempt_of_call(key: &CallKey) -> Option<AttemptPlace>;
}

delegate! { Work:
    TakeJobs take_jobs(at_most: u32, lasting: Duration) -> Vec<Job>;
    KeepJob keep_job(job: JobKey, epoch: i64, lasting: Duration) -> bool;
    PutJobOff put_job_off(job: JobKey, epoch: i64, until: &PutOff) -> bool;
    WakeJobs wake_jobs(gateway: Gateway, at_most: u32) -> u64;
    RepairJobs repair_jobs(at_most: u32) -> Vec<JobKey>;
    Unresolved unresolved(which: Which, after: Option<PaymentId>, at_most: u32) -> Vec<UnresolvedPayment>;
}

delegate! { Schedule:
    Runs runs() -> Vec<StoredRun>;
    PlanRun plan_run(name: &str, due_at: DateTime<Utc>) -> ();
    TakeRun take_run(name: &str, when: TakeWhen, lasting: Duration) -> Option<RunLease>;
    KeepRun keep_run(name: &str, epoch: i64, lasting: Duration) -> bool;
    KeepCursor keep_cursor(name: &str, epoch: i64, cursor: &str) -> bool;
    EndRun end_run(name: &str, epoch: i64, end: &RunEnd) -> bool;
}

delegate! { Users:
    AddUser add_user(user: &NewUser) -> Option<UserId>;
    User user(id: UserId) -> Option<User>;
    UserByEmail user_by_email(email: &Email) -> Option<(User, PasswordHash)>;
    Users users() -> Vec<User>;
    SetDisabled set_disabled(id: UserId, disabled: bool) -> ();
    SetRole set_role(id: UserId, role: Role) -> ();
    SetPassword set_password(id: UserId, password: &PasswordHash) -> ();
    RehashPassword rehash_password(id: UserId, old: &PasswordHash, new: &PasswordHash) -> ();
}

delegate! { ApiKeys:
    AddApiKey add_api_key(key: &NewApiKey) -> Option<ApiKeyId>;
    ApiKey api_key(hash: &[u8; 32]) -> Option<StoredApiKey>;
    ApiKeys api_keys() -> Vec<StoredApiKey>;
    RevokeApiKey revoke_api_key(name: &str) -> bool;
}

delegate! { Upkeep:
    Schema schema() -> SchemaState;
    Migrate migrate() -> Vec<String>;
    Installation installation() -> Installation;
    Now now() -> DateTime<Utc>;
    ForgetKeys forget_keys(at_most: u32) -> u64;
    LastAttempt last_attempt(before: DateTime<Utc>) -> Option<AttemptId>;
    AttemptIds attempt_ids(from: AttemptId, at_most: u32) -> Vec<AttemptId>;
    SkipIds skip_ids(seen: &SeenIds, at_least: u32) -> ();
}

#[async_trait]
impl Units for FaultyStore {
    async fn begin(&self, order: OrderId) -> Answer<Option<(Box<dyn OrderUnit>, Loaded)>> {
        let call = self.inner.begin(order);
        let begun = self.plan.around(Operation::Begin, call).await?;
        Ok(begun.map(|(unit, loaded)| {
            let unit = FaultyUnit::new(unit, Arc::clone(&self.plan));
            (Box::new(unit) as Box<dyn OrderUnit>, loaded)
        }))
    }
}
