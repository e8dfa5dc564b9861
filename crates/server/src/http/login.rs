use actix_web::{HttpResponse, http::header, post, web};
use bayar_app::identity::Email;
use bayar_app::{Limited, LoginError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::State;
use super::access::{Place, too_many_requests};
use super::body::Refusals;
use super::form::{AnyForm, incomplete};
use super::problem::{Code, Problem};

/// What signs somebody in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the request; the form reads it")]
struct LoginRequest {
    /// The address of the account.
    #[schema(example = "patient@test.com", min_length = 1, max_length = 254)]
    email: String,
    /// Its password.
    #[schema(example = "password", min_length = 1, max_length = 1024)]
    password: String,
}

/// Somebody who signed in.
#[derive(Debug, Serialize, ToSchema)]
struct LoginAnswer {
    /// To be sent as `Authorization: Bearer ...`.
    token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How many seconds the token is good for.
    expires_in: u64,
    /// Who signed in.
    user: LoggedIn,
}

/// Who signed in.
#[derive(Debug, Serialize, ToSchema)]
struct LoggedIn {
    /// Their id.
    id: i64,
    /// Their address.
    email: String,
    /// What they may do.
    role: String,
}

/// Signs somebody in.
#[utoipa::path(
    tag = "signing in",
    request_body(content(
        (LoginRequest = "application/json"),
        (LoginRequest = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, body = LoginAnswer), Refusals),
)]
#[post("/login")]
pub async fn login(
    state: web::Data<State>,
    place: Place,
    form: AnyForm,
) -> Result<HttpResponse, Problem> {
    let AnyForm(mut form) = form;
    let (email, password) = (form.text("email", 254), form.text("password", 1024));
    let (Some(email), Some(password)) = (email, password) else {
        return Err(incomplete(form));
    };
    form.done()?;
    let limits = state.app.limits();
    let here = limits.login(&place.0).await;
    refuse_above(here)?;
    // Only what its place may try counts against an account: one place alone shuts nobody out.
    if let Ok(account) = Email::new(&email) {
        refuse_above(limits.login_to(account.as_str()).await)?;
    }
    let signed_in = state.app.login(&email, password).await;
    let signed_in = signed_in.map_err(|error| match error {
        LoginError::Wrong => {
            let problem = Problem::new(Code::InvalidCredentials);
            here.map_or(problem.clone(), |limited| problem.with_limit(limited))
        }
        LoginError::Trouble(trouble) => trouble.into(),
    })?;
    let mut answer = HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(LoginAnswer {
            token: signed_in.token,
            token_type: "Bearer",
            expires_in: signed_in.lifetime.as_secs(),
            user: LoggedIn {
                id: signed_in.user.id.get(),
                email: signed_in.user.email.as_str().to_owned(),
                role: signed_in.user.role.to_string(),
            },
        });
    if let Some(limited) = here {
        answer.extensions_mut().insert(limited);
    }
    Ok(answer)
}

fn refuse_above(limited: Option<Limited>) -> Result<(), Problem> {
    match limited {
        Some(limited) if !limited.spent.allowed => Err(too_many_requests(limited)),
        Some(_) | None => Ok(()),
    }
}
