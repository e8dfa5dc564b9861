//! Reads the fields of a request one by one, and remembers everything that is wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use bayar_app::AmountText;
use futures_util::future::{LocalBoxFuture, TryFutureExt};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use super::problem::{Code, FieldError, FieldErrors, Problem};
use crate::messages::Message;

/// The fields of a request, each as it was written.
#[derive(Debug, Default)]
pub struct Form {
    fields: BTreeMap<String, Written>,
    errors: FieldErrors,
    path: String,
}

/// A field as it was written.
#[derive(Debug)]
enum Written {
    Json(Box<RawValue>),
    Text(String),
}

/// A request of fields in JSON.
pub struct JsonForm(pub Form);

/// A request of fields in JSON, or as a browser sends a form.
pub struct AnyForm(pub Form);

/// A request of fields in JSON that may be left out altogether.
pub struct OptionalForm(pub Form);

impl FromRequest for OptionalForm {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let format = Format::of(request);
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(unreadable)?;
            let form = match format {
                _ if bytes.is_empty() => Form::default(),
                Some(Format::Json) => Form::from_json(&bytes)?,
                Some(Format::UrlEncoded) | None => {
                    return Err(Problem::new(Code::UnsupportedMediaType).into());
                }
            };
            Ok(Self(form))
        })
    }
}

impl FromRequest for JsonForm {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = read(request, payload, &[Format::Json]);
        Box::pin(form.map_ok(Self))
    }
}

impl FromRequest for AnyForm {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = read(request, payload, &[Format::Json, Format::UrlEncoded]);
        Box::pin(form.map_ok(Self))
    }
}

/// Reads the body of a request, when it is in one of the formats that are taken.
fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    taken: &[Format],
) -> impl Future<Output = actix_web::Result<Form>> + use<> {
    let format = Format::of(request).filter(|format| taken.contains(format));
    let bytes = web::Bytes::from_request(request, payload);
    async move {
        let bytes = bytes.await.map_err(unreadable)?;
        let form = match format {
            Some(Format::Json) => Form::from_json(&bytes),
            Some(Format::UrlEncoded) => Form::from_urlencoded(&bytes),
            None => Err(Problem::new(Code::UnsupportedMediaType)),
        };
        Ok(form?)
    }
}

#[derive(PartialEq, Eq)]
enum Format {
    Json,
    UrlEncoded,
}

impl Format {
    fn of(request: &HttpRequest) -> Option<Self> {
        let value = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Some(Self::UrlEncoded)
        } else {
            None
        }
    }
}

/// What is wrong with a body that did not arrive as a whole.
fn unreadable(error: actix_web::Error) -> actix_web::Error {
    let too_large = error.as_response_error().status_code() == 413;
    let code = if too_large {
        Code::PayloadTooLarge
    } else {
        Code::InvalidRequest
    };
    Problem::new(code).into()
}

impl Form {
    fn from_json(bytes: &[u8]) -> Result<Self, Problem> {
        let Fields(fields) =
            serde_json::from_slice(bytes).map_err(|_| Problem::new(Code::InvalidRequest))?;
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name, Written::Json(value)))
            .collect();
        Ok(Self {
            fields,
            ..Self::default()
        })
    }

    fn from_urlencoded(bytes: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|_| Problem::new(Code::InvalidRequest))?;
        Self::from_pairs(text)
    }

    /// The fields of a request's address.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn from_query(request: &HttpRequest) -> Result<Self, Problem> {
        Self::from_pairs(request.query_string())
    }

    fn from_pairs(text: &str) -> Result<Self, Problem> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text);
        let pairs = pairs.map_err(|_| Problem::new(Code::InvalidRequest))?;
        let mut fields = BTreeMap::new();
        for (name, value) in pairs.into_inner() {
            if fields.insert(name, Written::Text(value)).is_some() {
                return Err(Problem::new(Code::InvalidRequest));
            }
        }
        Ok(Self {
            fields,
            ..Self::default()
        })
    }

    /// Notes what is wrong with a field.
    pub fn refuse(&mut self, name: &str, message: Message, parameters: Vec<String>) {
        let error = FieldError {
            message,
            parameters,
        };
        let name = format!("{}{name}", self.path);
        self.errors.entry(name).or_default().push(error);
    }

    /// Whether a field is there. One that is null is as good as none.
    pub fn has(&mut self, name: &str) -> bool {
        let is_null = self.fields.get(name).is_some_and(Written::is_null);
        if is_null {
            self.fields.remove(name);
        }
        self.fields.contains_key(name)
    }

    /// A field that must be there.
    fn required(&mut self, name: &str) -> Option<Written> {
        let field = self.optional(name);
        if field.is_none() {
            self.refuse(name, Message::FieldRequired, vec![]);
        }
        field
    }

    fn optional(&mut self, name: &str) -> Option<Written> {
        self.fields.remove(name).filter(|field| !field.is_null())
    }

    /// A text that must be there.
    pub fn text(&mut self, name: &str, longest: usize) -> Option<String> {
        let field = self.required(name)?;
        self.read_text(name, &field, longest)
    }

    /// A text that may be there.
    pub fn optional_text(&mut self, name: &str, longest: usize) -> Option<String> {
        let field = self.optional(name)?;
        self.read_text(name, &field, longest)
    }

    fn read_text(&mut self, name: &str, field: &Written, longest: usize) -> Option<String> {
        let Some(text) = field.text() else {
            self.refuse(name, Message::FieldNotString, vec![]);
            return None;
        };
        if text.is_empty() {
            self.refuse(name, Message::FieldRequired, vec![]);
            None
        } else if text.chars().count() > longest {
            self.refuse(name, Message::FieldTooLong, vec![longest.to_string()]);
            None
        } else if text.chars().any(char::is_control) {
            self.refuse(name, Message::FieldInvalid, vec![]);
            None
        } else {
            Some(text)
        }
    }

    /// A text that must be there and have a meaning.
    pub fn parsed<T: FromStr>(&mut self, name: &str, message: Message) -> Option<T> {
        let text = self.text(name, 255)?;
        self.parse(name, &text, message)
    }

    /// A text that may be there and then has a meaning.
    pub fn optional_parsed<T: FromStr>(&mut self, name: &str, message: Message) -> Option<T> {
        let text = self.optional_text(name, 255)?;
        self.parse(name, &text, message)
    }

    fn parse<T: FromStr>(&mut self, name: &str, text: &str, message: Message) -> Option<T> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.refuse(name, message, vec![]);
        }
        parsed
    }

    /// A whole number from 1 up that must be there, such as an id.
    pub fn number<T: TryFrom<i64>>(&mut self, name: &str) -> Option<T> {
        let field = self.required(name)?;
        self.read_number(name, &field)
    }

    /// A whole number from 1 up that may be there.
    pub fn optional_number<T: TryFrom<i64>>(&mut self, name: &str) -> Option<T> {
        let field = self.optional(name)?;
        self.read_number(name, &field)
    }

    fn read_number<T: TryFrom<i64>>(&mut self, name: &str, field: &Written) -> Option<T> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = Some(field.raw())
            .filter(|text| digits(text))
            .and_then(|text| text.parse::<i64>().ok())
            .filter(|number| *number > 0)
            .and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.refuse(name, Message::FieldNotWholeNumber, vec![]);
        }
        number
    }

    /// An amount that must be there, as a number or as a text: read from how it is written, never through a float.
    pub fn amount(&mut self, name: &str) -> Option<AmountText> {
        let field = self.required(name)?;
        self.read_amount(name, &field)
    }

    /// An amount that may be there.
    pub fn optional_amount(&mut self, name: &str) -> Option<AmountText> {
        let field = self.optional(name)?;
        self.read_amount(name, &field)
    }

    fn read_amount(&mut self, name: &str, field: &Written) -> Option<AmountText> {
        let text = field.text().unwrap_or_else(|| field.raw().to_owned());
        let amount = AmountText::new(text).ok();
        if amount.is_none() {
            self.refuse(name, Message::FieldNotAmount, vec![]);
        }
        amount
    }

    /// A list of groups of fields that must be there, each of which `read` reads.
    pub fn list<T>(
        &mut self,
        name: &str,
        most: usize,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let field = self.required(name)?;
        let Ok(groups) = serde_json::from_str::<Vec<Fields>>(field.raw()) else {
            self.refuse(name, Message::FieldNotList, vec![]);
            return None;
        };
        if groups.is_empty() {
            self.refuse(name, Message::FieldRequired, vec![]);
            return None;
        }
        if groups.len() > most {
            self.refuse(name, Message::FieldTooMany, vec![most.to_string()]);
            return None;
        }
        let mut list = Vec::new();
        let count = groups.len();
        for (index, Fields(fields)) in groups.into_iter().enumerate() {
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, Written::Json(value)))
                .collect();
            let mut group = Self {
                fields,
                errors: FieldErrors::new(),
                path: format!("{}{name}.{index}.", self.path),
            };
            list.extend(read(&mut group));
            group.refuse_the_rest();
            self.errors.append(&mut group.errors);
        }
        (list.len() == count).then_some(list)
    }

    fn refuse_the_rest(&mut self) {
        for name in std::mem::take(&mut self.fields).into_keys() {
            // Whoever sends long names does not get them back.
            let name: String = name.chars().take(64).collect();
            self.refuse(&name, Message::FieldUnknown, vec![]);
        }
    }

    /// Nothing more is read: what is left is unknown.
    ///
    /// # Errors
    /// When anything is wrong with any field.
    pub fn done(mut self) -> Result<(), Problem> {
        self.refuse_the_rest();
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::with_errors(self.errors))
        }
    }
}

/// The amount in a request of JSON that holds nothing else.
#[must_use]
pub fn amount_in_json(body: &[u8]) -> Option<AmountText> {
    only_amount(Form::from_json(body).ok()?)
}

/// The amount in a form of a browser that holds nothing else.
#[must_use]
pub fn amount_in_urlencoded(body: &[u8]) -> Option<AmountText> {
    only_amount(Form::from_urlencoded(body).ok()?)
}

fn only_amount(mut form: Form) -> Option<AmountText> {
    let amount = form.amount("amount");
    form.done().ok()?;
    amount
}

/// Says what is wrong after a field was missing: [`Form::done`] has noted it.
pub fn incomplete(form: Form) -> Problem {
    form.done()
        .err()
        .unwrap_or_else(|| Problem::new(Code::ValidationFailed))
}

impl Written {
    fn is_null(&self) -> bool {
        match self {
            Self::Json(raw) => raw.get() == "null",
            Self::Text(_) => false,
        }
    }

    /// The text, when it is one.
    fn text(&self) -> Option<String> {
        match self {
            Self::Json(raw) => serde_json::from_str(raw.get()).ok(),
            Self::Text(text) => Some(text.clone()),
        }
    }

    fn raw(&self) -> &str {
        match self {
            Self::Json(raw) => raw.get(),
            Self::Text(text) => text,
        }
    }
}

/// An object of JSON, each value as it was written. No name comes twice: readers would differ about what it says.
struct Fields(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if fields.insert(name, value).is_some() {
                        return Err(de::Error::custom("a name comes twice"));
                    }
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}
