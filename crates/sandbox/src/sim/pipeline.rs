//! How a request to a gateway is served: planned, struck by a fault or not, applied, answered.

use std::sync::Arc;
use std::time::Duration;

use super::book::Happening;
use super::faults::{Fault, Picked, Subject};
use super::gateway::Gateway;
use super::http::{Ending, Incoming, Reply};
use super::webhooks;
use super::world::{Broken, Shared, World};
use super::{midtrans, stripe};

/// A request that was understood.
#[derive(Debug)]
pub enum Job {
    Stripe(stripe::Job),
    Midtrans(midtrans::Job),
}

impl Job {
    fn gateway(&self) -> Gateway {
        match self {
            Self::Stripe(_) => Gateway::Stripe,
            Self::Midtrans(_) => Gateway::Midtrans,
        }
    }

    fn operation(&self) -> &str {
        match self {
            Self::Stripe(job) => job.operation.name(),
            Self::Midtrans(job) => job.operation.name(),
        }
    }

    fn order(&self) -> Option<&str> {
        match self {
            Self::Stripe(job) => job.order.as_deref(),
            Self::Midtrans(job) => job.order.as_deref(),
        }
    }

    fn request(&self) -> &str {
        match self {
            Self::Stripe(job) => &job.request,
            Self::Midtrans(job) => &job.request,
        }
    }

    /// An answer given before, or a conflict. Otherwise the request has begun.
    fn begin(&self, world: &mut World) -> Option<(Reply, bool)> {
        match self {
            Self::Stripe(job) => stripe::idempotency::begin(world, job),
            Self::Midtrans(job) => midtrans::idempotency::begin(world, job),
        }
    }

    fn run(&self, world: &mut World, twist: Option<&Fault>) -> Reply {
        match self {
            Self::Stripe(job) => stripe::run(world, job, twist),
            Self::Midtrans(job) => midtrans::run(world, job, twist),
        }
    }

    /// The 500 of this gateway. `stored`: and its key keeps it.
    fn error_500(&self, world: &mut World, stored: bool) -> Reply {
        match self {
            Self::Stripe(job) => {
                let reply = stripe::errors::server_error(job);
                if stored {
                    stripe::idempotency::keep(world, job, &reply);
                }
                reply
            }
            // Midtrans keeps only what succeeded.
            Self::Midtrans(_) => midtrans::errors::server_error(world),
        }
    }

    fn too_many(&self, lock: bool) -> Reply {
        match self {
            Self::Stripe(job) => stripe::errors::too_many(job, lock),
            Self::Midtrans(job) => midtrans::errors::too_many(job),
        }
    }
}

/// What came of looking at a request.
enum Planned {
    /// There is nothing more to it.
    Done(Ending),
    /// It takes more than a moment.
    Begin(Box<(Job, Option<Picked>)>),
}

/// Serves a request to one of the gateways.
pub async fn serve(shared: &Arc<Shared>, incoming: Incoming) -> Ending {
    match try_serve(shared, incoming).await {
        Ok(ending) => ending,
        Err(Broken) => {
            let text = "{\"error\":{\"type\":\"api_error\",\"message\":\"the simulator cannot write its book\"}}";
            Ending::Whole(Reply::raw_json(500, text.to_owned()))
        }
    }
}

async fn try_serve(shared: &Arc<Shared>, incoming: Incoming) -> Result<Ending, Broken> {
    let quick = shared.config.latency.is_zero();
    let planned = shared.with(|world| {
        let job = match plan(world, &incoming) {
            Ok(job) => job,
            Err(reply) => return Planned::Done(Ending::Whole(reply)),
        };
        let picked = world.faults.pick(&Subject {
            gateway: job.gateway(),
            operation: job.operation(),
            order: job.order(),
        });
        if let Some(picked) = &picked {
            world.note(Happening::FaultInjected {
                rule: picked.rule.clone(),
                fault: picked.fault.name().to_owned(),
                operation: job.operation().to_owned(),
                order: job.order().map(str::to_owned),
            });
        }
        if !quick || picked.is_some() {
            return Planned::Begin(Box::new((job, picked)));
        }
        let (reply, replayed) = match job.begin(world) {
            Some(early) => early,
            None => (job.run(world, None), false),
        };
        note_answer(world, &job, Some(reply.status), replayed, None);
        Planned::Done(Ending::Whole(reply))
    })?;
    match planned {
        Planned::Done(ending) => Ok(ending),
        Planned::Begin(begun) => {
            let (job, picked) = *begun;
            let fault = picked.map(|picked| picked.fault);
            with_fault(shared, job, fault.as_ref()).await
        }
    }
}

fn plan(world: &mut World, incoming: &Incoming) -> Result<Job, Reply> {
    if incoming.path.starts_with("/v1/") {
        stripe::plan(world, incoming).map(Job::Stripe)
    } else {
        midtrans::plan(world, incoming).map(Job::Midtrans)
    }
}

async fn with_fault(
    shared: &Arc<Shared>,
    job: Job,
    fault: Option<&Fault>,
) -> Result<Ending, Broken> {
    if let Some(ending) = shared.with(|world| before(world, &job, fault))? {
        return Ok(ending);
    }
    let early = shared.with(|world| job.begin(world))?;
    let (reply, replayed) = match early {
        Some(early) => early,
        None => {
            wait(shared.config.latency).await;
            match fault {
                Some(Fault::Slow { ms }) => wait(Duration::from_millis(*ms)).await,
                Some(Fault::AppliedLate { after_ms }) => {
                    return apply_late(shared, job, Duration::from_millis(*after_ms));
                }
                _ => {}
            }
            let (reply, caused) = shared.with(|world| {
                let before = world.state.deliveries.len();
                let reply = job.run(world, fault);
                (reply, webhooks::since(world, before))
            })?;
            if fault == Some(&Fault::WebhookFirst) {
                webhooks::sent(shared, &caused).await?;
            }
            (reply, false)
        }
    };
    shared.with(|world| after(world, &job, fault, reply, replayed))
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn apply_late(shared: &Arc<Shared>, job: Job, after: Duration) -> Result<Ending, Broken> {
    shared.with(|world| note_answer(world, &job, None, false, Some("applied_late")))?;
    let late = Arc::clone(shared);
    shared.runtime.spawn(async move {
        tokio::time::sleep(after).await;
        let _ = late.with(|world| job.run(world, None));
    });
    Ok(Ending::Hang)
}

fn note_answer(
    world: &mut World,
    job: &Job,
    status: Option<u16>,
    replayed: bool,
    fault: Option<&str>,
) {
    world.note(Happening::RequestAnswered {
        request: job.request().to_owned(),
        status,
        replayed,
        fault: fault.map(str::to_owned),
    });
}

fn unavailable() -> Reply {
    let page = "<html><head><title>503 Service Temporarily Unavailable</title></head>\
                <body><h1>503 Service Temporarily Unavailable</h1></body></html>";
    Reply::html(503, page.to_owned())
}

/// The faults of a request that never has its effect.
fn before(world: &mut World, job: &Job, fault: Option<&Fault>) -> Option<Ending> {
    let ending = match fault? {
        Fault::TimeoutBefore => Ending::Hang,
        Fault::ResetBefore => Ending::Reset,
        Fault::Error500Before { stored } => Ending::Whole(job.error_500(world, *stored)),
        Fault::Error503Html { applied: false } => Ending::Whole(unavailable()),
        Fault::RateLimited { lock_timeout } => Ending::Whole(job.too_many(*lock_timeout)),
        _ => return None,
    };
    let status = match &ending {
        Ending::Whole(reply) => Some(reply.status),
        _ => None,
    };
    note_answer(world, job, status, false, fault.map(Fault::name));
    Some(ending)
}

/// The faults of an answer whose request has had its effect.
fn after(
    world: &mut World,
    job: &Job,
    fault: Option<&Fault>,
    reply: Reply,
    replayed: bool,
) -> Ending {
    let ending = match fault {
        Some(Fault::TimeoutAfter) => Ending::Hang,
        Some(Fault::ResetAfter) => Ending::Reset,
        Some(Fault::Error500After) => Ending::Whole(job.error_500(world, true)),
        Some(Fault::Error503Html { .. }) => Ending::Whole(unavailable()),
        Some(Fault::CutOff) => Ending::CutOff(reply),
        Some(Fault::Drip { pause_ms }) => Ending::Drip(reply, Duration::from_millis(*pause_ms)),
        Some(Fault::Garbage) => {
            Ending::Whole(Reply::raw_json(200, "\u{fffd}}{ \"id\": ".to_owned()))
        }
        _ => Ending::Whole(reply),
    };
    let status = match &ending {
        Ending::Whole(reply) | Ending::Drip(reply, _) => Some(reply.status),
        Ending::CutOff(_) | Ending::Hang | Ending::Reset => None,
    };
    note_answer(world, job, status, replayed, fault.map(Fault::name));
    ending
}
