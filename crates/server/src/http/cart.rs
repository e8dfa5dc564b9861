use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::Refusals;

/// A cart.
#[derive(Debug, Serialize, ToSchema)]
struct Cart {
    /// How many things are in it.
    count: u32,
    /// What is in it.
    items: Vec<CartItem>,
}

/// A thing in a cart.
#[derive(Debug, Serialize, ToSchema)]
struct CartItem {}

/// How much is in the cart. There are no carts here: it is always empty.
#[utoipa::path(tag = "cart", responses((status = 200, body = Cart), Refusals))]
#[get("/cart/count")]
pub async fn count() -> HttpResponse {
    HttpResponse::Ok().json(Cart {
        count: 0,
        items: Vec::new(),
    })
}
