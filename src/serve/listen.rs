//! Accepting connections: how many in all and of one client, how long one may take to send its headers, how long it may refuse to read, and how it
//! all ends.
//!
//! Knows nothing of what is served. Start at [`serve`].

mod impatient;

pub use impatient::Leftover;

use super::crowd::Crowd;
use axum::{Router, body::HttpBody};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use impatient::Impatient;
use ipnet::IpNet;
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Limits of a listener.
#[derive(Debug, Clone)]
pub struct ListenLimits {
    /// Further connections wait to be accepted.
    pub connections_max: usize,
    /// Of one client (see [`crate::network::site`]); one more is closed at once.
    pub per_client_max: usize,
    /// Whose connections are not counted.
    pub proxies: Vec<IpNet>,
    /// From the first byte of a request to the end of its headers. Also how long a connection may stay idle.
    pub header_read: Duration,
    /// A client that takes no byte for so long is gone.
    pub write_stall: Duration,
    /// What is done with the rest of a body that was not taken.
    pub leftover: Leftover,
    /// After a stop, requests under way may take so long.
    pub grace: Duration,
}

impl Default for ListenLimits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            per_client_max: 1024,
            proxies: Vec::new(),
            header_read: Duration::from_secs(30),
            write_stall: Duration::from_secs(60),
            leftover: Leftover {
                bytes_max: 64 * 1024 * 1024,
                longest: Duration::from_secs(30),
                wait: Duration::from_secs(1),
            },
            grace: Duration::from_secs(20),
        }
    }
}

/// Serves until `stop` is done, then lets requests under way end, at most for the grace.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ListenLimits,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let crowd = Crowd::new(limits.per_client_max, limits.proxies.clone());
    let limits = Arc::new(limits);
    let (stage, staged) = watch::channel(Stage::Serving);
    let connections = TaskTracker::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: others must end before the next can begin.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Gone before it was here.
        let Ok(peer) = stream.peer_addr() else {
            continue;
        };
        let Some(entered) = crowd.enter(peer.ip()) else {
            metrics::counter!("harvestd_http_connections_refused_total").increment(1);
            tracing::debug!(%peer, "a client has as many connections as one may have");
            continue;
        };
        let (router, staged, limits) = (router.clone(), staged.clone(), Arc::clone(&limits));
        connections.spawn(async move {
            connection(stream, Peer(peer), router, &limits, staged).await;
            drop((place, entered));
        });
    }
    drop(listener);
    let _ = stage.send(Stage::Ending);
    connections.close();
    if timeout(limits.grace, connections.wait()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "connections are cut at the end of the grace"
        );
        let _ = stage.send(Stage::Ended);
        connections.wait().await;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// Requests under way end; idle connections close.
    Ending,
    /// Everything closes.
    Ended,
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

/// The other end of the connection that a request came over: among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

async fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    limits: &ListenLimits,
    staged: watch::Receiver<Stage>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.header_read)
        .keep_alive_timeout(limits.header_read);
    let stream = Impatient::new(stream, limits.write_stall, limits.leftover);
    let sends = Arc::clone(&stream.sends);
    let io = TokioIo::new(stream);
    let router = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        sends.store(!request.body().is_end_stream(), Relaxed);
        request.extensions_mut().insert(peer);
        request
    });
    let service = TowerToHyperService::new(router);
    let mut serving = Box::pin(builder.serve_connection(io, service).into_owned());
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = reached(staged.clone(), Stage::Ending) => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                ended = serving => ended,
                () = reached(staged, Stage::Ended) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn reached(mut staged: watch::Receiver<Stage>, stage: Stage) {
    // A listener that is gone has ended.
    let _ = staged.wait_for(|now| *now >= stage).await;
}
