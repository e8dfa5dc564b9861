//! Lists that are told page by page.

use bayar_app::port::store::Page;
use serde::Serialize;
use utoipa::ToSchema;

use super::form::Form;
use crate::messages::Message;

const LAST: u32 = 1_000_000;
const LARGEST: u32 = 100;
const USUAL: u32 = 15;

/// Which part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody {
    /// Which page.
    page: u32,
    /// How many entries a page has.
    per_page: u32,
    /// How many entries the whole list has.
    total: u64,
}

impl PageBody {
    /// A page of a list that has so many entries.
    pub const fn of(page: Page, total: u64) -> Self {
        Self {
            page: page.number,
            per_page: page.size,
            total,
        }
    }
}

/// Reads which page is asked for.
pub fn page(form: &mut Form) -> Page {
    Page {
        number: at_most(form, "page", LAST).unwrap_or(1),
        size: at_most(form, "per_page", LARGEST).unwrap_or(USUAL),
    }
}

/// A whole number from 1 to `most` that may be there.
pub fn at_most(form: &mut Form, name: &str, most: u32) -> Option<u32> {
    let number = form.optional_number::<u32>(name)?;
    if number > most {
        form.refuse(name, Message::FieldTooLarge, vec![most.to_string()]);
    }
    Some(number)
}
