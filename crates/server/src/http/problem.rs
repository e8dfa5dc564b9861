//! Every error that leaves this service, as RFC 9457 describes them.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use bayar_app::Limited;
use bayar_domain::{Money, RefundId};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{amount, with_currency};
use super::finish::dress;
use crate::language::Language;
use crate::messages::Message;

/// What is wrong with each field of a request.
pub type FieldErrors = BTreeMap<String, Vec<FieldError>>;

/// What is wrong with one field, in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The text.
    pub message: Message,
    /// What stands in its gaps.
    pub parameters: Vec<String>,
}

/// An error that is to be answered. Its words are chosen when it leaves, in the language that was asked for.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    message: Message,
    errors: FieldErrors,
    retry_after: Option<u64>,
    challenge: bool,
    limited: Option<Limited>,
    about: Option<Box<About>>,
}

/// What a program needs to go on.
#[derive(Debug, Clone)]
enum About {
    /// How much there would be.
    Available(Money),
    /// A refund.
    Refund(RefundId),
}

macro_rules! codes {
    ($( $variant:ident = $code:literal, $status:ident, $title:literal, $message:ident; )+) => {
        /// The kinds of errors. Their names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $(
                #[doc = $title]
                $variant,
            )+
        }

        impl Code {
            /// Every kind. For tests only: whatever a list names counts as used.
            #[cfg(test)]
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $code, )+ }
            }

            /// The status it is answered with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $( Self::$variant => StatusCode::$status, )+ }
            }

            /// What it is, in a few English words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $( Self::$variant => $title, )+ }
            }

            /// What a person reads.
            #[must_use]
            pub const fn message(self) -> Message {
                match self { $( Self::$variant => Message::$message, )+ }
            }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request", BAD_REQUEST, "The request cannot be read", InvalidRequest;
    IdempotencyKeyRequired = "idempotency_key_required", BAD_REQUEST, "The request has no idempotency key", IdempotencyKeyRequired;
    Unauthorized = "unauthorized", UNAUTHORIZED, "Nothing proves who is asking", Unauthorized;
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "The address or the password is wrong", InvalidCredentials;
    Forbidden = "forbidden", FORBIDDEN, "The caller may not do this", Forbidden;
    NotFound = "not_found", NOT_FOUND, "There is no such thing", NotFound;
    OrderNotFound = "order_not_found", NOT_FOUND, "There is no such order", OrderNotFound;
    PaymentNotFound = "payment_not_found", NOT_FOUND, "There is no such payment", PaymentNotFound;
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The resource has no such method", MethodNotAllowed;
    PaymentInProgress = "payment_in_progress", CONFLICT, "Somebody else works on the same order", PaymentInProgress;
    OrderNotPayable = "order_not_payable", CONFLICT, "The order takes no payment", OrderNotPayable;
    OrderHasLivePayment = "order_has_live_payment", CONFLICT, "The order has a live payment", OrderHasLivePayment;
    OrderExistsOtherwise = "order_exists_otherwise", CONFLICT, "The order was registered otherwise", OrderExistsOtherwise;
    OrderNotRepriceable = "order_not_repriceable", CONFLICT, "The order keeps its price", OrderNotRepriceable;
    OrderNotCancellable = "order_not_cancellable", CONFLICT, "The order cannot be called off", OrderNotCancellable;
    OrderNotCompletable = "order_not_completable", CONFLICT, "The order cannot be completed", OrderNotCompletable;
    PaymentNotCancellable = "payment_not_cancellable", CONFLICT, "The payment cannot be called off", PaymentNotCancellable;
    PaymentNotPayable = "payment_not_payable", CONFLICT, "The payment takes no money", PaymentNotPayable;
    PaymentBeingChecked = "payment_being_checked", CONFLICT, "A bank is working on the payment", PaymentBeingChecked;
    PaymentNotConfirmable = "payment_not_confirmable", CONFLICT, "The payment is in another state", PaymentNotConfirmable;
    NotPaidYet = "not_paid_yet", CONFLICT, "The gateway says that it is not paid", NotPaidYet;
    NothingToReview = "nothing_to_review", CONFLICT, "No money of the payment waits for a decision", NothingToReview;
    PaymentNotRefundable = "payment_not_refundable", CONFLICT, "No money of the payment can go back", PaymentNotRefundable;
    RefundExceedsPayment = "refund_exceeds_payment", CONFLICT, "More should go back than there is", RefundExceedsPayment;
    InsufficientCredits = "insufficient_credits", CONFLICT, "The credits that the money bought were used", InsufficientCredits;
    RefundNeedsManualTransfer = "refund_needs_manual_transfer", CONFLICT, "The gateway cannot give the money back: an operator has to", RefundNeedsManualTransfer;
    RefundFailed = "refund_failed", CONFLICT, "The money did not go back", RefundFailed;
    RefundDailyLimit = "refund_daily_limit", CONFLICT, "The caller may not give so much back today", RefundDailyLimit;
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The request is too large", PayloadTooLarge;
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The request is in another format", UnsupportedMediaType;
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "Fields of the request are wrong", ValidationFailed;
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request", IdempotencyKeyReused;
    TransactionMismatch = "transaction_mismatch", UNPROCESSABLE_ENTITY, "The gateway has another transaction for the payment", TransactionMismatch;
    AmountNotTakenByGateway = "amount_not_taken_by_gateway", UNPROCESSABLE_ENTITY, "The gateway does not take the amount", AmountNotTakenByGateway;
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests", RateLimited;
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "Something is wrong here", InternalError;
    GatewayRefused = "gateway_refused", BAD_GATEWAY, "The gateway refused", GatewayRefused;
    GatewayUnavailable = "gateway_unavailable", SERVICE_UNAVAILABLE, "The gateway cannot be asked now", GatewayUnavailable;
    ServiceUnavailable = "service_unavailable", SERVICE_UNAVAILABLE, "The service cannot answer now", ServiceUnavailable;
    RequestTimeout = "request_timeout", SERVICE_UNAVAILABLE, "The answer takes too long", RequestTimeout;
}

impl Problem {
    /// An error of that kind.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            message: code.message(),
            errors: FieldErrors::new(),
            retry_after: None,
            challenge: code.status() == StatusCode::UNAUTHORIZED,
            limited: None,
            about: None,
        }
    }

    /// Says what is wrong with which field.
    #[must_use]
    pub fn with_errors(errors: FieldErrors) -> Self {
        Self {
            errors,
            ..Self::new(Code::ValidationFailed)
        }
    }

    /// Says what is wrong with one field.
    #[must_use]
    pub fn field(name: &str, message: Message, parameters: Vec<String>) -> Self {
        let error = FieldError {
            message,
            parameters,
        };
        Self::with_errors([(name.to_owned(), vec![error])].into())
    }

    /// Says it in other words than its kind has.
    #[must_use]
    pub const fn with_message(mut self, message: Message) -> Self {
        self.message = message;
        self
    }

    /// What a person reads.
    #[must_use]
    pub const fn message(&self) -> Message {
        self.message
    }

    /// After how many seconds it is worth to try again, where it is.
    #[must_use]
    pub const fn pause(&self) -> Option<u64> {
        self.retry_after
    }

    /// Says when it is worth to try again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Says which limit it is about.
    #[must_use]
    pub const fn with_limit(mut self, limited: Limited) -> Self {
        self.limited = Some(limited);
        self
    }

    /// The limit it is about.
    #[must_use]
    pub const fn limited(&self) -> Option<Limited> {
        self.limited
    }

    /// Says how much there would be. It stands where the words leave room for it, and apart from them.
    #[must_use]
    pub fn with_available(mut self, available: Money) -> Self {
        self.about = Some(Box::new(About::Available(available)));
        self
    }

    /// Says which refund it is about.
    #[must_use]
    pub fn with_refund(mut self, refund: RefundId) -> Self {
        self.about = Some(Box::new(About::Refund(refund)));
        self
    }

    /// The kind.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// An error with its words, for where there is no request any more to word it by.
    pub(super) fn worded(self, language: Language, request_id: String) -> Worded {
        Worded {
            problem: self,
            language,
            request_id,
        }
    }

    /// The answer, in a language.
    pub(super) fn answer(&self, language: Language, request_id: &str) -> HttpResponse {
        let body = ProblemBody {
            r#type: format!("urn:bayar:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail(),
            code: self.code,
            message: self.words(language),
            available: self.available().map(amount),
            currency: self
                .available()
                .map(|available| available.currency().code()),
            refund_id: self.refund().map(RefundId::get),
            errors: self
                .errors
                .iter()
                .map(|(field, errors)| (field.clone(), texts(errors, language)))
                .collect(),
            request_id: request_id.to_owned(),
        };
        let mut answer = HttpResponse::build(self.code.status());
        answer.content_type(PROBLEM_JSON);
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.challenge {
            let challenge = HeaderValue::from_static("Bearer realm=\"bayar\"");
            answer.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        answer.body(serde_json::to_vec(&body).unwrap_or_default())
    }

    fn available(&self) -> Option<Money> {
        match self.about.as_deref()? {
            About::Available(available) => Some(*available),
            About::Refund(_) => None,
        }
    }

    fn refund(&self) -> Option<RefundId> {
        match self.about.as_deref()? {
            About::Available(_) => None,
            About::Refund(refund) => Some(*refund),
        }
    }

    fn words(&self, language: Language) -> String {
        match self.available() {
            Some(available) => self.message.fill(language, &[&with_currency(available)]),
            None => self.message.text(language).to_owned(),
        }
    }

    fn detail(&self) -> String {
        if self.available().is_some() {
            self.words(Language::English)
        } else if self.errors.is_empty() {
            self.code.title().to_owned()
        } else {
            let errors = self.errors.iter().map(|(field, errors)| {
                format!("{field}: {}", texts(errors, Language::English).join("; "))
            });
            errors.collect::<Vec<_>>().join(" | ")
        }
    }
}

/// The media type of RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";

fn texts(errors: &[FieldError], language: Language) -> Vec<String> {
    errors
        .iter()
        .map(|error| {
            let parameters = error
                .parameters
                .iter()
                .map(|text| text as &dyn fmt::Display);
            let parameters: Vec<_> = parameters.collect();
            error.message.fill(language, &parameters)
        })
        .collect()
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }
}

/// An error with its words.
#[derive(Debug)]
pub struct Worded {
    problem: Problem,
    language: Language,
    request_id: String,
}

impl fmt::Display for Worded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for Worded {
    fn status_code(&self) -> StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = self.problem.answer(self.language, &self.request_id);
        dress(answer.headers_mut(), &self.request_id);
        answer
    }
}

/// An error as RFC 9457 describes them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// A name of the kind of error.
    r#type: String,
    /// The kind of error in a few English words.
    title: &'static str,
    /// The status again.
    status: u16,
    /// What is wrong with this request, in English.
    detail: String,
    /// The stable name of the kind.
    code: Code,
    /// What a person reads, in the language they asked for.
    message: String,
    /// How much there would be: to give back in all, or by the caller today.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<String>,
    /// In which currency that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'static str>,
    /// The refund it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<i64>,
    /// What is wrong with which field, in the language they asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, Vec<String>>,
    /// What to quote to whoever looks into it.
    request_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_its_name_in_json() {
        for &code in Code::ALL {
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
        }
    }

    #[test]
    fn every_code_is_an_error() {
        for &code in Code::ALL {
            let status = code.status();
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{status}"
            );
        }
    }
}
