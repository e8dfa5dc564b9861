//! The rows that a checkout is opened for, as its gateway keeps them for us: from its book they can be built again.
//!
//! Parts are set apart by `;` and their fields by `,`. Whatever else is not a letter, a digit or one of `._:-`
//! is written as `%` and two digits, so that no gateway has a reason to change it.

use std::str::FromStr;

use bayar_domain::invoice::InvalidInvoice;
use bayar_domain::order::InvalidOrder;
use bayar_domain::payment::InvalidPayment;
use bayar_domain::tax::{InvalidTaxRecord, TaxLine};
use bayar_domain::{
    Bill, ConsultationId, Currency, Gateway, InvalidText, Invoice, InvoiceId, InvoiceNumber,
    InvoiceTerms, Money, Order, OrderId, OrderKind, OrderTerms, Payment, PaymentId, PaymentTerms,
    TaxRecord, TaxRecordId, TaxTerms, UserId,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::port::gateway::CheckoutRecord;
use crate::port::store::{ExternalRef, NewOrder, OrderItem, StoredOrder};

/// What tells this form from any later one.
const FORM: &str = "1";

/// The rows of a payment, as a gateway kept them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    /// Its order, pending.
    pub order: NewOrder,
    /// The payment with its papers, pending.
    pub bill: Bill,
    /// What there was no room for.
    pub left_out: Vec<LeftOut>,
}

/// What a record has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// The lines of the order.
    Items,
    /// What it is for, in words.
    Description,
    /// The taxes. They are computed again.
    Taxes,
    /// The application's own name for it.
    Reference,
}

impl LeftOut {
    const ALL: [Self; 4] = [Self::Items, Self::Description, Self::Taxes, Self::Reference];

    /// What it is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Description => "description",
            Self::Taxes => "taxes",
            Self::Reference => "external_ref",
        }
    }
}

/// A record that cannot be read.
#[derive(Debug, Error)]
pub(crate) enum Unreadable {
    #[error("a record of another form")]
    Form,
    #[error("a part is missing or too short: {0}")]
    Missing(&'static str),
    #[error("what stands for {0} cannot be read")]
    Field(&'static str),
    #[error(transparent)]
    Text(#[from] InvalidText),
    #[error(transparent)]
    Order(#[from] InvalidOrder),
    #[error(transparent)]
    Payment(#[from] InvalidPayment),
    #[error(transparent)]
    Invoice(#[from] InvalidInvoice),
    #[error(transparent)]
    Tax(#[from] InvalidTaxRecord),
}

/// Tells the rows of a payment, in fewer words each time.
pub(crate) fn written(
    order: &StoredOrder,
    payment: &Payment,
    invoice: &Invoice,
    taxes: &[TaxRecord],
) -> CheckoutRecord {
    let core = [order_part(&order.order), payment_part(payment, invoice)];
    let parts = [
        order.items.iter().map(item_part).collect::<Vec<_>>(),
        order
            .description
            .iter()
            .map(|words| format!("d,{}", coded(words)))
            .collect(),
        taxes.iter().filter_map(tax_part).collect(),
        order
            .external_ref
            .iter()
            .map(|name| format!("r,{}", coded(name.as_str())))
            .collect(),
    ];
    let way = |leaving_out: usize| {
        let mut way = vec![FORM.to_owned()];
        way.extend(core.iter().cloned());
        for (nth, (what, parts)) in LeftOut::ALL.iter().zip(&parts).enumerate() {
            if nth >= leaving_out {
                way.extend(parts.iter().cloned());
            } else if !parts.is_empty() {
                way.push(format!("x,{}", what.as_str()));
            }
        }
        way.join(";")
    };
    CheckoutRecord::new((0..=LeftOut::ALL.len()).map(way).collect())
}

fn order_part(order: &Order) -> String {
    let terms = order.terms();
    let (kind, value) = match terms.kind {
        OrderKind::Consultation { consultation_id } => ("consultation", consultation_id.get()),
        OrderKind::Checkout => ("checkout", 0),
        OrderKind::Direct => ("direct", 0),
        OrderKind::Credits { quantity } => ("credits", i64::from(quantity)),
    };
    let OrderTerms {
        id,
        number,
        owner,
        price,
        created_at,
        ..
    } = terms;
    let (minor, currency, at) = (
        price.minor(),
        price.currency().code(),
        created_at.timestamp_micros(),
    );
    format!("o,{id},{number},{kind},{value},{owner},{minor},{currency},{at}")
}

fn payment_part(payment: &Payment, invoice: &Invoice) -> String {
    let terms = payment.terms();
    let (id, minor, invoice) = (terms.id, terms.amount.minor(), invoice.terms().id);
    let (begin, end) = (
        terms.created_at.timestamp_micros(),
        terms.deadline.timestamp_micros(),
    );
    format!("p,{id},{minor},{begin},{end},{invoice}")
}

fn tax_part(tax: &TaxRecord) -> Option<String> {
    let TaxTerms { id, line, .. } = tax.terms();
    let words = [
        word(&line.tax_type)?,
        word(&line.effect)?,
        word(&line.rate)?,
        word(&line.factor)?,
        word(&line.rounding)?,
        word(&line.round_to)?,
        word(&line.mode)?,
    ];
    let (base, amount) = (line.base.minor(), line.amount.minor());
    Some(format!("t,{id},{},{base},{amount}", words.join(",")))
}

fn item_part(item: &OrderItem) -> String {
    let (name, unit) = (coded(&item.name), item.unit_amount.minor());
    format!("n,{name},{},{unit}", item.quantity)
}

/// A value as its tables have it.
fn word(value: &impl Serialize) -> Option<String> {
    let text = match serde_json::to_value(value).ok()? {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Some(coded(&text))
}

fn coded(text: &str) -> String {
    let mut coded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"._:-".contains(&byte) {
            coded.push(char::from(byte));
        } else {
            coded.push_str(&format!("%{byte:02X}"));
        }
    }
    coded
}

fn decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// Reads what a gateway kept of the rows of a payment that was paid through it.
pub(crate) fn read(record: &str, method: Gateway) -> Result<Rows, Unreadable> {
    let mut parts = record.split(';');
    if parts.next() != Some(FORM) {
        return Err(Unreadable::Form);
    }
    let parts: Vec<Part<'_>> = parts.map(|part| Part(part.split(',').collect())).collect();
    let all = |kind: &'static str| parts.iter().filter(move |part| part.kind() == Some(kind));
    let one = |kind| all(kind).next().ok_or(Unreadable::Missing(kind));
    let order = order_of(one("o")?)?;
    let terms = order.terms().clone();
    let currency = terms.price.currency();
    let (payment, invoice) = payment_of(one("p")?, &terms, method)?;
    let payment_id = payment.terms().id;
    let taxes = all("t").map(|part| tax_of(part, payment_id, currency));
    let items = all("n").map(|part| {
        Ok::<_, Unreadable>(OrderItem {
            name: part.text(1)?,
            quantity: part.number(2)?,
            unit_amount: Money::new(part.number(3)?, currency),
        })
    });
    let mut reference = all("r").map(|part| Ok::<_, Unreadable>(ExternalRef::new(part.text(1)?)?));
    let left_out = LeftOut::ALL
        .into_iter()
        .filter(|what| all("x").any(|part| part.0.get(1) == Some(&what.as_str())));
    Ok(Rows {
        order: NewOrder {
            external_ref: reference.next().transpose()?,
            description: all("d").map(|part| part.text(1)).next().transpose()?,
            items: items.collect::<Result<_, _>>()?,
            order,
        },
        bill: Bill {
            payment,
            invoice,
            taxes: taxes.collect::<Result<_, _>>()?,
        },
        left_out: left_out.collect(),
    })
}

fn order_of(part: &Part<'_>) -> Result<Order, Unreadable> {
    let value: i64 = part.number(4)?;
    let kind = match part.field(3)? {
        "consultation" => OrderKind::Consultation {
            consultation_id: ConsultationId::new(value).map_err(|_| Unreadable::Field("kind"))?,
        },
        "checkout" => OrderKind::Checkout,
        "direct" => OrderKind::Direct,
        "credits" => OrderKind::Credits {
            quantity: u32::try_from(value).map_err(|_| Unreadable::Field("kind"))?,
        },
        _ => return Err(Unreadable::Field("kind")),
    };
    let currency: Currency = part.number(7)?;
    Ok(Order::register(OrderTerms {
        id: part.id(1, OrderId::new)?,
        number: part.number(2)?,
        owner: part.id(5, UserId::new)?,
        kind,
        price: Money::new(part.number(6)?, currency),
        created_at: part.moment(8)?,
    })?)
}

fn payment_of(
    part: &Part<'_>,
    order: &OrderTerms,
    method: Gateway,
) -> Result<(Payment, Invoice), Unreadable> {
    let id = part.id(1, PaymentId::new)?;
    let amount = Money::new(part.number(2)?, order.price.currency());
    let created_at = part.moment(3)?;
    let payment = Payment::open(
        PaymentTerms {
            id,
            order: order.id,
            user: order.owner,
            price: order.price,
            amount,
            created_at,
            deadline: part.moment(4)?,
        },
        method,
    )?;
    let invoice = Invoice::issue(InvoiceTerms {
        id: part.id(5, InvoiceId::new)?,
        payment: id,
        number: InvoiceNumber::new(created_at, id)?,
        amount,
        issued_at: created_at,
    })?;
    Ok((payment, invoice))
}

fn tax_of(
    part: &Part<'_>,
    payment: PaymentId,
    currency: Currency,
) -> Result<TaxRecord, Unreadable> {
    let line = TaxLine {
        tax_type: part.word(2)?,
        effect: part.word(3)?,
        rate: part.word(4)?,
        factor: part.word(5)?,
        rounding: part.word(6)?,
        round_to: part.word(7)?,
        mode: part.word(8)?,
        base: Money::new(part.number(9)?, currency),
        amount: Money::new(part.number(10)?, currency),
    };
    Ok(TaxRecord::record(TaxTerms {
        id: part.id(1, TaxRecordId::new)?,
        payment,
        line,
    })?)
}

struct Part<'a>(Vec<&'a str>);

impl<'a> Part<'a> {
    fn kind(&self) -> Option<&'a str> {
        self.0.first().copied()
    }

    fn field(&self, nth: usize) -> Result<&'a str, Unreadable> {
        let field = self.0.get(nth).copied();
        field.ok_or(Unreadable::Missing("field"))
    }

    fn text(&self, nth: usize) -> Result<String, Unreadable> {
        decoded(self.field(nth)?).ok_or(Unreadable::Field("text"))
    }

    fn number<T: FromStr>(&self, nth: usize) -> Result<T, Unreadable> {
        let number = self.field(nth)?.parse();
        number.map_err(|_| Unreadable::Field("number"))
    }

    fn id<T, E>(&self, nth: usize, of: impl Fn(i64) -> Result<T, E>) -> Result<T, Unreadable> {
        of(self.number(nth)?).map_err(|_| Unreadable::Field("id"))
    }

    fn moment(&self, nth: usize) -> Result<DateTime<Utc>, Unreadable> {
        let at = DateTime::from_timestamp_micros(self.number(nth)?);
        at.ok_or(Unreadable::Field("time"))
    }

    fn word<T: DeserializeOwned>(&self, nth: usize) -> Result<T, Unreadable> {
        let text = self.text(nth)?;
        let other = serde_json::from_str(&text);
        let word = serde_json::from_value(serde_json::Value::String(text));
        word.or(other).map_err(|_| Unreadable::Field("tax"))
    }
}

#[cfg(test)]
mod tests {
    use bayar_domain::{BillRequest, OrderNumber, OrderStatus, TaxPolicy};
    use chrono::TimeDelta;

    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp_micros(1_752_811_620_123_456).unwrap()
    }

    fn order(kind: OrderKind, reference: Option<&str>, description: &str) -> StoredOrder {
        let price = Money::new(15_000_000, Currency::Idr);
        let order = Order::register(OrderTerms {
            id: OrderId::new(12).unwrap(),
            number: OrderNumber::new(at(), 0x3C2A).unwrap(),
            owner: UserId::new(7).unwrap(),
            kind,
            price,
            created_at: at(),
        })
        .unwrap();
        let item = |name: &str, unit| OrderItem {
            name: name.to_owned(),
            quantity: 2,
            unit_amount: Money::new(unit, Currency::Idr),
        };
        StoredOrder {
            order,
            external_ref: reference.map(|name| ExternalRef::new(name).unwrap()),
            description: Some(description.to_owned()),
            items: vec![item("Vitamin C, 50 %; 日", 5_000_000), item("B", 2_500_000)],
            live_payment: None,
            updated_at: at(),
        }
    }

    fn bill(order: &Order) -> Bill {
        let id = |id| TaxRecordId::new(id).unwrap();
        let request = BillRequest {
            payment: PaymentId::new(5).unwrap(),
            invoice: InvoiceId::new(6).unwrap(),
            taxes: vec![id(8), id(9), id(10)],
            payment_method: Gateway::Midtrans,
            now: at(),
            deadline: at() + TimeDelta::days(1),
            tax_day: at().date_naive(),
        };
        Bill::write(order, &TaxPolicy::standard(), request).unwrap()
    }

    fn record(order: &StoredOrder, bill: &Bill) -> CheckoutRecord {
        written(order, &bill.payment, &bill.invoice, &bill.taxes)
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let consultation_id = ConsultationId::new(77).unwrap();
        for kind in [
            OrderKind::Consultation { consultation_id },
            OrderKind::Checkout,
            OrderKind::Direct,
            OrderKind::Credits { quantity: 10 },
        ] {
            let stored = order(kind, Some("cart / 9,8;7 é"), "two\nlines %41");
            let bill = bill(&stored.order);
            assert!(!bill.taxes.is_empty());
            let record = record(&stored, &bill);
            let rows = read(record.within(usize::MAX), Gateway::Midtrans).unwrap();
            assert_eq!(rows.order.order, stored.order);
            assert_eq!(rows.order.order.status(), OrderStatus::Pending);
            assert_eq!(rows.order.items, stored.items);
            assert_eq!(rows.order.description, stored.description);
            assert_eq!(rows.order.external_ref, stored.external_ref);
            assert_eq!(rows.bill, bill);
            assert!(rows.left_out.is_empty());
        }
    }

    #[test]
    fn a_record_holds_nothing_that_a_gateway_might_change() {
        let stored = order(OrderKind::Direct, Some("a b"), "<\"'&日");
        let bill = bill(&stored.order);
        let record = record(&stored, &bill);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b",;%._:-".contains(&byte);
        assert!(record.within(usize::MAX).bytes().all(plain));
    }

    #[test]
    fn what_there_is_no_room_for_is_left_out_and_named_the_reference_last() {
        let stored = order(OrderKind::Direct, Some(&"r".repeat(255)), &"d".repeat(900));
        let bill = bill(&stored.order);
        let record = record(&stored, &bill);
        let names = |most| {
            let rows = read(record.within(most), Gateway::Midtrans).unwrap();
            let names = rows.left_out.iter().map(|what| what.as_str());
            names.collect::<Vec<_>>()
        };
        let whole = record.within(usize::MAX).len();
        assert!(names(whole).is_empty());
        assert_eq!(names(whole - 1), ["items"]);
        // What Midtrans has room for.
        assert_eq!(names(670), ["items", "description"]);
        assert_eq!(names(450), ["items", "description", "taxes"]);
        assert_eq!(
            names(200),
            ["items", "description", "taxes", "external_ref"]
        );
        assert_eq!(record.within(20), "");
    }

    #[test]
    fn what_is_no_record_is_not_read() {
        for text in [
            "",
            "2;o",
            "1",
            "1;o,1",
            "1;o,12,INV202507180407-3C2A,other,0,7,100,IDR,1;p,5,100,1,2,6",
            "1;o,12,INV202507180407-3C2A,direct,0,7,-100,IDR,1;p,5,100,1,2,6",
            "1;o,12,INV202507180407-3C2A,direct,0,7,100,IDR,1;p,5,100,1,2,6;d,%4",
        ] {
            assert!(read(text, Gateway::Stripe).is_err(), "{text}");
        }
    }
}
