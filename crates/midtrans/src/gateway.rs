use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::gateway::{
    AccountReport, Call, CallError, Checkout, Fault, FaultKind, PaymentGateway, Place, Reading,
    RefundOrder, Request, Sent, Unfit,
};
use bayar_app::port::gateway_book::GatewayNames;
use bayar_app::port::store::{CallKey, Operation};
use bayar_app::port::{GatewayBook, Random, pace};
use bayar_domain::Verdict;
use bayar_domain::gateway::{AccountRef, CaptureId, Gateway, Source};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{MidtransConfig, SetupError};
use crate::http::{Answer, Ask, Client};
use crate::wire::Body;
use crate::{account, answer, close, fault, open, read, refund};

/// Midtrans, as the use cases need it.
pub struct MidtransGateway {
    client: Client,
    random: Arc<dyn Random>,
    source: Source,
    merchant: Option<AccountRef>,
    whole: Duration,
    snap_base: String,
    api_base: String,
}

impl fmt::Debug for MidtransGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MidtransGateway")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl MidtransGateway {
    /// Sets it up. Nobody is asked.
    ///
    /// # Errors
    /// When the configuration cannot work.
    pub fn new(config: MidtransConfig, random: Arc<dyn Random>) -> Result<Self, SetupError> {
        let key = config.server_key.expose_secret().trim();
        if key.is_empty() {
            return Err(SetupError::NoKey);
        }
        let key = SecretString::from(key);
        let source = account::source_of(&key, config.merchant.as_ref(), config.mode)
            .map_err(|_| SetupError::NoKey)?;
        Ok(Self {
            client: Client::new(key, config.timeouts, config.retries, Arc::clone(&random))?,
            random,
            source,
            merchant: config.merchant,
            whole: config.timeouts.whole,
            snap_base: base(config.snap_base)?,
            api_base: base(config.api_base)?,
        })
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Answer, CallError> {
        let url = format!("{}/v2/{}/status", self.api_base, segment(name)?);
        self.client
            .send(Ask {
                method: &Method::GET,
                url: &url,
                body: None,
                key: None,
            })
            .await
    }

    /// `path` is made of our own words and of [`segment`]s.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: Option<&str>,
        key: Option<&CallKey>,
    ) -> Result<Answer, CallError> {
        let base = if path.starts_with("/snap/") {
            &self.snap_base
        } else {
            &self.api_base
        };
        self.client
            .send(Ask {
                method: &Method::POST,
                url: &format!("{base}{path}"),
                body,
                key: key.map(CallKey::as_str),
            })
            .await
    }

    /// The transaction called `name`, by its order or by its own id; nothing when there is none.
    pub(crate) async fn transaction(&self, name: &str) -> Result<Option<Body>, CallError> {
        let answer = self.get(name).await?;
        let body = &answer.body;
        // Some other server would not tell the code in the body.
        if answer.code == 404 && body.status_code.is_some() {
            return Ok(None);
        }
        self.is_our_merchant(&answer)?;
        if body.transaction_status.is_none() {
            return Err(match answer.code {
                404 => fault::unknown(&answer, FaultKind::Garbage),
                _ => fault::by_code(&answer),
            });
        }
        let is_it = [&body.order_id, &body.transaction_id]
            .into_iter()
            .any(|told| told.as_deref() == Some(name));
        if is_it {
            Ok(Some(answer.body))
        } else {
            Err(fault::unknown(&answer, FaultKind::Garbage))
        }
    }

    /// Whoever called has it for a while only: what takes longer is nobody's. Waiting for a turn does not count.
    pub(crate) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let mut work = std::pin::pin!(work);
        let (mut left, mut waited) = (self.whole, pace::waited());
        loop {
            if let Ok(done) = tokio::time::timeout(left, &mut work).await {
                return done;
            }
            left = pace::waited().saturating_sub(waited);
            if left.is_zero() {
                return Err(CallError::Unknown(Fault::of(FaultKind::Timeout)));
            }
            waited = waited.saturating_add(left);
        }
    }

    fn is_our_merchant(&self, answer: &Answer) -> Result<(), CallError> {
        match (&self.merchant, &answer.body.merchant_id) {
            (Some(ours), Some(told)) if ours.as_str() != told => Err(CallError::Refused(
                Fault::of(FaultKind::Authentication).with_code("other_merchant"),
            )),
            _ => Ok(()),
        }
    }

    /// Another account knows nothing of this money, and its not knowing would look like proof.
    fn is_our_account(&self, source: &Source) -> Result<(), CallError> {
        if *source == self.source {
            Ok(())
        } else {
            let fault = Fault::of(FaultKind::Authentication).with_code("other_account");
            Err(CallError::NotSent(fault))
        }
    }
}

#[async_trait]
impl PaymentGateway for MidtransGateway {
    fn gateway(&self) -> Gateway {
        Gateway::Midtrans
    }

    async fn source(&self) -> Result<Source, CallError> {
        Ok(self.source.clone())
    }

    async fn check(&self) -> Result<AccountReport, CallError> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        let nobody = format!("check-{}", hex::encode(bytes));
        // Who has the right key is told that there is no such thing; nothing else proves the key.
        match self.transaction(&nobody).await? {
            None => Ok(AccountReport {
                source: self.source.clone(),
                name: None,
            }),
            Some(_) => Err(CallError::Unknown(Fault::of(FaultKind::Garbage))),
        }
    }

    fn to_open(&self, checkout: &Checkout<'_>, key: &CallKey) -> Result<Request, Unfit> {
        open::request(checkout, key)
    }

    fn to_close(&self, place: &Place<'_>) -> Result<Request, Unfit> {
        close::request(place)
    }

    fn to_refund(&self, refund: &RefundOrder<'_>, key: &CallKey) -> Result<Request, Unfit> {
        refund::request(refund, key)
    }

    fn to_answer(
        &self,
        place: &Place<'_>,
        capture: &CaptureId,
        verdict: Verdict,
    ) -> Result<Request, Unfit> {
        answer::request(capture, verdict, place.now)
    }

    async fn send(&self, call: &Call<'_>) -> Result<Sent, CallError> {
        self.is_our_account(call.place.source)?;
        let sending = async {
            match call.operation {
                Operation::Open => open::send(self, call).await,
                Operation::Close => close::send(self, call).await,
                Operation::Refund => refund::send(self, call).await,
                Operation::Answer => answer::send(self, call).await,
            }
        };
        self.in_time(sending).await
    }

    async fn read(&self, place: &Place<'_>) -> Result<Reading, CallError> {
        self.is_our_account(place.source)?;
        self.in_time(read::read(self, place)).await
    }

    fn book(&self) -> Option<&dyn GatewayBook> {
        // Midtrans answers for one order at a time.
        None
    }

    fn names(&self) -> Option<&dyn GatewayNames> {
        Some(self)
    }
}

/// A name as a part of a path. Midtrans' names need no escaping, so one that does is none.
pub fn segment(name: &str) -> Result<&str, CallError> {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte));
    if is_plain && !name.is_empty() && !name.bytes().all(|byte| byte == b'.') {
        Ok(name)
    } else {
        Err(CallError::NotSent(Fault::of(FaultKind::InvalidRequest)))
    }
}

/// What of a stored request cannot be read was never one of ours.
pub fn not_ours() -> CallError {
    CallError::NotSent(Fault::of(FaultKind::InvalidRequest))
}

fn base(text: String) -> Result<String, SetupError> {
    let base = text.trim_end_matches('/');
    let host = base
        .strip_prefix("https://")
        .or_else(|| base.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains('/') => Ok(base.to_owned()),
        Some(_) | None => Err(SetupError::Base(text)),
    }
}
