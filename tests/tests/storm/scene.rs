//! Two servers, a scheduler, a Postgres and a Redis of their own, and the simulated gateways.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

use bayar_sandbox::sim::{
    Fault, Handle, Rule, SigningTime, SimConfig, Simulator, Tamper, WebhookRule, WebhookUrls,
};
use bayar_testkit::servers::{PrivatePostgres, PrivateRedis};
use bayar_tests::program::{Client, Installation, Server, Worker, wait_until};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::sync::Mutex;

const STRIPE_KEY: &str = "sk_test_simulated";
const STRIPE_SECRET: &str = "whsec_simulated";
const MIDTRANS_KEY: &str = "SB-Mid-server-simulated";

/// How many people buy. Each of them buys many times.
const PEOPLE: usize = 4;

/// What closes a checkout or gives money back: the webhook that tells of it may come before the answer.
const TELLING: [&str; 6] = [
    "checkout_session.expire",
    "refund.create",
    "snap.cancel",
    "core.cancel",
    "core.expire",
    "core.refund*",
];

/// How large the storm is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub payments: usize,
    pub seed: u64,
    /// How far apart people come.
    pub apart: Duration,
    /// How often a server is killed.
    pub kill: Duration,
    /// How often Redis forgets everything.
    pub flush: Duration,
    /// How often Postgres is restarted.
    pub restarts: usize,
}

impl Size {
    /// As large as `STORM` says, from the seed that `STORM_SEED` says.
    pub fn told() -> Self {
        const SHORT: usize = 160;
        let payments = told("STORM").map_or(SHORT, |told| told.parse().expect("STORM is a number"));
        let seed = told("STORM_SEED").map_or_else(
            // The one source of randomness in the standard library.
            || RandomState::new().build_hasher().finish(),
            |told| told.parse().expect("STORM_SEED is a number"),
        );
        let is_short = payments <= SHORT;
        let pick = |short, long| Duration::from_millis(if is_short { short } else { long });
        Self {
            payments,
            seed,
            apart: pick(190, 150),
            kill: pick(4_000, 10_000),
            flush: pick(2_000, 5_000),
            restarts: if is_short { 1 } else { 2 },
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how large a test is is no setting of the program"
)]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A server that always comes back at the same address.
pub struct Post {
    pub address: SocketAddr,
    process: Mutex<Option<Server>>,
    _port: TcpSocket,
}

pub struct Scene {
    pub size: Size,
    pub gateways: Handle,
    pub posts: [Post; 2],
    pub scheduler: Mutex<Worker>,
    pub installation: Installation,
    pub people: Vec<(i64, Client)>,
    pub operator: Client,
    pub service: Client,
    pub redis: PrivateRedis,
    pub postgres: Mutex<PrivatePostgres>,
    _simulator: Simulator,
}

impl Scene {
    pub async fn set(size: Size) -> Self {
        let access = "local all all trust\nhost all all 127.0.0.1/32 trust";
        let postgres = PrivatePostgres::start(|_| {}, "", access).await;
        let redis = PrivateRedis::start().await;
        let simulator = Simulator::start(config(size.seed)).unwrap();
        let gateways = simulator.handle();
        let url = postgres.url("127.0.0.1", "sslmode=disable");
        let installation = Installation::on_postgres(&url)
            .with("REDIS_URL", &redis.url())
            .with("STRIPE_SECRET_KEY", STRIPE_KEY)
            .with("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET)
            .with("STRIPE_API_BASE", &simulator.stripe_base())
            .with("MIDTRANS_SERVER_KEY", MIDTRANS_KEY)
            .with("MIDTRANS_SNAP_BASE", &simulator.url())
            .with("MIDTRANS_API_BASE", &simulator.core_base())
            // The simulated gateways are not slow, and not to be spared.
            .with("WORK_GATEWAY_RATE", "100/sec")
            .with("GATEWAY_TIMEOUT", "1s");
        installation.migrate();
        let posts = [Post::reserve(), Post::reserve()];
        for post in &posts {
            post.come_back(&installation).await;
        }
        let held = posts[0].process.lock().await;
        let first = held.as_ref().unwrap();
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let email = format!("buyer-{number}@example.com");
            people.push(installation.customer(&email, first).await);
        }
        let operators = ["keys", "add", "operators", "--role", "operator", "--json"];
        let added: Value = serde_json::from_str(&installation.run(&operators, "")).unwrap();
        let operator = Client::new(posts[0].address, added["key"].as_str().unwrap());
        let service = installation.service("shop", first);
        drop(held);
        gateways
            .send_webhooks_to(WebhookUrls {
                stripe: Some(format!("http://{}/stripe/webhook", posts[0].address)),
                midtrans: Some(format!("http://{}/midtrans/notification", posts[1].address)),
            })
            .unwrap();
        make_trouble(&gateways);
        Self {
            size,
            gateways,
            scheduler: Mutex::new(work(&installation)),
            posts,
            installation,
            people,
            operator,
            service,
            redis,
            postgres: Mutex::new(postgres),
            _simulator: simulator,
        }
    }
}

/// Starts a scheduler. No job may ever have been missing, whoever was killed.
pub fn work(installation: &Installation) -> Worker {
    installation.work().that_never_says("a job was missing")
}

fn config(seed: u64) -> SimConfig {
    let mut config = SimConfig {
        seed,
        hold: Duration::from_secs(3),
        // The gateways' clock is moved in the end, and that of our processes is not.
        signing_time: SigningTime::Real,
        ..SimConfig::default()
    };
    // As they do it, only sooner: what a dead server did not take comes again while the storm blows.
    config.stripe.retries = vec![4, 15, 60, 600, 3600];
    config.midtrans.retries = vec![3, 10, 60, 600, 3600];
    config
}

/// What goes wrong from now on. Each share is a little above the one that is asserted.
fn make_trouble(gateways: &Handle) {
    let often = |per_mille, fault| Rule {
        per_mille: Some(per_mille),
        ..Rule::next(fault)
    };
    gateways.add_fault(often(34, Fault::TimeoutBefore)).unwrap();
    gateways.add_fault(often(36, Fault::TimeoutAfter)).unwrap();
    for operation in TELLING {
        let early = often(500, Fault::WebhookFirst).at(operation);
        gateways.add_fault(early).unwrap();
    }
    for (per_mille, tamper) in [
        (60, Tamper::Drop),
        (400, Tamper::Reorder),
        (300, Tamper::Duplicate { copies: 1 }),
    ] {
        let rule = WebhookRule {
            per_mille: Some(per_mille),
            ..WebhookRule::next(tamper)
        };
        gateways.add_webhook_rule(rule).unwrap();
    }
}

impl Post {
    fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            address: socket.local_addr().unwrap(),
            process: Mutex::default(),
            _port: socket,
        }
    }

    /// Kills the server.
    pub async fn die(&self) {
        let server = self.process.lock().await.take();
        let ended = server.expect("it was there").kill().await;
        assert!(ended.is_killed(), "it had ended by itself: {ended:?}");
    }

    /// Starts a server, as often as it takes: its database may be away.
    pub async fn come_back(&self, installation: &Installation) {
        let address = self.address.to_string();
        let mut place = self.process.lock().await;
        wait_until("a server comes back", async || {
            let here = [("BIND_ADDRESS", address.as_str())];
            *place = installation.try_serve(&[], &here).await.ok();
            place.is_some()
        })
        .await;
    }
}
