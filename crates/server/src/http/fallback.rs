//! The answer where no route fits.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::{OpenApi, PathItem};

use super::problem::{Code, Problem};

/// What is not there is 404; what is there with another method is 405 with the methods it has.
pub async fn fallback(request: HttpRequest, document: web::Data<OpenApi>) -> HttpResponse {
    let paths = document.paths.paths.iter();
    let known = paths.filter(|(template, _)| fits(template, request.path()));
    let methods: Vec<_> = known.flat_map(|(_, path)| methods(path)).collect();
    if methods.is_empty() {
        return HttpResponse::from_error(Problem::new(Code::NotFound));
    }
    let mut answer = HttpResponse::from_error(Problem::new(Code::MethodNotAllowed));
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

/// Whether a path is one of a template such as `/payments/{id}`.
fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given => {}
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

/// The methods of a path. What can be got can be asked about without its body.
fn methods(path: &PathItem) -> impl Iterator<Item = &'static str> {
    let PathItem { get, post, .. } = path;
    [("GET", get), ("HEAD", get), ("POST", post)]
        .into_iter()
        .filter_map(|(name, operation)| operation.is_some().then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_its_template_and_no_other() {
        assert!(fits("/v1/payments/{id}", "/v1/payments/7"));
        assert!(fits("/v1/payments", "/v1/payments"));
        for path in [
            "/v1/payments/",
            "/v1/payments/7/",
            "/v1/payments/7/x",
            "/v1",
        ] {
            assert!(!fits("/v1/payments/{id}", path), "{path}");
        }
    }
}
