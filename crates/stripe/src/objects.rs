//! The parts of Stripe's objects that we need. Whatever else they hold, or do not hold, is no matter;
//! and what is not needed to tell where money is may even be something else than expected.

use std::collections::HashMap;

use bayar_app::port::json;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Takes a value, or nothing where it is not what was expected.
pub fn lossy<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// Takes an object. A list would be taken for it too, each value for the field in its place.
pub fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    json::Object::deserialize(deserializer).map(|json::Object(object)| object)
}

/// Takes an object, or nothing where it is none.
pub fn lossy_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let told: Option<json::Object<T>> = lossy(deserializer)?;
    Ok(told.map(|json::Object(object)| object))
}

/// Takes a list of objects.
pub fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let told = Vec::<json::Object<T>>::deserialize(deserializer)?;
    let objects = told.into_iter().map(|json::Object(object)| object);
    Ok(objects.collect())
}

/// An object that Stripe shows whole, or by its name alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, bound(deserialize = "T: Deserialize<'de>"))]
pub enum Expandable<T> {
    Name(String),
    Whole(#[serde(deserialize_with = "object")] Box<T>),
}

impl<T: Object> Expandable<T> {
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Whole(object) => object.id(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Session {
    pub id: String,
    #[serde(default, deserialize_with = "lossy")]
    pub url: Option<String>,
    pub status: Option<String>,
    pub payment_status: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub expires_at: Option<i64>,
    pub livemode: bool,
    pub payment_intent: Option<Expandable<Intent>>,
    #[serde(default, deserialize_with = "lossy")]
    pub metadata: Option<HashMap<String, String>>,
}

/// A session in the book: what came in through it, and whose it is.
#[derive(Debug, Clone, Deserialize)]
pub struct Booked {
    pub id: String,
    pub created: i64,
    pub livemode: bool,
    #[serde(default, deserialize_with = "lossy")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub payment_status: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub url: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub expires_at: Option<i64>,
    pub payment_intent: Option<Expandable<Intent>>,
    #[serde(default, deserialize_with = "lossy")]
    pub client_reference_id: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub metadata: Option<HashMap<String, String>>,
}

/// Something that happened.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub created: i64,
    pub livemode: bool,
    #[serde(default, deserialize_with = "lossy_object")]
    pub data: Option<EventData>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct EventData {
    #[serde(deserialize_with = "object")]
    pub object: Subject,
}

/// What an event is about. Whatever it is, it is found by its names.
#[derive(Debug, Clone, Deserialize)]
pub struct Subject {
    #[serde(rename = "object")]
    pub kind: String,
    pub id: String,
    #[serde(default, deserialize_with = "lossy")]
    pub payment_intent: Option<Expandable<Named>>,
    #[serde(default, deserialize_with = "lossy")]
    pub client_reference_id: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub metadata: Option<HashMap<String, String>>,
}

/// A session in a list: enough to see whose it is.
#[derive(Debug, Clone, Deserialize)]
pub struct Listed {
    pub id: String,
    #[serde(default, deserialize_with = "lossy")]
    pub metadata: Option<HashMap<String, String>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Intent {
    pub id: String,
    pub status: String,
    pub amount_received: Option<i64>,
    pub currency: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub created: Option<i64>,
    pub latest_charge: Option<Expandable<Charge>>,
    #[serde(default, deserialize_with = "lossy_object")]
    pub last_payment_error: Option<PaymentError>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Charge {
    pub id: String,
    #[serde(default, deserialize_with = "lossy")]
    pub created: Option<i64>,
    #[serde(default, deserialize_with = "lossy")]
    pub receipt_url: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub disputed: Option<bool>,
}

/// Why the last try to pay came to nothing.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PaymentError {
    #[serde(default, deserialize_with = "lossy")]
    pub code: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub decline_code: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub charge: Option<String>,
    #[serde(default, deserialize_with = "lossy_object")]
    pub payment_method: Option<Named>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    pub id: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Refund {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lossy")]
    pub payment_intent: Option<Expandable<Named>>,
    #[serde(default, deserialize_with = "lossy")]
    pub created: Option<i64>,
    #[serde(default, deserialize_with = "lossy")]
    pub metadata: Option<HashMap<String, String>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: String,
    #[serde(default, deserialize_with = "lossy")]
    pub created: Option<i64>,
    /// Each time money was taken, or given back. They count; what they say does not.
    #[serde(default, deserialize_with = "lossy")]
    pub balance_transactions: Option<Vec<IgnoredAny>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    pub id: String,
    #[serde(default, deserialize_with = "lossy_object")]
    pub business_profile: Option<BusinessProfile>,
    #[serde(default, deserialize_with = "lossy_object")]
    pub settings: Option<AccountSettings>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct BusinessProfile {
    pub name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct AccountSettings {
    #[serde(deserialize_with = "object")]
    pub dashboard: Dashboard,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Dashboard {
    pub display_name: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Page<T> {
    #[serde(deserialize_with = "objects")]
    pub data: Vec<T>,
    pub has_more: bool,
}

/// What has a name, by which the next page of a list is asked for.
pub trait Object {
    fn id(&self) -> &str;
}

macro_rules! objects {
    ($($object:ident),+) => {
        $(
            impl Object for $object {
                fn id(&self) -> &str {
                    &self.id
                }
            }
        )+
    };
}

objects!(
    Listed, Booked, Event, Named, Refund, Dispute, Intent, Charge
);
