//! Fills an installation with people and orders to try it with, and serves it.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use bayar::config::{Config, Database, Environment, Faults};
use bayar::serve::{ServeError, ServeOptions, serve};
use bayar::telemetry;
use bayar::wiring::Tables;
use bayar_app::identity::{Email, Role};
use bayar_app::{AccountError, AddUser, App, OrderError, RegisterConsultation, Registered};
use bayar_domain::{ConsultationId, Currency, InvalidId, InvalidText, Money, UserId};
use thiserror::Error;

/// Why there is no demonstration.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The settings are wrong.
    #[error("the settings are wrong:\n{0}")]
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
    Order(#[from] OrderError),
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

/// What is set unless it is set otherwise: a directory of its own, and keys of no account,
/// so that both gateways can be chosen.
const SETTINGS: &[(&str, &str)] = &[
    ("DATA_DIR", "data/demo"),
    ("STRIPE_SECRET_KEY", "sk_test_demonstration"),
    ("MIDTRANS_SERVER_KEY", "SB-Mid-server-demonstration"),
];

/// Serves the demonstration until it is told to stop.
///
/// # Errors
/// When the settings are wrong, it cannot be filled, or does not serve.
pub async fn run() -> Result<(), DemoError> {
    let environment = SETTINGS
        .iter()
        .fold(Environment::from_process(), |environment, (name, value)| {
            environment.with_default(name, value)
        });
    let (config, warnings) = Config::load(&environment)?;
    must_be_play(&config)?;
    let mut out = io::stdout();
    for warning in warnings {
        writeln!(out, "warning: {warning}")?;
    }
    let _log = telemetry::start_log(&config.logging)?;
    let options = ServeOptions {
        tables: Tables::Migrate,
        housekeeping: true,
    };
    let told = serve(&config, options, async |address, app| {
        let filled = fill(app).await;
        match filled.and_then(|()| Ok(tell(address)?)) {
            Ok(()) => {}
            Err(error) => complain(&error),
        }
    });
    Ok(told.await?)
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

/// Says what went wrong, with all that led to it.
pub fn complain(error: &DemoError) {
    let mut text = format!("bayar-sandbox: {error}");
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(": {source}"));
        next = source.source();
    }
    let _ = writeln!(io::stderr(), "{text}");
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
        | Err(OrderError::LivePayment | OrderError::WrongState(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Says what to open and what to type.
fn tell(address: SocketAddr) -> io::Result<()> {
    let api = format!("http://localhost:{}", address.port());
    writeln!(
        io::stdout(),
        r#"
Bayar serves at {api}

  {api}/docs          every call, to read and to try
  {PATIENT} / {PASSWORD}     owes 5000.00 PHP for consultation 5
  operator@test.com / {PASSWORD}    sees every payment

1. Sign in:

   TOKEN=$(curl -s -X POST {api}/api/login \
     -d "email={PATIENT}&password={PASSWORD}" | sed 's/.*"token":"\([^"]*\)".*/\1/')

2. Pay for the consultation:

   curl -i -X POST {api}/api/v1/payments \
     -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \
     -H "X-Idempotency-Key: test-1" \
     -d '{{"consultation_id": 5, "amount": 5000, "payment_method": "stripe", "idempotency_key": "test-1"}}'

3. Press the button again: type line 2 again, and get 409 with the same payment.

4. See it:

   curl -s {api}/api/v1/payments -H "Authorization: Bearer $TOKEN"

Ctrl-C stops it. What happened is kept; `make clean-data` forgets it."#
    )
}
