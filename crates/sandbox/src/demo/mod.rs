//! Fills an installation with people and orders to try it with, and serves it beside simulated gateways and a shop.

mod shop;

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bayar::config::{Config, Database, Environment, Faults};
use bayar::serve::{ServeError, ServeOptions, serve};
use bayar::telemetry;
use bayar::wiring::Tables;
use bayar_app::identity::{Email, Role};
use bayar_app::{
    AccountError, AddUser, App, OrderError, RegisterConsultation, RegisterError, Registered,
};
use bayar_domain::{ConsultationId, Currency, InvalidId, InvalidText, Money, UserId};
use thiserror::Error;

use crate::sim::{ActionError, SigningTime, SimConfig, SimError, Simulator, WebhookUrls};

/// Why there is no demonstration.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] Faults),
    /// It would stand where something real does.
    #[error(
        "{0} is not for a demonstration, whose passwords everybody knows: unset it, or use `bayar serve`"
    )]
    Real(&'static str),
    /// It does not serve.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A person cannot be added.
    #[error("a person cannot be added")]
    Account(#[from] AccountError),
    /// An order cannot be registered.
    #[error("an order cannot be registered")]
    Order(#[from] RegisterError),
    /// The simulated gateways do not start.
    #[error("the simulated gateways cannot be started")]
    Gateways(#[from] SimError),
    /// The simulated gateways have no more words.
    #[error(transparent)]
    Book(#[from] ActionError),
    /// What is to be added is wrong.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// What is to be added is wrong.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// Nobody hears what is said.
    #[error("nothing can be written")]
    Output(#[from] io::Error),
}

/// Everybody here signs in with it.
const PASSWORD: &str = "password";

const PATIENT: &str = "patient@test.com";

const PEOPLE: &[(&str, Role)] = &[
    (PATIENT, Role::Customer),
    ("buyer@test.com", Role::Customer),
    ("operator@test.com", Role::Operator),
];

/// The secret key that the simulated Stripe takes.
pub const STRIPE_KEY: &str = "sk_test_simulated";
/// What the simulated Stripe signs its webhooks with.
pub const STRIPE_WEBHOOK_SECRET: &str = "whsec_simulated";
/// The server key that the simulated Midtrans takes.
pub const MIDTRANS_KEY: &str = "SB-Mid-server-simulated";

/// Where the simulated gateways are found, unless somebody else is there.
const GATEWAYS_PORT: u16 = 8081;

const DATA_DIR: &str = "data/demo";

/// An address at which nobody listens, as long as nothing is started.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Serves the demonstration until it is told to stop.
///
/// # Errors
/// When the settings are wrong, it cannot be filled, or does not serve.
pub async fn run() -> Result<(), DemoError> {
    let environment = Environment::from_process().with_default("DATA_DIR", DATA_DIR);
    // Nothing is started or written before it is known that nothing real stands here.
    let (config, _) = Config::load(&simulated(environment.clone(), NOWHERE))?;
    must_be_play(&config)?;
    let gateways = gateways(&config.data_dir)?;
    let (config, warnings) = Config::load(&simulated(environment, &gateways.url()))?;
    let mut out = io::stdout();
    for warning in warnings {
        writeln!(out, "warning: {warning}")?;
    }
    let _log = telemetry::start_log(&config.logging)?;
    let options = ServeOptions {
        tables: Tables::Migrate,
        scheduler: true,
    };
    let told = serve(&config, options, async |address, app| {
        let opened = async {
            fill(app).await?;
            gateways.handle().send_webhooks_to(webhook_urls(address))?;
            let bayar = format!("http://localhost:{}", address.port());
            let (shop, place) = shop::open(bayar, gateways.url())?;
            tokio::spawn(shop);
            tell(address, place, &gateways.url())?;
            Ok::<_, DemoError>(())
        };
        match opened.await {
            Ok(()) => {}
            Err(error) => complain(&told(&error)),
        }
    });
    Ok(told.await?)
}

/// Starts the simulated gateways. Their book lies beside the data of the demonstration.
fn gateways(directory: &Path) -> Result<Simulator, DemoError> {
    std::fs::create_dir_all(directory)?;
    let start = |port| {
        Simulator::start(SimConfig {
            port,
            book: Some(Path::new(directory).join("gateways.jsonl")),
            // Bayar's clock goes on when somebody moves that of the gateways.
            signing_time: SigningTime::Real,
            ..SimConfig::default()
        })
    };
    match start(GATEWAYS_PORT) {
        Err(SimError::Listen { .. }) => Ok(start(0)?),
        started => Ok(started?),
    }
}

/// Where Bayar takes webhooks in.
fn webhook_urls(bayar: SocketAddr) -> WebhookUrls {
    WebhookUrls {
        stripe: Some(format!("http://{bayar}/stripe/webhook")),
        midtrans: Some(format!("http://{bayar}/midtrans/notification")),
    }
}

/// A gateway for which no key is set is the simulated one, which is at `base`.
fn simulated(environment: Environment, base: &str) -> Environment {
    let mut settings = Vec::new();
    if !environment.is_set("STRIPE_SECRET_KEY") {
        settings.extend([
            ("STRIPE_SECRET_KEY", STRIPE_KEY),
            ("STRIPE_WEBHOOK_SECRET", STRIPE_WEBHOOK_SECRET),
            ("STRIPE_API_BASE", base),
        ]);
    }
    if !environment.is_set("MIDTRANS_SERVER_KEY") {
        settings.extend([
            ("MIDTRANS_SERVER_KEY", MIDTRANS_KEY),
            ("MIDTRANS_SNAP_BASE", base),
            ("MIDTRANS_API_BASE", base),
        ]);
    }
    settings
        .into_iter()
        .fold(environment, |environment, (name, value)| {
            environment.with_default(name, value)
        })
}

/// Everybody knows the passwords of the demonstration, so it is kept away from everything real.
fn must_be_play(config: &Config) -> Result<(), DemoError> {
    if matches!(config.database, Database::Postgres(_)) {
        return Err(DemoError::Real("DATABASE_URL"));
    }
    if !config.http.bind.ip().is_loopback() {
        return Err(DemoError::Real("BIND_ADDRESS"));
    }
    Ok(())
}

/// What went wrong, with all that led to it.
#[must_use]
pub fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(": {source}"));
        next = source.source();
    }
    text
}

/// Says what went wrong.
pub fn complain(what: &str) {
    let _ = writeln!(io::stderr(), "bayar-sandbox: {what}");
}

/// Adds what is not there yet.
async fn fill(app: &Arc<App>) -> Result<(), DemoError> {
    for &(email, role) in PEOPLE {
        let wish = AddUser {
            email: Email::new(email)?,
            password: PASSWORD.to_owned(),
            role,
        };
        match app.add_user(wish).await {
            Ok(_) | Err(AccountError::EmailTaken) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let users = app.users().await?;
    let id_of = |email: &str| {
        let user = users.iter().find(|user| user.email.as_str() == email);
        user.map(|user| user.id).ok_or(AccountError::UnknownUser)
    };
    let (patient, buyer) = (id_of(PATIENT)?, id_of("buyer@test.com")?);
    for (consultation, user, price) in [
        (5, patient, Money::new(500_000, Currency::Php)),
        (6, patient, Money::new(15_000_000, Currency::Idr)),
        (7, buyer, Money::new(250_000, Currency::Php)),
        (8, patient, Money::new(7_500_000, Currency::Idr)),
    ] {
        register(app, consultation, user, price).await?;
    }
    Ok(())
}

async fn register(
    app: &Arc<App>,
    consultation: i64,
    patient: UserId,
    price: Money,
) -> Result<(), DemoError> {
    let wish = RegisterConsultation {
        consultation: ConsultationId::new(consultation)?,
        patient,
        price,
        description: Some("A consultation to try with".to_owned()),
    };
    match app.register_consultation(&wish).await {
        Ok(Registered::New(_) | Registered::Same(_) | Registered::Repriced(_))
        // Somebody is paying it, or has paid it, since the last time.
        | Err(RegisterError::Order(OrderError::LivePayment | OrderError::NotRepriceable(_))) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Says what to open and what to type.
fn tell(address: SocketAddr, shop: SocketAddr, gateways: &str) -> io::Result<()> {
    let api = format!("http://localhost:{}", address.port());
    let shop = format!("http://localhost:{}", shop.port());
    writeln!(
        io::stdout(),
        r#"
Bayar serves at {api}

  {shop}               a shop: open it, press a button, and pay with 4242 4242 4242 4242
  {gateways}           the simulated gateways: everything that was opened, to pay, decline or leave
  {api}/docs          every call, to read and to try
  {PATIENT} / {PASSWORD}     owes 5000.00 PHP for consultation 5
  operator@test.com / {PASSWORD}    sees every payment, and gives money back

The same by hand:

1. Sign in:

   TOKEN=$(curl -s -X POST {api}/api/login \
     -d "email={PATIENT}&password={PASSWORD}" | sed 's/.*"token":"\([^"]*\)".*/\1/')

2. Create a payment for the consultation:

   curl -i -X POST {api}/api/v1/payments \
     -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \
     -H "X-Idempotency-Key: test-1" \
     -d '{{"consultation_id": 5, "amount": 5000, "payment_method": "stripe", "idempotency_key": "test-1"}}'

3. Press the button again: type line 2 again, and get 409 with the same payment.

4. Open the checkout (put the payment's id for ID), pay at the address it answers, and see it completed:
   by the gateway's webhook, and without one by the schedule in a minute or two:

   curl -s -X POST {api}/api/v1/payments/ID/process -H "Authorization: Bearer $TOKEN"
   curl -s {api}/api/v1/payments/ID -H "Authorization: Bearer $TOKEN"

5. See all of them:

   curl -s {api}/api/v1/payments -H "Authorization: Bearer $TOKEN"

6. Give some of it back, as the operator. Type it twice: the money goes back once.

   OPERATOR=$(curl -s -X POST {api}/api/login \
     -d "email=operator@test.com&password={PASSWORD}" | sed 's/.*"token":"\([^"]*\)".*/\1/')
   curl -s -X POST {api}/api/v1/payments/ID/refund \
     -H "Authorization: Bearer $OPERATOR" -H "Content-Type: application/json" \
     -H "Idempotency-Key: refund-1" -d '{{"amount": 2000, "reason": "the doctor was ill"}}'
   curl -s {api}/api/v1/payments/ID/refunds -H "Authorization: Bearer $TOKEN"

Ctrl-C stops it. What happened is kept; `make clean-data` forgets it."#
    )
}
