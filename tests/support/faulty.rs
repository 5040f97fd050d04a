//! A server on loopback that does what it is told, faults included: it stalls, drips, cuts, never ends.
//!
//! Knows nothing of HTTP but where a request ends. One request a connection. Start at [`Faulty::start`].

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::Barrier,
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// What to do for one request, in order; afterwards the connection is closed.
pub type Script = Vec<Step>;

#[derive(Clone)]
pub enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// Again and again, until the other side hangs up.
    Forever(Vec<u8>, Duration),
    /// So many times, without a pause.
    Times(u64, Vec<u8>),
    /// Nothing, until the other side hangs up.
    Hang,
    /// Nothing, until as many requests as the barrier wants are at this step.
    Meet(Arc<Barrier>),
}

/// A request as it was heard.
#[derive(Debug, Clone)]
pub struct Heard {
    pub at: Instant,
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Request line and headers.
    pub head: String,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<Heard>,
    at_once: usize,
    at_once_max: usize,
}

/// The server. It ends when this is dropped.
pub struct Faulty {
    /// `http://127.0.0.1:PORT/` or, with TLS, `https://localhost:PORT/`.
    pub url: Url,
    seen: Arc<Mutex<Seen>>,
    accepting: AbortHandle,
}

impl Faulty {
    /// `script` is asked for each request, with the number of requests before it.
    pub async fn start(script: impl Fn(&Heard, usize) -> Script + Send + Sync + 'static) -> Self {
        Self::listen(None, script).await
    }

    pub async fn start_tls(
        tls: TlsAcceptor,
        script: impl Fn(&Heard, usize) -> Script + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(tls), script).await
    }

    /// The same script for every request.
    pub async fn always(script: Script) -> Self {
        Self::start(move |_, _| script.clone()).await
    }

    async fn listen(
        tls: Option<TlsAcceptor>,
        script: impl Fn(&Heard, usize) -> Script + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let base = if tls.is_some() {
            format!("https://localhost:{port}/")
        } else {
            format!("http://127.0.0.1:{port}/")
        };
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (script, shared) = (Arc::new(script), Arc::clone(&seen));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                let (script, shared, tls) = (Arc::clone(&script), Arc::clone(&shared), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => serve(tls.accept(stream).await?, &*script, &shared).await,
                        None => serve(stream, &*script, &shared).await,
                    }
                });
            }
        });
        Self {
            url: base.parse().unwrap(),
            seen,
            accepting: accepting.abort_handle(),
        }
    }

    pub fn at(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    pub fn port(&self) -> u16 {
        self.url.port().unwrap()
    }

    pub fn requests(&self) -> Vec<Heard> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// As many requests as there are to come, once they were heard: who gives up does not wait for that.
    pub async fn heard(&self, count: usize) -> Vec<Heard> {
        let began = Instant::now();
        while self.requests().len() < count {
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "{} requests, not {count}",
                self.requests().len()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.requests()
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// The most requests that were being answered at one time.
    pub fn at_once_max(&self) -> usize {
        self.seen.lock().unwrap().at_once_max
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve<S>(
    mut stream: S,
    script: &(dyn Fn(&Heard, usize) -> Script + Send + Sync),
    seen: &Mutex<Seen>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(heard) = hear(&mut stream).await? else {
        return Ok(());
    };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.requests.push(heard.clone());
        seen.at_once += 1;
        seen.at_once_max = seen.at_once_max.max(seen.at_once);
        seen.requests.len() - 1
    };
    let played = play(&mut stream, script(&heard, before)).await;
    seen.lock().unwrap().at_once -= 1;
    played?;
    stream.shutdown().await
}

async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Heard>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut words = head.split(' ').map(str::to_owned);
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut heard = Heard {
        at: Instant::now(),
        method,
        path,
        head,
        body: String::new(),
    };
    let length = heard
        .header("content-length")
        .map_or(0, |length| length.parse::<usize>().unwrap());
    while bytes.len() < end + length && stream.read_buf(&mut bytes).await? > 0 {}
    heard.body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    Ok(Some(heard))
}

async fn play(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    script: Script,
) -> io::Result<()> {
    for step in script {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Wait(wait) => tokio::time::sleep(wait).await,
            Step::Meet(barrier) => {
                barrier.wait().await;
            }
            Step::Times(times, bytes) => {
                for _ in 0..times {
                    stream.write_all(&bytes).await?;
                }
            }
            Step::Forever(bytes, gap) => loop {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
                tokio::time::sleep(gap).await;
            },
            Step::Hang => {
                stream.flush().await?;
                while stream.read(&mut [0; 512]).await? > 0 {}
            }
        }
        stream.flush().await?;
    }
    Ok(())
}

/// Status line and headers; `Connection: close` is added.
pub fn head(status: &str, headers: &[&str]) -> Step {
    let lines: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    Step::Send(format!("HTTP/1.1 {status}\r\nConnection: close\r\n{lines}\r\n").into_bytes())
}

/// A whole answer with its length.
pub fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Script {
    let body = body.as_ref();
    let length = format!("Content-Length: {}", body.len());
    let headers: Vec<&str> = headers.iter().copied().chain([length.as_str()]).collect();
    vec![head(status, &headers), Step::Send(body.to_vec())]
}

pub fn redirect(status: &str, location: impl std::fmt::Display) -> Script {
    answer(status, &[&format!("Location: {location}")], "")
}
