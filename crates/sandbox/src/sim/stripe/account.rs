//! The account itself, and its balance.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors::ApiError;
use super::model::ChargeStatus;
use super::shape::check;
use super::{Answer, Job};
use crate::sim::world::World;

/// `GET /v1/account`
pub fn account(world: &World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let id = &world.config.stripe.account;
    if !job.subject.is_empty() && job.subject != *id {
        let message = format!(
            "The provided key does not have access to account '{}'",
            job.subject
        );
        let mut error = ApiError::invalid(Some("account_invalid"), message);
        error.status = 403;
        return Err(error);
    }
    Ok(json!({
        "id": id,
        "object": "account",
        "business_profile": { "name": "Simulated", "url": null },
        "business_type": "company",
        "capabilities": { "card_payments": "active", "transfers": "active" },
        "charges_enabled": true,
        "controller": { "type": "account" },
        "country": "US",
        "created": 1_700_000_000,
        "default_currency": "usd",
        "details_submitted": true,
        "email": "simulated@example.com",
        "external_accounts": { "object": "list", "data": [], "has_more": false,
                               "url": format!("/v1/accounts/{id}/external_accounts") },
        "metadata": {},
        "payouts_enabled": true,
        "settings": { "dashboard": { "display_name": "Simulated", "timezone": "Etc/UTC" } },
        "type": "standard",
    }))
}

/// `GET /v1/balance`
pub fn balance(world: &World, job: &Job) -> Answer {
    check(&job.params, &[])?;
    let stripe = &world.state.stripe;
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    let taken = stripe.charges.iter().filter(|charge| {
        charge.livemode == job.livemode && charge.status == ChargeStatus::Succeeded
    });
    for charge in taken {
        *sums.entry(&charge.currency).or_default() += charge.amount_captured;
    }
    let given = stripe
        .refunds
        .iter()
        .filter(|refund| refund.livemode == job.livemode && refund.status.counts());
    for refund in given {
        *sums.entry(&refund.currency).or_default() -= refund.amount;
    }
    let withdrawn = stripe.disputes.iter().filter(|dispute| {
        let kept = dispute.status == "won" || dispute.status.starts_with("warning");
        dispute.livemode == job.livemode && !kept
    });
    for dispute in withdrawn {
        *sums.entry(&dispute.currency).or_default() -= dispute.amount;
    }
    let entry = |(currency, amount): (&&str, &i64)| json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } });
    let mut available: Vec<Value> = sums.iter().map(entry).collect();
    if available.is_empty() {
        available.push(entry((&"usd", &0)));
    }
    let none: Vec<Value> = available
        .iter()
        .filter_map(|entry| entry.get("currency"))
        .map(|currency| json!({ "amount": 0, "currency": currency, "source_types": { "card": 0 } }))
        .collect();
    Ok(json!({
        "object": "balance", "available": available, "livemode": job.livemode, "pending": none,
    }))
}
