//! The use cases of a payment service, and the ports they need.
//!
//! This crate owns transaction boundaries, retries and the order of steps.
//! It speaks to the world through the traits in [`port`] only: it names no database, no cache, no gateway
//! and no web framework.
//!
//! Start with [`App`]: every use case is a method of it.

mod accounts;
mod caller;
pub mod failpoint;
mod figures;
mod gateways;
mod handoff;
pub mod identity;
mod inbox;
mod limits;
mod order_lock;
mod orders;
mod paying;
mod payments;
pub mod port;
mod rebuild;
mod refunds;
mod settings;
mod settle;
mod trouble;
mod work;

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use port::store::Installation;
use port::{Clock, IdempotencyCache, Locks, Random, RateLimits, Store, Vault};

pub use accounts::{
    AccountError, AddApiKey, AddUser, AuthenticationError, Claimant, LoginError, NewKey, SignedIn,
};
pub use caller::Caller;
pub use figures::describe_figures;
pub use gateways::Gateways;
pub use handoff::Handoffs;
pub use inbox::{NotReceived, WebhookReaders};
pub use limits::{Limited, Limits};
pub use orders::{OrderError, RegisterConsultation, RegisterError, RegisterOrder, Registered};
pub use paying::{
    Access, CheckoutDoor, Confirm, InspectedPayment, Inspection, PayError, Refreshed,
    ReviewPayment, StartCheckout, StatusShown,
};
pub use payments::{
    AmountText, CreateError, CreatePayment, Created, Draft, ExplainedPayment, Explanation,
    PaymentMethod, ReadError, Render,
};
pub use rebuild::{BroughtBack, Rebuild, Rebuilt, RebuiltPayment};
pub use refunds::{
    ExternalShown, Progress, RefundError, RefundPayment, RefundShown, Refunded, RefundsOfPayment,
};
pub use settings::{RefundSettings, Settings};
pub use trouble::Trouble;
pub use work::{Entry, Outcome, PlannedRun, RunError, Swept, WorkSettings};

use bayar_domain::PaymentId;
use identity::{ExternalIssuer, ReturnSigner, TicketError, TicketSigner, TokenSigner};
use inbox::{InboxTally, Intake};
use order_lock::OrderLocks;
use work::Workshop;

/// Everything the use cases speak to. The server makes one and hands it to [`App::new`].
pub struct Ports {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// Locks that processes share.
    pub locks: Arc<dyn Locks>,
    /// Answers that processes share.
    pub cache: Arc<dyn IdempotencyCache>,
    /// What moves money.
    pub gateways: Gateways,
    /// What tells true webhooks from others.
    pub webhooks: WebhookReaders,
    /// Counters that processes share.
    pub limits: Arc<dyn RateLimits>,
    /// Counters of this process, for when the shared ones are away.
    pub own_limits: Arc<dyn RateLimits>,
    /// Sealed things that processes share.
    pub vault: Arc<dyn Vault>,
    /// The time of this process.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub random: Arc<dyn Random>,
    /// Where use cases run that end whether or not their caller waits: beside the connections that they use.
    pub runtime: Handle,
}

/// What signs and seals.
pub struct Signers {
    /// Tokens of people with an account here.
    pub tokens: TokenSigner,
    /// Tickets that let a browser go on paying.
    pub tickets: TicketSigner,
    /// Tickets with which a buyer comes back from a gateway.
    pub returns: ReturnSigner,
    /// The identity provider whose tokens are taken, where there is one.
    pub external: Option<ExternalIssuer>,
}

/// The use cases.
pub struct App {
    store: Arc<dyn Store>,
    cache: Arc<dyn IdempotencyCache>,
    gateways: Gateways,
    webhooks: WebhookReaders,
    intake: Intake,
    inbox_bell: Notify,
    inbox_tally: InboxTally,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    runtime: Handle,
    locks: OrderLocks,
    limits: Limits,
    work: Workshop,
    signers: Signers,
    installation: Installation,
    settings: Settings,
    waiting: paying::Waiting,
}

impl App {
    /// Puts the use cases together.
    #[must_use]
    pub fn new(
        ports: Ports,
        signers: Signers,
        installation: Installation,
        settings: Settings,
    ) -> Self {
        let locks = OrderLocks::new(ports.locks, Arc::clone(&ports.random), &settings);
        let limits = Limits::new(ports.limits, ports.own_limits, &installation, &settings);
        let work = Workshop::new(&settings.work, ports.gateways.names());
        let intake = Intake::new(Arc::clone(&ports.store), ports.runtime.clone());
        Self {
            store: ports.store,
            cache: ports.cache,
            gateways: ports.gateways,
            webhooks: ports.webhooks,
            intake,
            inbox_bell: Notify::new(),
            inbox_tally: InboxTally::default(),
            clock: ports.clock,
            random: ports.random,
            runtime: ports.runtime,
            locks,
            limits,
            work,
            signers,
            installation,
            settings,
            waiting: paying::Waiting::default(),
        }
    }

    /// What is kept, for what needs no rules: health, metrics, commands.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// How often callers may do what.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Tickets that let a browser go on paying.
    #[must_use]
    pub const fn tickets(&self) -> &TicketSigner {
        &self.signers.tickets
    }

    /// The payment that a ticket lets a browser go on with now.
    ///
    /// # Errors
    /// When the ticket is not ours, or its deadline has passed.
    pub fn payment_of_ticket(&self, ticket: &str) -> Result<PaymentId, TicketError> {
        self.signers.tickets.verify(ticket, self.clock.now())
    }

    /// How it was set up.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The word that tells this installation from every other.
    #[must_use]
    pub const fn installation(&self) -> &Installation {
        &self.installation
    }
}
