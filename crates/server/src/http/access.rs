//! Who is asking, and how often they may.

use std::net::IpAddr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use bayar_app::identity::{Role, Scope};
use bayar_app::{App, AuthenticationError, Caller, Claimant, Limited};
use futures_util::future::{Ready, ready};

use super::problem::{Code, Problem};
use super::state::State;

/// A caller who is known.
#[derive(Debug, Clone)]
pub struct Known(pub Caller);

/// A caller whose proof was genuine when it was given out. Whether it still holds is confirmed on the way.
#[derive(Debug, Clone)]
pub struct Claimed(pub Claimant);

/// Opening a payment reads the account together with the order, in one look into the store.
fn is_confirmed_later(request: &ServiceRequest) -> bool {
    request.method() == Method::POST && request.path() == "/api/v1/payments"
}

/// Finds out who is asking and counts it. Who proves nothing goes on as a stranger: each handler says what it wants.
pub async fn access(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Err(Problem::new(Code::InternalError).into());
    };
    let limits = state.app.limits();
    let place = place(&state, request.request());
    let later = is_confirmed_later(&request);
    let claimant = match bearer(request.headers()) {
        None => None,
        Some(None) => Some(Err(AuthenticationError::Unproved)),
        Some(Some(bearer)) => Some(authenticate(&state.app, bearer, later).await),
    };
    let limited = match &claimant {
        Some(Ok((claimant, _))) => limits.request(claimant).await,
        // Guessing is counted like everything else.
        Some(Err(_)) | None => limits.stranger(&place).await,
    };
    let too_many = limited.filter(|limited| !limited.spent.allowed);
    let mut answer = match (too_many, claimant) {
        (Some(limited), _) => request.error_response(too_many_requests(limited)),
        (None, Some(Err(AuthenticationError::Trouble(trouble)))) => {
            request.error_response(Problem::from(trouble))
        }
        (None, Some(Ok((claimant, caller)))) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(Known(caller));
            }
            request.extensions_mut().insert(Claimed(claimant));
            next.call(request).await?.map_into_boxed_body()
        }
        // A token that has ended keeps nobody from signing in again.
        (None, Some(Err(AuthenticationError::Unproved)) | None) => {
            next.call(request).await?.map_into_boxed_body()
        }
    };
    // A handler that asked a narrower limit has the last word.
    let narrower = answer.response_mut().extensions_mut().remove::<Limited>();
    let error = answer.response().error();
    let problem = error.and_then(|error| error.as_error::<Problem>());
    let narrower = narrower.or_else(|| problem.and_then(Problem::limited));
    say(narrower.or(limited), answer.headers_mut());
    Ok(answer)
}

async fn authenticate(
    app: &App,
    bearer: &str,
    later: bool,
) -> Result<(Claimant, Option<Caller>), AuthenticationError> {
    let claimant = app.claim(bearer).await?;
    let caller = if later {
        None
    } else {
        Some(app.confirm(&claimant).await?)
    };
    Ok((claimant, caller))
}

/// What is shown as a proof: nothing, something that is none, or a token.
fn bearer(headers: &HeaderMap) -> Option<Option<&str>> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let value = values.next()?;
    if values.next().is_some() {
        return Some(None);
    }
    let value = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    Some(value)
}

/// The answer to a request above its limit.
pub fn too_many_requests(limited: Limited) -> Problem {
    Problem::new(Code::RateLimited)
        .retry_after(seconds(limited))
        .with_limit(limited)
}

static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Says how many requests are left, and in how many seconds all of them are.
fn say(limited: Option<Limited>, headers: &mut HeaderMap) {
    if let Some(limited) = limited {
        headers.insert(LIMIT.clone(), limited.quota.limit.into());
        headers.insert(REMAINING.clone(), limited.spent.remaining.into());
        headers.insert(RESET.clone(), HeaderValue::from(seconds(limited)));
    }
}

fn seconds(limited: Limited) -> u64 {
    let Limited { spent, .. } = limited;
    let whole = spent.resets_in.as_secs();
    whole + u64::from(spent.resets_in.subsec_nanos() > 0)
}

/// Where a request comes from: the nearest address that no proxy of ours vouches for.
fn place(state: &State, request: &HttpRequest) -> String {
    let Some(peer) = request.peer_addr().map(|peer| peer.ip().to_canonical()) else {
        return "unknown".to_owned();
    };
    let mut place = peer;
    let forwarded = request.headers().get_all("x-forwarded-for");
    let forwarded: Vec<_> = forwarded.filter_map(|value| value.to_str().ok()).collect();
    let forwarded = forwarded.join(",");
    let mut hops = forwarded.rsplit(',').map(str::trim);
    while (state.trusted_proxies)(place) {
        let hop = hops.next().and_then(|hop| hop.parse::<IpAddr>().ok());
        match hop {
            Some(hop) => place = hop.to_canonical(),
            None => break,
        }
    }
    match place {
        IpAddr::V4(place) => place.to_string(),
        // Whoever has an address has all of its network.
        IpAddr::V6(place) => {
            let [a, b, c, d, ..] = place.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The place of a request, for handlers that count by it.
pub struct Place(pub String);

impl FromRequest for Place {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>();
        let place = state.map(|state| Self(place(state, request)));
        ready(place.ok_or_else(|| Problem::new(Code::InternalError).into()))
    }
}

impl FromRequest for Known {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        ready(known.ok_or_else(|| Problem::new(Code::Unauthorized).into()))
    }
}

impl FromRequest for Claimed {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let claimed = request.extensions().get::<Self>().cloned();
        ready(claimed.ok_or_else(|| Problem::new(Code::Unauthorized).into()))
    }
}

impl From<AuthenticationError> for Problem {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Unproved => Self::new(Code::Unauthorized),
            AuthenticationError::Trouble(trouble) => trouble.into(),
        }
    }
}

impl Known {
    /// A caller who may read.
    ///
    /// # Errors
    /// When its key does not reach that far.
    pub fn reader(self) -> Result<Caller, Problem> {
        self.with_scope(Scope::Read)
    }

    /// A caller whose key reaches that far.
    ///
    /// # Errors
    /// When it does not.
    pub fn with_scope(self, scope: Scope) -> Result<Caller, Problem> {
        if self.0.has_scope(scope) {
            Ok(self.0)
        } else {
            Err(Code::Forbidden.into())
        }
    }

    /// An application's back end that may deal with orders.
    ///
    /// # Errors
    /// When it is somebody else.
    pub fn service(self) -> Result<Caller, Problem> {
        match self.with_scope(Scope::Orders)? {
            caller if caller.role() == Role::Service => Ok(caller),
            _ => Err(Code::Forbidden.into()),
        }
    }

    /// An operator who may deal with payments.
    ///
    /// # Errors
    /// When it is somebody else.
    pub fn operator(self) -> Result<Caller, Problem> {
        match self.with_scope(Scope::Payments)? {
            caller if caller.role() == Role::Operator => Ok(caller),
            _ => Err(Code::Forbidden.into()),
        }
    }

    /// Somebody who runs the orders: an application's back end, or an operator.
    ///
    /// # Errors
    /// When it is somebody else.
    pub fn runs_orders(self) -> Result<Caller, Problem> {
        let caller = self.with_scope(Scope::Orders)?;
        if caller.may_see_all() {
            Ok(caller)
        } else {
            Err(Code::Forbidden.into())
        }
    }
}
