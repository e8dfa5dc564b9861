use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bayar::config::{Config, Environment};
use bayar::serve::{ServeOptions, serve};
use bayar::wiring::Tables;
use bayar_app::identity::{Email, PasswordHash, Role, Scopes, TokenSigner};
use bayar_app::port::store::NewUser;
use bayar_app::{AddApiKey, App};
use bayar_domain::UserId;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::place::Place;
use super::{Answer, Request, get, post};

pub const JWT_SECRET: &str = "a secret of the tests that nobody else knows";
/// Where nobody listens: no test asks a real gateway.
pub const NOBODY: &str = "http://127.0.0.1:1";
pub const SERVICE_KEY_NAME: &str = "shop";

/// The real application on a database file of its own. It stops when it is dropped.
pub struct Server {
    running: Option<Running>,
    place: Option<Place>,
    settings: BTreeMap<String, String>,
    service: String,
    count: AtomicI64,
}

struct Running {
    address: SocketAddr,
    app: Arc<App>,
    runtime: Handle,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: i64,
    pub email: String,
    pub token: String,
}

impl Server {
    /// Without limits, so that no test meets one that it is not about.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With other settings: an empty value is none.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let place = Place::new();
        let data_dir = place.path().to_str().unwrap();
        let defaults = [
            ("DATA_DIR", data_dir),
            ("BIND_ADDRESS", "127.0.0.1:0"),
            ("HTTP_WORKERS", "2"),
            ("JWT_SECRET", JWT_SECRET),
            ("STRIPE_SECRET_KEY", "sk_test_x"),
            ("STRIPE_API_BASE", NOBODY),
            ("MIDTRANS_SERVER_KEY", "SB-Mid-server-x"),
            ("MIDTRANS_SNAP_BASE", NOBODY),
            ("MIDTRANS_API_BASE", NOBODY),
            ("RATE_LIMIT_API", "off"),
            ("RATE_LIMIT_SERVICE", "off"),
            ("RATE_LIMIT_PAYMENTS", "off"),
            ("RATE_LIMIT_LOGIN", "off"),
        ];
        // Of two values of one setting, the later one is kept.
        let pairs = defaults.iter().chain(settings);
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings: BTreeMap<_, _> = pairs.collect();
        let running = run(&settings).unwrap();
        let service = running.runtime.block_on(running.app.add_api_key(AddApiKey {
            name: SERVICE_KEY_NAME.to_owned(),
            role: Role::Service,
            scopes: Scopes::all(),
        }));
        Self {
            service: service.unwrap().key.reveal().to_owned(),
            running: Some(running),
            place: Some(place),
            settings,
            count: AtomicI64::new(1),
        }
    }

    /// Stops, and serves the same database file again.
    pub fn restart(&mut self) {
        self.stop();
        // The threads of the server that was stopped give the file back when they end.
        let settings = &self.settings;
        self.running = Some(super::eventually("the file is free", || run(settings).ok()));
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.stop.send(());
            drop(running.app);
            let _ = running.thread.join();
        }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        self.running().address
    }

    pub fn app(&self) -> &Arc<App> {
        &self.running().app
    }

    /// Waits for a use case.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.running().runtime.block_on(work)
    }

    /// The key of the application whose back end registers orders.
    pub fn service(&self) -> &str {
        &self.service
    }

    pub fn key(&self, name: &str, role: Role, scopes: &str) -> String {
        let wish = AddApiKey {
            name: name.to_owned(),
            role,
            scopes: scopes.parse().unwrap(),
        };
        let made = self.wait(self.app().add_api_key(wish)).unwrap();
        made.key.reveal().to_owned()
    }

    /// A number that this server has not seen.
    pub fn fresh(&self) -> i64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    pub fn customer(&self) -> Person {
        self.person(Role::Customer)
    }

    pub fn operator(&self) -> Person {
        self.person(Role::Operator)
    }

    fn person(&self, role: Role) -> Person {
        let email = format!("person-{}@test.com", self.fresh());
        let user = NewUser {
            email: Email::new(&email).unwrap(),
            // A password costs much time, and only tests about signing in need one.
            password: PasswordHash::decoy(),
            role,
        };
        let id = self.wait(self.app().store().add_user(&user)).unwrap();
        let id = id.unwrap();
        let token = self.token(id);
        let id = id.get();
        Person { id, email, token }
    }

    /// The token that signing in would give.
    pub fn token(&self, id: UserId) -> String {
        let store = self.app().store();
        let user = self.wait(store.user(id)).unwrap().unwrap();
        let now = self.wait(store.now()).unwrap();
        let signer = TokenSigner::new(&[JWT_SECRET], Duration::from_secs(600)).unwrap();
        signer.issue(id, user.role, user.epoch, now)
    }

    /// Shuts somebody out and lets them in again: the tokens they had are void, and they get another one.
    pub fn end_tokens_of(&self, person: &mut Person) {
        let id = UserId::new(person.id).unwrap();
        for disabled in [true, false] {
            let store = self.app().store();
            self.wait(store.set_disabled(id, disabled)).unwrap();
        }
        person.token = self.token(id);
    }

    /// Registers the fee of a new consultation.
    pub fn consultation(&self, patient: &Person, amount: &str, currency: &str) -> i64 {
        let id = self.fresh();
        let answer = self.register(&json!({
            "consultation_id": id, "patient_id": patient.id, "amount": amount, "currency": currency,
        }));
        assert_eq!(answer.data(201)["status"], "pending");
        id
    }

    pub fn register(&self, consultation: &Value) -> Answer {
        let request = post("/api/v1/consultations").bearer(&self.service);
        request.json(consultation).send(self)
    }

    /// The fee of a new consultation, 5000.00 PHP, and the wish to pay it.
    pub fn wish(&self, patient: &Person) -> (Request, Value) {
        let id = self.consultation(patient, "5000", "PHP");
        let body = json!({ "consultation_id": id, "amount": 5000, "payment_method": "stripe" });
        (payment(&patient.token), body)
    }

    /// A payment of a new consultation: the `data` of the answer.
    pub fn pay(&self, patient: &Person) -> Value {
        let (request, body) = self.wish(patient);
        request.json(&body).send(self).data(201)
    }

    /// How many payments somebody has.
    pub fn payments_of(&self, token: &str) -> u64 {
        let list = get("/api/v1/payments").bearer(token).send(self);
        assert_eq!(list.status, 200, "{}", list.text());
        list.json()["meta"]["total"].as_u64().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        self.place = None;
    }
}

pub fn payment(token: &str) -> Request {
    post("/api/v1/payments").bearer(token)
}

/// Serves in a thread of its own until it is told to stop.
fn run(settings: &BTreeMap<String, String>) -> Result<Running, String> {
    let given = settings.iter().filter(|(_, value)| !value.is_empty());
    let environment =
        Environment::from_pairs(given.map(|(name, value)| (name.clone(), value.clone())));
    let (config, _) = Config::load(&environment).unwrap();
    let (tell, told) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let thread = thread::spawn(move || {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let options = ServeOptions {
                tables: Tables::MustFit,
                scheduler: false,
            };
            let ready = tell.clone();
            let serving = serve(&config, options, async |address, app: &Arc<App>| {
                let app = Arc::clone(app);
                ready.send(Ok((address, app, Handle::current()))).unwrap();
            });
            tokio::select! {
                ended = serving => tell.send(Err(format!("{ended:?}"))).unwrap(),
                _ = stopped => {}
            }
        });
    });
    match told.recv_timeout(Duration::from_secs(60)) {
        Ok(Ok((address, app, runtime))) => Ok(Running {
            address,
            app,
            runtime,
            stop,
            thread,
        }),
        Ok(Err(ended)) => Err(ended),
        Err(silent) => Err(silent.to_string()),
    }
}
