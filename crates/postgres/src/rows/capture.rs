use bayar_app::port::Source;
use bayar_app::port::store::Answer;
use bayar_domain::CaptureId;
use bayar_domain::settlement::Sums;
use diesel::pg::Pg;
use diesel::{Queryable, Selectable};

use super::{agree, money};
use crate::error::Unreadable;
use crate::schema::captures;

/// A row of `captures`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = captures, check_for_backend(Pg))]
pub(crate) struct CaptureRow {
    capture: String,
    currency: Option<String>,
    captured_minor: i64,
    refunded_minor: i64,
    reserved_minor: i64,
    disputed_minor: i64,
    loss_minor: i64,
}

impl CaptureRow {
    /// The money, and its sums where they are known.
    pub(crate) fn capture(&self) -> Answer<(CaptureId, Option<Sums>)> {
        self.restore()
            .map_err(Unreadable::of("capture", &self.capture))
    }

    fn restore(&self) -> Result<(CaptureId, Option<Sums>), Source> {
        let sums = match &self.currency {
            None => None,
            Some(currency) => {
                let sums = Sums {
                    captured: money(self.captured_minor, currency)?,
                    refunded: money(self.refunded_minor, currency)?,
                    reserved: money(self.reserved_minor, currency)?,
                    disputed: money(self.disputed_minor, currency)?,
                };
                agree("loss_minor", sums.loss().minor() == self.loss_minor)?;
                Some(sums)
            }
        };
        Ok((CaptureId::new(self.capture.as_str())?, sums))
    }
}
