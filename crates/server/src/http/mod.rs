//! The HTTP API: each endpoint in a file of its own, which decodes, calls one use case, and encodes.

pub mod access;
mod body;
mod cart;
mod docs;
mod fallback;
mod finish;
pub mod form;
mod health;
mod login;
mod ops;
mod orders;
mod pages;
mod paging;
mod payment_methods;
mod payments;
pub mod problem;
mod state;
mod webhooks;

use actix_cors::Cors;
use actix_web::middleware::{Compat, from_fn};
use actix_web::{App, Error, body::BoxBody, dev, web};
use utoipa_actix_web::AppExt;

pub use docs::openapi;
pub use state::State;

use problem::{Code, Problem};

/// The most a request may hold.
const LARGEST_BODY: usize = 64 * 1024;

/// The application: every route, with what surrounds it.
///
/// `document` describes it, and `cors` is what other origins may do.
pub fn app(
    state: web::Data<State>,
    document: web::Data<utoipa::openapi::OpenApi>,
    cors: Cors,
) -> App<
    impl dev::ServiceFactory<
        dev::ServiceRequest,
        Config = (),
        Response = dev::ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(state)
        .app_data(document)
        .app_data(web::PayloadConfig::new(LARGEST_BODY))
        .app_data(
            web::PathConfig::default().error_handler(|_, _| Problem::new(Code::NotFound).into()),
        )
        .into_utoipa_app()
        .map(|app| {
            app.wrap(from_fn(finish::finish))
                .wrap(Compat::new(cors))
                .wrap(from_fn(finish::word_refusals))
        })
        .configure(routes)
        .into_app()
        .default_service(web::to(fallback::fallback))
}

/// Every route. The document about them is made from the same list.
fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(health::healthz)
        .service(health::readyz)
        .service(health::metrics)
        .service(docs::openapi_json)
        .service(
            utoipa_actix_web::scope::scope("/api")
                .wrap(from_fn(access::access))
                .service(login::login)
                .service(cart::count)
                .service(payment_methods::list)
                .service(orders::consultations::register)
                .service(orders::register::register)
                .service(orders::get::get)
                .service(orders::cancel::cancel)
                .service(orders::complete::complete)
                .service(payments::create::create)
                .service(payments::list::list)
                .service(payments::get::get)
                .service(payments::process::process)
                .service(payments::confirm::confirm)
                .service(payments::refresh::refresh)
                .service(payments::cancel::cancel)
                .service(payments::review::review)
                .service(payments::refund::refund)
                .service(payments::refunds::refunds)
                .service(payments::events::events)
                .service(payments::invoice::invoice)
                .service(payments::taxes::taxes)
                .service(ops::webhooks::list)
                .service(ops::unresolved::unresolved),
        )
        .service(webhooks::stripe::webhook)
        .service(webhooks::stripe::other_webhook)
        .service(webhooks::midtrans::notification)
        .service(pages::process::process)
        .service(pages::returned::stripe)
        .service(pages::returned::stripe_direct)
        .service(pages::returned::midtrans)
        .map(|config| config.configure(docs::viewer));
}
