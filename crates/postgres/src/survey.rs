//! Looking at all that decides whether a payment may be opened: one statement, one snapshot.

use bayar_app::port::Source;
use bayar_app::port::store::{
    Answer, LivePayment, OrderKey, RequestHash, Standing, StoredAnswer, Survey, Surveyed,
    SurveyedOrder,
};
use bayar_domain::{PaymentId, PaymentStatus, UserId};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text, Timestamptz};

use crate::PgStore;
use crate::error::{Unreadable, Wrong, broken};
use crate::keys::KeyColumns;
use crate::rows::OrderRow;
use crate::statement::statement;

/// A statement for each name of an order. One for all of them, with an OR, is planned anew at every call:
/// the server finds the plan for the one name that is given so much cheaper than a plan that it could keep.
macro_rules! look {
    ($name:ident by $column:tt: $kind:ty as $sql:ty) => {
        statement! {
            /// One row, whatever there is.
            struct $name {
                person: Option<i64> as Nullable<BigInt>,
                owner: String as Text,
                route: &'static str as Text,
                key: String as Text,
                order: $kind as $sql,
            }
            "SELECT
                person.role AS person_role, person.disabled_at IS NOT NULL AS person_disabled,
                person.epoch AS person_epoch,
                answer.request_hash AS answer_hash, answer.payment_id AS answer_payment_id,
                answer.body AS answer_body, answer.status AS answer_status,
                o.id, o.order_number, o.kind, o.consultation_id, o.credits, o.external_ref, o.description, o.user_id,
                o.price_minor, o.currency, o.status, o.live_payment_id, o.version, o.created_at, o.updated_at,
                live.id AS live_id, live.status AS live_status, live.deadline AS live_deadline,
                live.deadline <= bayar_now() AND live.status IN ('pending', 'processing') AS live_overdue
            FROM (VALUES (1)) AS one
            LEFT JOIN users AS person ON person.id = " person "
            LEFT JOIN (
                SELECT k.request_hash, k.payment_id, k.body, p.status
                FROM idempotency_keys AS k JOIN payments AS p ON p.id = k.payment_id
                WHERE k.owner = " owner " AND k.route = " route " AND k.key = " key "
                    AND (k.kept_until > bayar_now() OR p.status IN ('pending', 'processing', 'under_review'))
            ) AS answer ON true
            LEFT JOIN orders AS o ON o." $column " = " order "
            LEFT JOIN payments AS live ON live.id = o.live_payment_id"
        }

        impl $name {
            fn new(survey: &Survey, order: $kind) -> Self {
                let KeyColumns { owner, route, key } = KeyColumns::of(&survey.scope);
                Self {
                    person: survey.person.map(UserId::get),
                    owner,
                    route,
                    key,
                    order,
                }
            }
        }
    };
}

look! { LookById by "id": i64 as BigInt }
look! { LookByNumber by "order_number": String as Text }
look! { LookByConsultation by "consultation_id": i64 as BigInt }
look! { LookByReference by "external_ref": String as Text }

#[derive(QueryableByName)]
struct Seen {
    #[diesel(embed)]
    person: Option<SeenPerson>,
    #[diesel(embed)]
    answer: Option<SeenAnswer>,
    #[diesel(embed)]
    order: Option<OrderRow>,
    #[diesel(embed)]
    live: Option<SeenLive>,
}

#[derive(QueryableByName)]
struct SeenPerson {
    #[diesel(sql_type = Text)]
    person_role: String,
    #[diesel(sql_type = Bool)]
    person_disabled: bool,
    #[diesel(sql_type = BigInt)]
    person_epoch: i64,
}

#[derive(QueryableByName)]
struct SeenAnswer {
    #[diesel(sql_type = Binary)]
    answer_hash: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    answer_payment_id: i64,
    #[diesel(sql_type = Binary)]
    answer_body: Vec<u8>,
    #[diesel(sql_type = Text)]
    answer_status: String,
}

#[derive(QueryableByName)]
struct SeenLive {
    #[diesel(sql_type = BigInt)]
    live_id: i64,
    #[diesel(sql_type = Text)]
    live_status: String,
    #[diesel(sql_type = Timestamptz)]
    live_deadline: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    live_overdue: bool,
}

impl PgStore {
    pub(crate) async fn look(&self, survey: &Survey) -> Answer<Surveyed> {
        let seen: Vec<Seen> = match &survey.order {
            OrderKey::Id(id) => self.load(LookById::new(survey, id.get())).await?,
            OrderKey::Number(number) => {
                let number = number.to_string();
                self.load(LookByNumber::new(survey, number)).await?
            }
            OrderKey::Consultation(id) => {
                self.load(LookByConsultation::new(survey, id.get())).await?
            }
            OrderKey::Reference(reference) => {
                let reference = reference.as_str().to_owned();
                self.load(LookByReference::new(survey, reference)).await?
            }
        };
        let Some(seen) = seen.into_iter().next() else {
            return Err(broken("a survey saw nothing at all"));
        };
        let live = seen.live.map(SeenLive::restore).transpose()?;
        let order = match seen.order {
            None => None,
            Some(row) if row.live_payment_id.is_some() != live.is_some() => {
                let fault = "names a live payment that is not there";
                return Err(broken(Wrong::new("order", row.id, fault)));
            }
            Some(row) => Some(SurveyedOrder {
                order: row.order()?,
                live,
            }),
        };
        Ok(Surveyed {
            person: seen.person.map(SeenPerson::restore).transpose()?,
            answered: seen.answer.map(SeenAnswer::restore).transpose()?,
            order,
        })
    }
}

impl SeenPerson {
    fn restore(self) -> Answer<Standing> {
        Ok(Standing {
            role: self.person_role.parse().map_err(broken)?,
            disabled: self.person_disabled,
            epoch: self.person_epoch,
        })
    }
}

impl SeenAnswer {
    fn restore(self) -> Answer<(StoredAnswer, PaymentStatus)> {
        let payment = self.answer_payment_id;
        let restore = move || -> Result<_, Source> {
            let hash = <[u8; 32]>::try_from(self.answer_hash.as_slice())?;
            let answer = StoredAnswer {
                request: RequestHash::from_bytes(hash),
                payment: PaymentId::new(payment)?,
                body: self.answer_body,
            };
            Ok((answer, self.answer_status.parse()?))
        };
        restore().map_err(Unreadable::of("a key of payment", payment))
    }
}

impl SeenLive {
    fn restore(self) -> Answer<LivePayment> {
        let restore = || -> Result<_, Source> {
            Ok(LivePayment {
                id: PaymentId::new(self.live_id)?,
                status: self.live_status.parse()?,
                deadline: self.live_deadline,
                overdue: self.live_overdue,
            })
        };
        restore().map_err(Unreadable::of("payment", self.live_id))
    }
}
