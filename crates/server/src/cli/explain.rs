mod money;
mod refunds;

use std::sync::Arc;

use bayar_app::{App, ExplainedPayment, Explanation};
use bayar_domain::OrderNumber;
use serde_json::{Value, json};

use super::output::{self, Failure};

pub async fn explain(app: &Arc<App>, order: &OrderNumber, json: bool) -> Result<(), Failure> {
    let explanation = app.explain(order).await?;
    if json {
        Ok(output::json(&as_json(&explanation))?)
    } else {
        Ok(tell(&explanation)?)
    }
}

fn tell(explanation: &Explanation) -> std::io::Result<()> {
    let Explanation {
        order, payments, ..
    } = explanation;
    let terms = order.order.terms();
    output::line(format!(
        "Order {} of user {} over {} {} is {}.",
        terms.number,
        terms.owner,
        terms.price,
        terms.price.currency(),
        order.order.status()
    ))?;
    output::line(format!(
        "{}  it was registered",
        terms.created_at.to_rfc3339()
    ))?;
    if payments.is_empty() {
        output::line("Nobody has tried to pay it.")?;
    }
    for ExplainedPayment {
        stored,
        invoice,
        taxes,
        events,
        keys,
    } in payments
    {
        let payment = &stored.payment;
        let terms = payment.terms();
        output::line(format!(
            "\nPayment {} over {} {} by {} is {}.",
            terms.id,
            terms.amount,
            terms.amount.currency(),
            payment.payment_method(),
            payment.status()
        ))?;
        for event in events {
            let at = event.at.to_rfc3339();
            match event.from {
                None => output::line(format!("{at}  opened by {}", event.by))?,
                Some(from) => {
                    output::line(format!("{at}  {from} -> {} by {}", event.to, event.by))?;
                }
            }
        }
        if payment.status().is_live() {
            let deadline = terms.deadline.to_rfc3339();
            output::line(format!(
                "{deadline}  is its deadline, while it waits for its money"
            ))?;
        }
        if let Some(invoice) = invoice {
            let number = &invoice.terms().number;
            output::line(format!("Its invoice {number} is {}.", invoice.status()))?;
        }
        for tax in taxes {
            let line = &tax.terms().line;
            output::line(format!(
                "{} {} is {}.",
                line.tax_type,
                line.amount,
                tax.status()
            ))?;
        }
        for key in keys {
            output::line(format!("It answers the idempotency key {key}."))?;
        }
    }
    money::tell(explanation)?;
    refunds::tell(explanation)
}

fn as_json(explanation: &Explanation) -> Value {
    let Explanation {
        order,
        payments,
        attempts,
        calls,
        facts,
        refunds,
        external,
        alerts,
    } = explanation;
    let terms = order.order.terms();
    let payments: Vec<_> = payments.iter().map(payment_json).collect();
    let attempts: Vec<_> = attempts.iter().map(money::attempt_json).collect();
    let calls: Vec<_> = calls.iter().map(money::call_json).collect();
    let facts: Vec<_> = facts.iter().map(money::fact_json).collect();
    let refunds: Vec<_> = refunds.iter().map(self::refunds::refund_json).collect();
    let external: Vec<_> = external.iter().map(self::refunds::external_json).collect();
    let alerts: Vec<_> = alerts.iter().map(self::refunds::alert_json).collect();
    json!({
        "order_number": terms.number.as_str(),
        "user_id": terms.owner.get(),
        "amount": terms.price.to_string(),
        "currency": terms.price.currency().code(),
        "status": order.order.status().as_str(),
        "created_at": terms.created_at,
        "live_payment_id": order.live_payment.map(|id| id.get()),
        "payments": payments,
        "attempts": attempts,
        "calls": calls,
        "facts": facts,
        "refunds": refunds,
        "external_refunds": external,
        "alerts": alerts,
    })
}

fn payment_json(explained: &ExplainedPayment) -> Value {
    let payment = &explained.stored.payment;
    let terms = payment.terms();
    let events: Vec<_> = explained
        .events
        .iter()
        .map(|event| {
            json!({
                "version": event.version,
                "from": event.from.map(|status| status.as_str()),
                "to": event.to.as_str(),
                "by": event.by.to_string(),
                "at": event.at,
            })
        })
        .collect();
    let taxes: Vec<_> = explained
        .taxes
        .iter()
        .map(|tax| {
            let line = &tax.terms().line;
            json!({
                "tax_type": line.tax_type.as_str(),
                "tax_amount": line.amount.to_string(),
                "status": tax.status().as_str(),
            })
        })
        .collect();
    json!({
        "payment_id": terms.id.get(),
        "amount": terms.amount.to_string(),
        "currency": terms.amount.currency().code(),
        "payment_method": payment.payment_method().as_str(),
        "status": payment.status().as_str(),
        "deadline": terms.deadline,
        "invoice": explained.invoice.as_ref().map(|invoice| json!({
            "invoice_number": invoice.terms().number.as_str(),
            "status": invoice.status().as_str(),
        })),
        "taxes": taxes,
        "events": events,
        "idempotency_keys": explained.keys,
    })
}
