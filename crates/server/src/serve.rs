//! `bayar serve`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::http::{Method, header};
use actix_web::{HttpServer, web};
use bayar_app::App;
use bayar_app::port::Clock;
use bayar_app::port::store::Which;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::config::Config;
use crate::http::{self, State};
use crate::telemetry;
use crate::wiring::{Purpose, Tables, Wired, WiringError, wire};

/// How to serve.
#[derive(Debug, Clone, Copy)]
pub struct ServeOptions {
    /// What to do about the tables.
    pub tables: Tables,
    /// Whether to do work that is due, keep the schedule, and keep the store in order meanwhile.
    pub scheduler: bool,
}

/// Why it does not serve.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It cannot be put together.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// It cannot count.
    #[error("the metrics cannot be started")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The address cannot be listened at.
    #[error("{0} cannot be listened at")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// The server broke down.
    #[error("the server broke down")]
    Serve(#[source] std::io::Error),
}

/// Serves until it is told to stop. `ready` is told where it listens, once it does.
///
/// # Errors
/// When it cannot start, or breaks down.
pub async fn serve(
    config: &Config,
    options: ServeOptions,
    ready: impl AsyncFnOnce(SocketAddr, &Arc<App>),
) -> Result<(), ServeError> {
    // The port may be known only now, and buyers are sent back to it.
    let listener = std::net::TcpListener::bind(config.http.bind)
        .map_err(|error| ServeError::Bind(config.http.bind, error))?;
    let address = listener.local_addr();
    let address = address.map_err(|error| ServeError::Bind(config.http.bind, error))?;
    // What is wired counts from its first moment, and tells what it counts.
    let (metrics, figures) = telemetry::start_metrics()?;
    let wired = wire(config, address.port(), Purpose::Serve, options.tables).await?;
    let Wired {
        app,
        redis_is_up,
        clock,
        random,
        ..
    } = wired;
    let proxies = config.http.trusted_proxies.clone();
    let state = web::Data::new(State {
        app: Arc::clone(&app),
        trusted_proxies: Arc::new(move |place| {
            proxies.iter().any(|network| network.contains(place))
        }),
        request_timeout: config.http.request_timeout,
        metrics: figures,
        redis_is_up,
        random,
    });
    let document = web::Data::new(http::openapi());
    let origins: Vec<String> = config
        .http
        .cors_origins
        .iter()
        .map(|origin| origin.as_str().to_owned())
        .collect();
    let server =
        HttpServer::new(move || http::app(state.clone(), document.clone(), cors(&origins)))
            .workers(config.http.workers.get())
            .shutdown_timeout(config.http.shutdown_timeout.as_secs())
            .client_request_timeout(CLIENT_PATIENCE)
            .listen(listener)
            .map_err(|error| ServeError::Bind(address, error))?
            .run();
    let upkeep = tokio::spawn(upkeep(Arc::clone(&app), clock, metrics));
    let (stop, stopped) = watch::channel(false);
    let stop = Arc::new(stop);
    let worker = options
        .scheduler
        .then(|| tokio::spawn(keep_working(Arc::clone(&app), stopped.clone())));
    let workers = config.webhooks.workers;
    let inbox = tokio::spawn(keep_working_inbox(Arc::clone(&app), workers, stopped));
    let leaving = tokio::spawn(stop_when_signalled(Arc::clone(&stop)));
    tracing::info!(%address, installation = %app.installation(), "Bayar serves");
    ready(address, &app).await;
    let served = server.await;
    upkeep.abort();
    leaving.abort();
    stop.send_replace(true);
    let work = async {
        let Some(worker) = worker else { return };
        let ended = tokio::time::timeout(config.http.shutdown_timeout, worker).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("work was left where it stood; whoever comes next takes it over");
        }
    };
    let _ = tokio::join!(work, inbox);
    tracing::info!("Bayar has stopped");
    served.map_err(ServeError::Serve)
}

/// How soon what broke down begins anew.
const PAUSE: Duration = Duration::from_secs(5);

/// Does due work, and begins anew should that ever break down.
async fn keep_working(app: Arc<App>, stopped: watch::Receiver<bool>) {
    loop {
        let (worker, told) = (Arc::clone(&app), stopped.clone());
        let working = tokio::spawn(async move { worker.do_due_work(told).await });
        match working.await {
            Ok(()) => return,
            Err(error) => tracing::error!(%error, "due work broke down, and begins anew"),
        }
        if *stopped.borrow() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The same with what came.
async fn keep_working_inbox(app: Arc<App>, at_once: u32, stopped: watch::Receiver<bool>) {
    loop {
        let working = Arc::clone(&app).work_inbox(at_once, told(stopped.clone()));
        match tokio::spawn(working).await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(%error, "work on webhooks broke down, and begins anew");
            }
        }
        if *stopped.borrow() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until the word is given, or whoever would give it is gone.
async fn told(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Has work begin nothing more while the server, which hears the same signals, finishes its requests.
async fn stop_when_signalled(stop: Arc<watch::Sender<bool>>) {
    let signals = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::quit(),
    ];
    match signals.map(signal) {
        [Ok(mut terminate), Ok(mut interrupt), Ok(mut quit)] => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = quit.recv() => {}
            }
            stop.send_replace(true);
        }
        // It is told when the server has stopped.
        _ => tracing::warn!("signals cannot be heard"),
    }
}

/// How long a client may take to send the head of a request.
const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// What pages of other origins may do.
fn cors(origins: &[String]) -> Cors {
    let mut cors = Cors::default()
        .allowed_methods([Method::GET, Method::HEAD, Method::POST])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT_LANGUAGE,
        ])
        .allowed_headers(["idempotency-key", "x-idempotency-key", "x-request-id"])
        .expose_headers([
            "idempotent-replayed",
            "location",
            "retry-after",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            "x-request-id",
        ])
        .max_age(3600);
    for origin in origins {
        cors = cors.allowed_origin(origin);
    }
    cors
}

/// Keeps the figures true.
async fn upkeep(
    app: Arc<App>,
    clock: Arc<dyn Clock>,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
) {
    const EVERY: Duration = Duration::from_secs(60);
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
        match app.store().now().await {
            Ok(now) => watch_skew((clock.now() - now).num_milliseconds()),
            Err(error) => tracing::warn!(%error, "the database does not answer"),
        }
        if let Err(error) = app.measure_inbox().await {
            tracing::warn!(%error, "the webhooks are not counted");
        }
        watch_unresolved(&app).await;
    }
}

/// How long the oldest payment that is not at its end has been waiting.
async fn watch_unresolved(app: &App) {
    let store = app.store();
    let (Ok(oldest), Ok(now)) = (
        store.unresolved(Which::All, None, 1).await,
        store.now().await,
    ) else {
        tracing::warn!("it is not known which payments wait");
        return;
    };
    let age = oldest.first().map_or(0, |oldest| {
        let created_at = oldest.payment.payment.terms().created_at;
        (now - created_at).num_seconds().max(0)
    });
    metrics::gauge!("bayar_oldest_unresolved_payment_seconds")
        .set(i32::try_from(age).unwrap_or(i32::MAX));
}

/// Deadlines are judged by the clock of the store, tokens by ours: they should agree.
fn watch_skew(milliseconds: i64) {
    const MOST: i64 = 2000;
    metrics::gauge!("bayar_clock_skew_milliseconds")
        .set(i32::try_from(milliseconds).unwrap_or(i32::MAX));
    if milliseconds.abs() > MOST {
        tracing::error!(milliseconds, "this clock and that of the database differ");
    }
}
