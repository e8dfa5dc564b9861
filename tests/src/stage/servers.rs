//! Servers come and go, and commands run beside them.

use chrono::{DateTime, Utc};

use super::{Ordered, Stage};
use crate::program::Installation;

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    /// Its status, unless a signal ended it.
    pub code: Option<i32>,
    /// All it wrote.
    pub text: String,
}

impl Stage {
    /// With a new server in place of the old one, under the settings as they are now.
    pub async fn restarted(self) -> Self {
        self.replaced(&[]).await
    }

    /// With a server that kills itself at that step.
    pub async fn restarted_until(self, step: &str) -> Self {
        self.replaced(&[("BAYAR_KILL_AT", step)]).await
    }

    /// With a new server in place of one that has killed itself.
    pub async fn revived(self) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        let ended = server.ended().await;
        assert!(ended.is_killed(), "{ended:?}");
        let server = installation.serve().await;
        Self {
            server,
            installation,
            ..self
        }
    }

    /// With a server in place of the old one that also does what is due.
    pub async fn at_work(self) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.stop().await;
        let server = installation.serve_and_work(&[]).await;
        Self {
            server,
            installation,
            ..self
        }
    }

    /// With a new server in place of the old one, and something done while none runs.
    pub async fn restarted_after(self, meanwhile: impl AsyncFnOnce(&Installation)) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.stop().await;
        meanwhile(&installation).await;
        let server = installation.serve().await;
        Self {
            server,
            installation,
            ..self
        }
    }

    /// Ends the server and has something done to what is stored. Commands may follow, and then [`Stage::serving`].
    pub async fn stop_for(&mut self, doing: impl AsyncFnOnce(&Installation)) {
        self.server.end().await;
        doing(&self.installation).await;
        self.store = self.installation.store().await;
    }

    /// With a new server in place of one that has ended.
    pub async fn serving(self) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.ended().await;
        let server = installation.serve().await;
        Self {
            server,
            installation,
            ..self
        }
    }

    /// The case ends while the gateways know what these tables do not.
    pub const fn news_may_come(&mut self) {
        self._auditor.news_may_come();
    }

    /// The tables remember less than the gateways of what they were asked from then to now.
    pub fn forgot_since(&mut self, from: DateTime<Utc>) {
        let now = self.time();
        self._auditor.forgotten(from, now);
    }

    async fn replaced(self, variables: &[(&str, &str)]) -> Self {
        let Self {
            server,
            installation,
            ..
        } = self;
        server.stop().await;
        let server = installation.try_serve(&[], variables).await;
        Self {
            server: server.unwrap_or_else(|ended| panic!("{ended:?}")),
            installation,
            ..self
        }
    }

    /// Runs a command beside the server.
    pub fn command(&self, arguments: &[&str]) -> Ran {
        let (status, text) = self.installation.ran(arguments);
        Ran {
            code: status.code(),
            text,
        }
    }

    /// Asks the gateways about an order by the command for it.
    pub async fn check_status(&self, order: &Ordered) -> Ran {
        self.command(&["payments", "check-status", &order.number])
    }
}
