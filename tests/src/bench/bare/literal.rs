//! The flow as it was first described: cache, lock, rows one by one in a transaction, cache, unlock.
//!
//! By itself it knows nobody and logs nothing. For a caller who is known it reads the account behind a token first,
//! and writes the two lines of log that were described with it.

use std::io::{self, Write};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, post, web};
use bayar_app::identity::TokenSigner;
use chrono::DateTime;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, ExistenceCheck, SetExpiry, SetOptions};
use tokio::sync::OnceCell;
use tokio::time::sleep;
use tokio_postgres::{Client, Statement};

use super::{Place, Sample, Shelf, failed, ready};
use crate::bench::clock::unix_seconds;
use crate::bench::database::{self, CURRENCY, PRICE, PRICE_MINOR};
use crate::bench::server::{JWT_SECRET, key};
use crate::bench::{Result, redis_server};

const LOCK_SECONDS: u64 = 5;
const LOCK_TRIES: u32 = 50;
const LOCK_DELAY: Duration = Duration::from_millis(100);
const CACHE_SECONDS: u64 = 300;
const TOKEN: &str = "lock_1705321200.1234_xyz";

struct Worker {
    place: Place,
    /// Reads tokens, where callers are to be known.
    tokens: Option<TokenSigner>,
    database: Shelf<Connection>,
    redis: OnceCell<MultiplexedConnection>,
}

pub(super) async fn serve(place: Place, known: bool) -> Result<()> {
    let (address, workers) = (place.address, place.workers);
    let tokens = if known { Some(tokens()?) } else { None };
    let each = place.connections.div_ceil(workers);
    let app = move || {
        let worker = web::Data::new(Worker {
            place: place.clone(),
            tokens: tokens.clone(),
            database: Shelf::new(each),
            redis: OnceCell::new(),
        });
        App::new().app_data(worker).service(ready).service(create)
    };
    let server = HttpServer::new(app).workers(workers);
    Ok(server.bind(address)?.run().await?)
}

/// Reads what the measured server gives out.
fn tokens() -> Result<TokenSigner> {
    Ok(TokenSigner::new(&[JWT_SECRET], Duration::from_secs(60))?)
}

#[post("/{consultation}")]
async fn create(
    worker: web::Data<Worker>,
    consultation: web::Path<i64>,
    request: HttpRequest,
) -> actix_web::Result<HttpResponse> {
    if let Some(tokens) = &worker.tokens {
        let token = request.headers().get(header::AUTHORIZATION);
        let token = token.and_then(|token| token.to_str().ok()?.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| failed("nobody is known"))?;
        worker.know(tokens, token).await.map_err(failed)?;
        worker.log("Payment: Processing payment", *consultation)?;
    }
    let answer = worker.create(*consultation).await.map_err(failed)?;
    if worker.tokens.is_some() {
        worker.log("Payment: New payment created", *consultation)?;
    }
    Ok(HttpResponse::Created()
        .content_type("application/json")
        .body(answer))
}

impl Worker {
    async fn know(&self, tokens: &TokenSigner, token: &str) -> Result<()> {
        let now = DateTime::from_timestamp(unix_seconds(), 0).ok_or("a clock out of range")?;
        let claims = tokens.verify(token, now)?;
        let connect = || Connection::open(&self.place.database_url);
        let epoch = self
            .database
            .with(connect, async |connection| {
                let Connection {
                    client, account, ..
                } = connection;
                let row = client.query_one(&*account, &[&claims.user.get()]).await?;
                let epoch: i64 = row.try_get(0)?;
                Ok(epoch)
            })
            .await?;
        if epoch == claims.epoch {
            Ok(())
        } else {
            Err("a token that is void".into())
        }
    }

    /// One line, one write.
    fn log(&self, message: &str, consultation: i64) -> io::Result<()> {
        let mut line = serde_json::to_vec(&serde_json::json!({
            "timestamp": unix_seconds(),
            "level": "INFO",
            "message": message,
            "user_id": self.place.sample.user,
            "consultation_id": consultation,
            "amount": PRICE,
            "payment_method": "stripe",
        }))?;
        line.push(b'\n');
        io::stderr().write_all(&line)
    }

    async fn create(&self, consultation: i64) -> Result<String> {
        let redis = self
            .redis
            .get_or_try_init(|| redis_server::connect(&self.place.redis_url));
        let mut redis = redis.await?.clone();
        let sample = &self.place.sample;
        let wish = key(consultation.try_into()?);
        let cache = format!("payment:idempotency:{wish}");
        let cached: Option<Vec<u8>> = redis.get(&cache).await?;
        if cached.is_some() {
            return Err("a key that was used before".into());
        }
        let lock = format!("payment:lock:{consultation}:{}", sample.user);
        take(&mut redis, &lock).await?;
        let connect = || Connection::open(&self.place.database_url);
        self.database
            .with(connect, async |connection| {
                connection.write(consultation, &wish, sample).await
            })
            .await?;
        let answer = sample.answer.clone();
        redis
            .set_ex::<_, _, ()>(&cache, &answer, CACHE_SECONDS)
            .await?;
        let holder: Option<String> = redis.get(&lock).await?;
        if holder.as_deref() == Some(TOKEN) {
            redis.del::<_, ()>(&lock).await?;
        }
        Ok(answer)
    }
}

async fn take(redis: &mut MultiplexedConnection, lock: &str) -> Result<()> {
    let options = SetOptions::default()
        .conditional_set(ExistenceCheck::NX)
        .with_expiration(SetExpiry::EX(LOCK_SECONDS));
    for _ in 0..LOCK_TRIES {
        let taken: Option<String> = redis.set_options(lock, TOKEN, options.clone()).await?;
        if taken.is_some() {
            return Ok(());
        }
        sleep(LOCK_DELAY).await;
    }
    Err("the lock was not to be had".into())
}

/// A connection with its statements, each prepared once.
struct Connection {
    client: Client,
    account: Statement,
    order: Statement,
    existing: Statement,
    payment: Statement,
    tax: Statement,
    invoice: Statement,
    event: Statement,
    outbox: Statement,
    job: Statement,
    key: Statement,
    live: Statement,
}

impl Connection {
    async fn open(url: &str) -> Result<Self> {
        let client = database::connect(url).await?;
        let prepare = async |statement: &str| client.prepare(statement).await;
        Ok(Self {
            account: prepare(
                "SELECT epoch FROM users WHERE id = $1 AND disabled_at IS NULL AND role = 'customer'",
            )
            .await?,
            order: prepare(
                "SELECT id, user_id, price_minor, currency, status FROM orders
                 WHERE consultation_id = $1 FOR UPDATE",
            )
            .await?,
            existing: prepare(
                "SELECT id, status FROM payments WHERE consultation_id = $1 AND user_id = $2
                    AND status IN ('pending', 'processing', 'completed') FOR UPDATE",
            )
            .await?,
            payment: prepare(
                "INSERT INTO payments (id, order_id, user_id, consultation_id, price_minor, amount_minor, amount,
                    currency, payment_method, status, state, deadline, created_at, updated_at)
                 VALUES (nextval('payment_ids'), $1, $2, $3, $4, $4, $5::text::numeric, $6, 'stripe', 'pending', $7,
                    now() + interval '24 hours', now(), now())
                 RETURNING id",
            )
            .await?,
            tax: prepare(
                "INSERT INTO tax_records (id, payment_id, position, tax_type, rate, tax_amount_minor, tax_amount,
                    currency, status, line)
                 VALUES (nextval('tax_record_ids'), $1, $2, $3, $4::text::numeric, $5, $6::text::numeric, $7,
                    'pending', $8)",
            )
            .await?,
            invoice: prepare(
                "INSERT INTO invoices (id, payment_id, invoice_number, amount_minor, amount, currency, status,
                    issued_at)
                 VALUES (nextval('invoice_ids'), $1, $2, $3, $4::text::numeric, $5, 'pending', now())",
            )
            .await?,
            event: prepare(
                "INSERT INTO payment_events (payment_id, version, to_status, actor, at)
                 VALUES ($1, 1, 'pending', $2, now())",
            )
            .await?,
            outbox: prepare(
                "INSERT INTO outbox (aggregate, sequence, kind, created_at)
                 VALUES ($1, 1, 'payment.created', now())",
            )
            .await?,
            job: prepare(
                "INSERT INTO jobs (kind, subject_id, due_at)
                 VALUES ('expire_payment', $1, now() + interval '24 hours')",
            )
            .await?,
            key: prepare(
                "INSERT INTO idempotency_keys (owner, route, key, request_hash, payment_id, body, created_at,
                    kept_until)
                 VALUES ($1, 'payments.create', $2, $3, $4, $5, now(), now() + interval '24 hours')",
            )
            .await?,
            live: prepare(
                "UPDATE orders SET live_payment_id = $2, version = version + 1, updated_at = now() WHERE id = $1",
            )
            .await?,
            client,
        })
    }

    async fn write(&self, consultation: i64, wish: &str, sample: &Sample) -> Result<()> {
        self.client.batch_execute("BEGIN").await?;
        self.write_rows(consultation, wish, sample).await?;
        Ok(self.client.batch_execute("COMMIT").await?)
    }

    async fn write_rows(&self, consultation: i64, wish: &str, sample: &Sample) -> Result<()> {
        let client = &self.client;
        let order = client.query_one(&self.order, &[&consultation]).await?;
        let (id, owner, price): (i64, i64, i64) =
            (order.try_get(0)?, order.try_get(1)?, order.try_get(2)?);
        let (currency, status): (String, String) = (order.try_get(3)?, order.try_get(4)?);
        let asked = (sample.user, PRICE_MINOR, CURRENCY, "pending");
        if (owner, price, currency.as_str(), status.as_str()) != asked {
            return Err("an order that is not as it should be".into());
        }
        let existing = client
            .query_opt(&self.existing, &[&consultation, &owner])
            .await?;
        if existing.is_some() {
            return Err("a payment that is there already".into());
        }
        let payment = client
            .query_one(
                &self.payment,
                &[
                    &id,
                    &owner,
                    &consultation,
                    &PRICE_MINOR,
                    &PRICE,
                    &CURRENCY,
                    &sample.state,
                ],
            )
            .await?;
        let payment: i64 = payment.try_get(0)?;
        for (position, tax) in (1_i32..).zip(&sample.taxes) {
            client
                .execute(
                    &self.tax,
                    &[
                        &payment,
                        &position,
                        &tax.tax_type,
                        &tax.rate,
                        &tax.minor,
                        &tax.amount,
                        &CURRENCY,
                        &tax.line,
                    ],
                )
                .await?;
        }
        let number = format!("INV-20261121103000-{payment:06}");
        client
            .execute(
                &self.invoice,
                &[&payment, &number, &PRICE_MINOR, &PRICE, &CURRENCY],
            )
            .await?;
        let (actor, owner) = (format!("user:{owner}"), format!("user-{owner}"));
        client.execute(&self.event, &[&payment, &actor]).await?;
        let aggregate = format!("payment:{payment}");
        client.execute(&self.outbox, &[&aggregate]).await?;
        client.execute(&self.job, &[&payment]).await?;
        let (hash, answer) = ([0x5a_u8; 32].as_slice(), sample.answer.as_bytes());
        client
            .execute(&self.key, &[&owner, &wish, &hash, &payment, &answer])
            .await?;
        client.execute(&self.live, &[&id, &payment]).await?;
        Ok(())
    }
}
