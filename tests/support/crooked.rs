//! A server on loopback, under many names, whose files are at fault in the ways that checks of addresses tell apart, and
//! what is to be told of each address. For tests and for the benchmark.
//!
//! Start at [`Crooked::start`].

use harvestd::links::trouble::Trouble;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// Names of the server: each is a host of its own.
pub const HOSTS: usize = 40;
/// Others, of which it answers nothing, or too slowly: who asks waits, and nobody else waits for that.
const DEAD_HOSTS: usize = 16;
/// Others, where nobody takes the connection.
const CLOSED_HOSTS: usize = 4;

/// Of each thousand addresses, so many fare so.
pub const KINDS: &[(Trouble, &str, usize)] = &[
    (Trouble::Gone, "gone", 40),
    (Trouble::Forbidden, "forbidden", 30),
    (Trouble::ServerError, "error", 30),
    (Trouble::Redirects, "circle", 20),
    (Trouble::LostPage, "moved", 30),
    (Trouble::Html, "html", 40),
    (Trouble::OtherType, "json", 30),
    (Trouble::Empty, "empty", 20),
    (Trouble::OtherEncoding, "big5", 30),
    (Trouble::OtherColumns, "columns", 30),
    (Trouble::CutOff, "cut", 20),
    (Trouble::Silence, "silent", 4),
    (Trouble::Slow, "slow", 4),
    (Trouble::NoConnection, "closed", 20),
    (Trouble::NoName, "no-name", 20),
];

/// When each host was asked.
pub type Heard = BTreeMap<String, Vec<Instant>>;

/// The server. It ends when this is dropped.
pub struct Crooked {
    port: u16,
    /// Where nobody listens.
    closed: u16,
    heard: Arc<Mutex<Heard>>,
    accepting: AbortHandle,
}

impl Crooked {
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("0.0.0.0:0").await?;
        let port = listener.local_addr()?.port();
        let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let heard = Arc::<Mutex<Heard>>::default();
        let hears = heard.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, hears.clone()));
            }
        });
        Ok(Self {
            port,
            closed: closed.port(),
            heard,
            accepting: accepting.abort_handle(),
        })
    }

    pub fn heard(&self) -> Heard {
        let heard = self.heard.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// So many addresses of CSV files in UTF-8 with columns `name` and `lon`, with what is to be told of each. Nothing is wrong where it
    /// would be one of `but`.
    pub fn addresses(&self, count: usize, but: &[Trouble]) -> BTreeMap<String, Trouble> {
        let kinds: Vec<(Trouble, &str)> = KINDS
            .iter()
            .flat_map(|(trouble, kind, many)| std::iter::repeat_n((*trouble, *kind), *many))
            .collect();
        let (port, closed) = (self.port, self.closed);
        (0..count)
            .map(|n| {
                // Seven is no divisor of a thousand: each kind comes to every host.
                let kind = kinds.get(n * 7 % 1000).copied();
                let kind = kind.filter(|(trouble, _)| !but.contains(trouble));
                let (trouble, kind) = kind.unwrap_or((Trouble::Ok, "good"));
                let url = match kind {
                    "closed" => format!("http://127.0.1.{}:{closed}/{n}", 1 + n % CLOSED_HOSTS),
                    "no-name" => format!("http://host-{n}.invalid/{n}"),
                    "silent" | "slow" => {
                        format!("http://127.0.2.{}:{port}/{kind}/{n}", 1 + n % DEAD_HOSTS)
                    }
                    kind => format!("http://127.0.0.{}:{port}/{kind}/{n}", 1 + n % HOSTS),
                };
                (url, trouble)
            })
            .collect()
    }
}

impl Drop for Crooked {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn body(kind: &str) -> (&'static str, Vec<u8>) {
    let good = "name,lon\n站,121\n".as_bytes().to_vec();
    match kind {
        "gone" => ("404 Not Found", Vec::new()),
        "forbidden" => ("403 Forbidden", Vec::new()),
        "error" => ("500 Internal Server Error", Vec::new()),
        "html" => ("200 OK", b"<!DOCTYPE html><title>Data</title>".to_vec()),
        "json" => ("200 OK", b"{\"name\": 1}".to_vec()),
        "empty" => ("200 OK", Vec::new()),
        "big5" => (
            "200 OK",
            encoding_rs::BIG5
                .encode("name,lon\n中正測站位置,121\n信義測站位置,121\n")
                .0
                .into_owned(),
        ),
        "columns" => ("200 OK", "id,height\n站,121\n".as_bytes().to_vec()),
        _ => ("200 OK", good),
    }
}

async fn answer(mut stream: TcpStream, heard: Arc<Mutex<Heard>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let host = head
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default()
        .to_owned();
    heard
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(host.clone())
        .or_default()
        .push(Instant::now());
    let mut words = head.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let kind = path.split('/').nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/" => ("200 OK", b"<!DOCTYPE html><title>Welcome</title>".to_vec()),
        _ => body(kind),
    };
    let (more, length) = match kind {
        "circle" => (
            format!(
                "Location: http://{host}/circle/{}\r\n",
                if path.ends_with("/a") { "b" } else { "a" }
            ),
            0,
        ),
        "moved" => (format!("Location: http://{host}/\r\n"), 0),
        "cut" | "slow" => (String::new(), 100_000),
        "silent" => {
            while stream.read(&mut [0; 64]).await? > 0 {}
            return Ok(());
        }
        _ => (String::new(), body.len()),
    };
    let status = if more.is_empty() { status } else { "302 Found" };
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/csv\r\n{more}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    if method == "GET" {
        stream.write_all(&body[..body.len().min(length)]).await?;
    }
    if kind == "slow" && method == "GET" {
        loop {
            stream.write_all(b"a").await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    stream.shutdown().await
}
