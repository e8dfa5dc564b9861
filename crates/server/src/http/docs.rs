//! The document about the API, and a page to read it.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, openapi};
use utoipa_swagger_ui::{Config, SwaggerUi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bayar",
        description = "A payment service that an application runs beside itself, in front of Stripe and Midtrans.",
        license(name = "MIT OR Apache-2.0"),
    ),
    modifiers(&Bearer),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", scheme);
    }
}

/// The document about the API.
#[must_use]
pub fn openapi() -> openapi::OpenApi {
    use utoipa_actix_web::AppExt;

    let (_, document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Document::openapi())
        .configure(super::routes)
        .split_for_parts();
    document
}

/// The document about this API, as OpenAPI 3.1 describes it.
#[utoipa::path(tag = "documents", responses((status = 200, description = "The document.")))]
#[get("/openapi.json")]
pub async fn openapi_json(document: web::Data<openapi::OpenApi>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(&*document.into_inner())
}

/// A page to read the document on. It is served by us and needs no network.
pub fn viewer(config: &mut web::ServiceConfig) {
    config
        .service(web::redirect("/docs", "/docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
}
