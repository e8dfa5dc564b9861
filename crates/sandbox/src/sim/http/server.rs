//! The listener: hands every request to the gateway it is for, and ends it the way it is told.

use std::any::Any;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BodyStream, BoxBody, SizedStream};
use actix_web::dev::{Extensions, Server};
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::stream;

use super::{Ending, Incoming, Reply};
use crate::sim::world::Shared;
use crate::sim::{control, pages, pipeline};

/// A second handle on the connection, to break it.
#[derive(Clone)]
struct Connection(Arc<TcpStream>);

/// Everything larger is not a request anybody sends to a gateway.
const LARGEST_BODY: usize = 1024 * 1024;

/// Starts to listen.
pub fn start(shared: &Arc<Shared>, listener: TcpListener) -> io::Result<Server> {
    let shared = Arc::clone(shared);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .app_data(web::Data::from(Arc::clone(&shared)))
            .default_service(web::to(answer))
    });
    let server = server
        .workers(2)
        .on_connect(remember)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(listener)?;
    Ok(server.run())
}

fn remember(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
    let copy = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
    if let Some(copy) = copy {
        data.insert(Connection(Arc::new(TcpStream::from(copy))));
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let header = |(name, value): (
        &actix_web::http::header::HeaderName,
        &actix_web::http::header::HeaderValue,
    )| {
        let value = value.to_str().unwrap_or_default();
        (name.as_str().to_owned(), value.to_owned())
    };
    let incoming = Incoming {
        method: request.method().as_str().to_owned(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: request.headers().iter().map(header).collect(),
        body: body.to_vec(),
    };
    let shared = shared.into_inner();
    let hold = shared.config.hold;
    let runtime = shared.runtime.clone();
    // In a task of its own: what a request began does not stop when its client goes away.
    let ending = runtime.spawn(serve(shared, incoming)).await;
    let ending = ending.unwrap_or(Ending::Reset);
    let connection = request.conn_data::<Connection>().cloned();
    match ending {
        Ending::Whole(reply) => {
            let body = reply.body.clone();
            head(&reply).body(body)
        }
        Ending::Drip(reply, pause) => drip(&reply, pause),
        Ending::CutOff(reply) => cut_off(&reply),
        Ending::Hang => {
            tokio::time::sleep(hold).await;
            break_off(connection)
        }
        Ending::Reset => break_off(connection),
    }
}

async fn serve(shared: Arc<Shared>, incoming: Incoming) -> Ending {
    let first = incoming.segments().first().copied().unwrap_or_default();
    match first {
        "v1" | "v2" => pipeline::serve(&shared, incoming).await,
        "snap" if incoming.path.starts_with("/snap/v1/") => {
            pipeline::serve(&shared, incoming).await
        }
        "_sim" => control::serve(&shared, &incoming).await,
        _ => pages::serve(&shared, &incoming),
    }
}

fn head(reply: &Reply) -> actix_web::HttpResponseBuilder {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    builder.content_type(reply.content_type);
    for (name, value) in &reply.headers {
        builder.append_header((name.as_str(), value.as_str()));
    }
    builder
}

fn drip(reply: &Reply, pause: Duration) -> HttpResponse {
    let bytes = reply.body.clone().into_bytes();
    let chunks: Vec<web::Bytes> = bytes.chunks(16).map(web::Bytes::copy_from_slice).collect();
    let drops = stream::unfold(chunks.into_iter(), move |mut chunks| async move {
        let chunk = chunks.next()?;
        tokio::time::sleep(pause).await;
        Some((Ok::<_, io::Error>(chunk), chunks))
    });
    head(reply).body(BodyStream::new(Box::pin(drops)))
}

/// Promises the whole body and breaks off in the middle.
fn cut_off(reply: &Reply) -> HttpResponse {
    let whole = reply.body.as_bytes();
    let half = whole.iter().take(whole.len() / 2).copied();
    let half = web::Bytes::from(half.collect::<Vec<u8>>());
    let length = u64::try_from(whole.len()).unwrap_or(u64::MAX);
    let parts = stream::unfold(Some(half), |half| async move {
        match half {
            Some(half) => Some((Ok(half), None)),
            None => {
                // What was written so far must have gone out.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Err(io::Error::other("cut off on purpose")), None))
            }
        }
    });
    let body = SizedStream::new(length, Box::pin(parts));
    let mut builder = head(reply);
    builder.force_close();
    builder.body(body)
}

/// Ends the connection without an answer.
fn break_off(connection: Option<Connection>) -> HttpResponse {
    if let Some(Connection(stream)) = connection {
        let _ = stream.shutdown(Shutdown::Both);
    }
    // Nobody receives this any more.
    let mut builder = HttpResponse::InternalServerError();
    builder.force_close();
    builder.finish().set_body(BoxBody::new(()))
}
