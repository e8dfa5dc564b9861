use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bayar_app::port::gateway::{
    AccountReport, Call, CallError, Checkout, Fault, FaultKind, PaymentGateway, Place, Reading,
    RefundOrder, Request, Sent, Unfit,
};
use bayar_app::port::store::{CallKey, Operation};
use bayar_app::port::{GatewayBook, Random};
use bayar_domain::decision::Verdict;
use bayar_domain::gateway::{AccountRef, CaptureId, Source};
use bayar_domain::{Gateway, Mode};
use chrono::TimeDelta;
use serde::Serialize;
use stripe_checkout::checkout_session::{ListCheckoutSession, RetrieveCheckoutSession};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest as _};
use stripe_core::payment_intent::RetrievePaymentIntent;
use stripe_core::refund::ListRefund;
use stripe_types::{RangeBoundsTs, RangeQueryTs};
use tokio::sync::OnceCell;

use crate::client::{Client, garbage, parse};
use crate::objects::{Account, Charge, Dispute, Expandable, Intent, Listed, Refund, Session};
use crate::pages::{PAGE, all};
use crate::reading::{self, Book, told_session};
use crate::{InvalidStripeConfig, StripeConfig, names, requests};

/// How far Stripe's clock may be from that of the store.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(10);

/// The gateway port on Stripe.
pub struct StripeGateway {
    pub(crate) client: Client,
    mode: Mode,
    configured: Option<AccountRef>,
    asked: OnceCell<AccountRef>,
}

impl StripeGateway {
    /// Reaches nobody yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: StripeConfig, random: Arc<dyn Random>) -> Result<Self, InvalidStripeConfig> {
        Ok(Self {
            client: Client::new(&config, random)?,
            mode: config.mode,
            configured: config.account,
            asked: OnceCell::new(),
        })
    }

    fn source_of(&self, account: AccountRef) -> Source {
        Source {
            gateway: Gateway::Stripe,
            account,
            mode: self.mode,
        }
    }

    async fn account(&self) -> Result<(AccountRef, Option<String>), CallError> {
        let request = RequestBuilder::new(StripeMethod::Get, "/account");
        let account: Account = self.client.get(request).await?;
        let shown = account
            .settings
            .and_then(|settings| settings.dashboard.display_name);
        let name = account
            .business_profile
            .and_then(|profile| profile.name)
            .or(shown);
        let account = AccountRef::new(account.id).map_err(|_| garbage("odd_name"))?;
        match &self.configured {
            Some(configured) if *configured != account => {
                Err(CallError::Refused(strange("account_mismatch")))
            }
            Some(_) | None => Ok((account, name)),
        }
    }

    /// Whether an answer is about money as real as ours.
    pub(crate) fn is_our_mode(&self, livemode: bool) -> bool {
        livemode == (self.mode == Mode::Live)
    }

    async fn session(&self, name: &str) -> Result<Option<Session>, CallError> {
        if !names::fits_path(name) {
            return Ok(None);
        }
        let request = RetrieveCheckoutSession::new(name)
            .expand(vec!["payment_intent.latest_charge".to_owned()]);
        match self.client.get(request.build()).await {
            Ok(session) => Ok(Some(session)),
            Err(CallError::Refused(fault)) if fault.kind == FaultKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The sessions of an attempt, as Stripe lists them. The list is complete at once, which its search is not.
    async fn sessions(&self, place: &Place<'_>) -> Result<Vec<String>, CallError> {
        let long_over = place.opened_at + requests::KEY_IS_KNOWN + CLOCKS_DIFFER_BY;
        let created = RangeBoundsTs {
            gte: Some((place.opened_at - CLOCKS_DIFFER_BY).timestamp()),
            // After that, nobody sends the request any more.
            lte: (long_over < place.now).then(|| long_over.timestamp()),
            ..RangeBoundsTs::default()
        };
        let page = |after: Option<&str>| {
            let mut request = ListCheckoutSession::new()
                .created(RangeQueryTs::Bounds(created))
                .limit(PAGE);
            if let Some(after) = after {
                request = request.starting_after(after);
            }
            request.build()
        };
        let listed: Vec<Listed> = all(&self.client, page).await?;
        let ours = |listed: &Listed| {
            let metadata = listed.metadata.as_ref();
            metadata.is_some_and(|of| names::marks(of, place.attempt, place.opened_by))
        };
        let ours = listed.into_iter().filter(ours);
        Ok(ours.map(|listed| listed.id).collect())
    }

    /// Everything about one session.
    async fn book_of(&self, session: Session) -> Result<Book, CallError> {
        if !self.is_our_mode(session.livemode) {
            return Err(CallError::Refused(strange("livemode_mismatch")));
        }
        let intent = match session.payment_intent.clone() {
            Some(Expandable::Whole(intent)) => Some(*intent),
            Some(Expandable::Name(name)) => Some(self.intent(&name).await?),
            None => None,
        };
        let charge = match intent
            .as_ref()
            .and_then(|intent| intent.latest_charge.clone())
        {
            Some(Expandable::Whole(charge)) => Some(*charge),
            Some(Expandable::Name(name)) => Some(self.charge(&name).await?),
            None => None,
        };
        let paid = intent.as_ref().filter(|intent| reading::is_paid(intent));
        let refunds = match paid {
            Some(intent) => self.refunds(intent).await?,
            None => Vec::new(),
        };
        let undisputed = charge
            .as_ref()
            .is_some_and(|charge| charge.disputed == Some(false));
        let disputes = match paid {
            Some(intent) if !undisputed => self.disputes(intent).await?,
            Some(_) | None => Vec::new(),
        };
        Ok(Book {
            session,
            intent,
            charge,
            refunds,
            disputes,
        })
    }

    async fn intent(&self, name: &str) -> Result<Intent, CallError> {
        if !names::fits_path(name) {
            return Err(garbage("odd_name"));
        }
        let request = RetrievePaymentIntent::new(name).expand(vec!["latest_charge".to_owned()]);
        self.client.get(request.build()).await
    }

    async fn charge(&self, name: &str) -> Result<Charge, CallError> {
        if !names::fits_path(name) {
            return Err(garbage("odd_name"));
        }
        let path = format!("/charges/{name}");
        self.client
            .get(RequestBuilder::new(StripeMethod::Get, path))
            .await
    }

    async fn refunds(&self, intent: &Intent) -> Result<Vec<Refund>, CallError> {
        let page = |after: Option<&str>| {
            let mut request = ListRefund::new()
                .payment_intent(intent.id.as_str())
                .limit(PAGE);
            if let Some(after) = after {
                request = request.starting_after(after);
            }
            request.build()
        };
        all(&self.client, page).await
    }

    async fn disputes(&self, intent: &Intent) -> Result<Vec<Dispute>, CallError> {
        let page = |after: Option<&str>| {
            RequestBuilder::new(StripeMethod::Get, "/disputes").query(&ListDisputes {
                payment_intent: &intent.id,
                limit: PAGE,
                starting_after: after,
            })
        };
        all(&self.client, page).await
    }

    async fn send_open(&self, call: &Call<'_>) -> Result<Sent, CallError> {
        let answer = self.client.post(call.request, call.key).await?;
        let session: Session = parse(&answer)?;
        if !self.is_our_mode(session.livemode) {
            // It is open, though not where it should be.
            return Err(CallError::Unknown(strange("livemode_mismatch")));
        }
        Ok(told_session(&session, None)?.map_or(Sent::Done, Sent::Opened))
    }

    async fn send_close(&self, call: &Call<'_>) -> Result<Sent, CallError> {
        let answer = match self.client.post(call.request, call.key).await {
            Ok(answer) => answer,
            // It was over already, paid or not.
            Err(CallError::Refused(fault)) if is_over_already(&fault) => return Ok(Sent::Done),
            Err(error) => return Err(error),
        };
        let session: Session = parse(&answer)?;
        let is_shut = session.status.as_deref() == Some("expired")
            && session.payment_status.as_deref() == Some("unpaid");
        Ok(if is_shut { Sent::Closed } else { Sent::Done })
    }

    async fn send_refund(&self, call: &Call<'_>) -> Result<Sent, CallError> {
        let answer = self.client.post(call.request, call.key).await?;
        let made: Refund = parse(&answer)?;
        if requests::asked_for(call.request, &made) {
            Ok(Sent::Done)
        } else {
            Err(garbage("another_refund"))
        }
    }
}

/// Stripe has no code for it: any refusal that is not about the form of the request.
fn is_over_already(fault: &Fault) -> bool {
    let about_form = |code: &String| code.starts_with("parameter");
    match fault.kind {
        FaultKind::InvalidRequest => !fault.code.as_ref().is_some_and(about_form),
        FaultKind::WrongState => true,
        _ => false,
    }
}

pub fn strange(code: &str) -> Fault {
    Fault::of(FaultKind::Authentication).with_code(code)
}

/// async-stripe has it in a crate with thousands of other types.
#[derive(Serialize)]
struct ListDisputes<'a> {
    payment_intent: &'a str,
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

#[async_trait]
impl PaymentGateway for StripeGateway {
    fn gateway(&self) -> Gateway {
        Gateway::Stripe
    }

    async fn source(&self) -> Result<Source, CallError> {
        if let Some(account) = &self.configured {
            return Ok(self.source_of(account.clone()));
        }
        let ask = async || self.account().await.map(|(account, _)| account);
        let account = self.asked.get_or_try_init(ask).await?;
        Ok(self.source_of(account.clone()))
    }

    async fn check(&self) -> Result<AccountReport, CallError> {
        let (account, name) = self.account().await?;
        let source = self.source_of(account);
        Ok(AccountReport { source, name })
    }

    fn to_open(&self, checkout: &Checkout<'_>, key: &CallKey) -> Result<Request, Unfit> {
        requests::open(checkout, key)
    }

    fn to_close(&self, place: &Place<'_>) -> Result<Request, Unfit> {
        requests::close(place)
    }

    fn to_refund(&self, refund: &RefundOrder<'_>, _: &CallKey) -> Result<Request, Unfit> {
        requests::refund(refund)
    }

    fn to_answer(&self, _: &Place<'_>, _: &CaptureId, _: Verdict) -> Result<Request, Unfit> {
        Err(Unfit("Stripe asks for no answer about money".to_owned()))
    }

    async fn send(&self, call: &Call<'_>) -> Result<Sent, CallError> {
        match call.operation {
            Operation::Open => self.send_open(call).await,
            Operation::Close => self.send_close(call).await,
            Operation::Refund => self.send_refund(call).await,
            // None is ever put together.
            Operation::Answer => Err(CallError::Refused(Fault::of(FaultKind::InvalidRequest))),
        }
    }

    async fn read(&self, place: &Place<'_>) -> Result<Reading, CallError> {
        let names = match place.session {
            Some(session) => vec![session.reference.to_string()],
            None => self.sessions(place).await?,
        };
        let mut readings = Vec::new();
        for name in names {
            if let Some(session) = self.session(&name).await? {
                let book = self.book_of(session).await?;
                readings.push(reading::of(&book, place)?);
            }
        }
        Ok(reading::together(readings))
    }

    fn book(&self) -> Option<&dyn GatewayBook> {
        Some(self)
    }
}

/// The key is not shown.
impl fmt::Debug for StripeGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeGateway")
            .field("mode", &self.mode)
            .field("configured", &self.configured)
            .finish_non_exhaustive()
    }
}
