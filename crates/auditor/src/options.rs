use chrono::{DateTime, TimeDelta, Utc};

/// What the auditor is told besides what it reads.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time at which is judged what is overdue.
    pub at: DateTime<Utc>,
    /// How long news may take. What happened at a gateway later than so long before `at` need not be known here yet.
    pub grace: TimeDelta,
    /// How long work may be overdue, and a call or a refund without an answer, before it counts as stuck.
    pub stuck_after: TimeDelta,
    /// How long something may wait for a person: money under review, a transfer by hand.
    pub people_have: TimeDelta,
    /// How long a gateway may work on a refund that it has accepted.
    pub banks_have: TimeDelta,
    /// A time of which the tables remember less than the gateways: a copy of them was restored.
    /// What gateways were asked then need not be written down, nor who asked for money back;
    /// the money of that time has to be.
    pub forgotten: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Options {
    /// News may take ten minutes, work a day, a person a week, and a bank a month.
    #[must_use]
    pub const fn at(at: DateTime<Utc>) -> Self {
        Self {
            at,
            grace: TimeDelta::minutes(10),
            stuck_after: TimeDelta::hours(24),
            people_have: TimeDelta::days(7),
            banks_have: TimeDelta::days(30),
            forgotten: None,
        }
    }

    /// News has been waited for already: all of it must be known here.
    #[must_use]
    pub const fn settled(at: DateTime<Utc>) -> Self {
        let mut options = Self::at(at);
        options.grace = TimeDelta::zero();
        options
    }

    /// Whether what a gateway was asked at that time must be written down.
    pub(crate) fn must_remember(&self, asked: DateTime<Utc>) -> bool {
        self.must_know(asked) && !self.is_forgotten(asked)
    }

    /// Whether the tables remember less of that time than the gateways.
    pub(crate) fn is_forgotten(&self, at: DateTime<Utc>) -> bool {
        self.forgotten
            .is_some_and(|(from, to)| (from..=to).contains(&at))
    }

    /// Whether something of that time must be known here by now.
    pub(crate) fn must_know(&self, happened: DateTime<Utc>) -> bool {
        older(self.at, happened, self.grace)
    }
}

/// Whether `time` lies further back from `now` than `span`, or just so far.
pub(crate) fn older(now: DateTime<Utc>, time: DateTime<Utc>, span: TimeDelta) -> bool {
    now.signed_duration_since(time) >= span
}
