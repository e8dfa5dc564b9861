use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, post, web};
use bayar_app::port::store::{
    Actor, Claim, IdempotencyKey, KeyOwner, KeyScope, Opened, Opening, Payments, RequestHash,
    Route, StoredAnswer,
};
use bayar_domain::{
    Bill, BillRequest, ConsultationId, Currency, Gateway, Money, Order, OrderId, OrderKind,
    OrderNumber, OrderTerms, TaxPolicy, UserId,
};
use bayar_postgres::{PgConfig, PgStore};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Place, Sample, failed, ready};
use crate::bench::Result;
use crate::bench::clock::unix_seconds;
use crate::bench::database::{CURRENCY, PRICE_MINOR};
use crate::bench::server::key;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Asks for openings of the payments for these consultations, in place of what is prepared.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::bench) struct Prepare {
    pub(in crate::bench) first: u64,
    pub(in crate::bench) end: u64,
}

/// Where it is asked for.
pub(in crate::bench) const PREPARE: &str = "/prepare";

struct Prepared {
    store: PgStore,
    sample: Sample,
    openings: Mutex<Vec<Opening>>,
}

pub(super) async fn serve(place: Place) -> Result<()> {
    let mut config = PgConfig::new(place.database_url);
    config.pool_size = place.connections;
    let prepared = web::Data::new(Prepared {
        store: PgStore::connect(&config)?,
        sample: place.sample,
        openings: Mutex::default(),
    });
    let app = move || {
        App::new()
            .app_data(prepared.clone())
            .service(ready)
            .service(prepare)
            .service(create)
    };
    let server = HttpServer::new(app).workers(place.workers);
    Ok(server.bind(place.address)?.run().await?)
}

#[post("/prepare")]
async fn prepare(
    prepared: web::Data<Prepared>,
    asked: web::Json<Prepare>,
) -> actix_web::Result<HttpResponse> {
    let policy = TaxPolicy::standard();
    let mut openings = Vec::new();
    for number in (asked.first..asked.end).rev() {
        let opening = prepared.opening(&policy, number).await;
        openings.push(opening.map_err(failed)?);
    }
    let count = openings.len();
    *prepared
        .openings
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = openings;
    Ok(HttpResponse::Ok().body(count.to_string()))
}

#[post("/")]
async fn create(prepared: web::Data<Prepared>) -> actix_web::Result<HttpResponse> {
    let opening = prepared
        .openings
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop();
    let Some(opening) = opening else {
        return Err(failed("nothing is prepared any more"));
    };
    match prepared.store.open_payment(&opening).await {
        Ok(Opened::Yes) => Ok(HttpResponse::Created()
            .content_type("application/json")
            .body(opening.claim.answer.body)),
        Ok(Opened::No) => Err(failed("the payment was not opened")),
        Err(error) => Err(failed(error)),
    }
}

impl Prepared {
    async fn opening(&self, policy: &TaxPolicy, number: u64) -> Result<Opening> {
        let id = i64::try_from(number)?;
        let made_at: DateTime<Utc> = self.sample.minute.parse()?;
        let now = DateTime::from_timestamp(unix_seconds(), 0).ok_or("a clock out of range")?;
        let now = now.trunc_subsecs(6);
        let owner = UserId::new(self.sample.user)?;
        let order = Order::register(OrderTerms {
            id: OrderId::new(id)?,
            number: OrderNumber::new(made_at, u32::try_from(number)?)?,
            owner,
            kind: OrderKind::Consultation {
                consultation_id: ConsultationId::new(id)?,
            },
            price: Money::new(PRICE_MINOR, CURRENCY.parse::<Currency>()?),
            created_at: made_at,
        })?;
        let ids = self.store.reserve_bill_ids(self.sample.taxes.len()).await?;
        let payment = ids.payment;
        let request = BillRequest {
            payment,
            invoice: ids.invoice,
            taxes: ids.taxes,
            payment_method: Gateway::Stripe,
            now,
            deadline: now + TimeDelta::days(1),
            tax_day: now.date_naive(),
        };
        Ok(Opening {
            bill: Bill::write(&order, policy, request)?,
            order,
            claim: Claim {
                scope: KeyScope {
                    owner: KeyOwner::User(owner),
                    route: Route::CreatePayment,
                    key: IdempotencyKey::new(key(number))?,
                },
                answer: StoredAnswer {
                    request: RequestHash::of(&[&key(number)]),
                    payment,
                    body: self.sample.answer.clone().into_bytes(),
                },
                kept_for: A_DAY,
            },
            by: Actor::User(owner),
        })
    }
}
