//! A small HTTP/1.1 client over one kept connection: what a latency is measured with, the same for both servers.
//!
//! Reads bodies with a length or in chunks. Follows nothing, retries nothing, decodes nothing.

use anyhow::{Context as _, Result, bail};
use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// A connection, opened at the first request and again where the server closed it.
pub struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

pub struct Answer {
    pub status: u16,
    /// Its entity tag.
    pub tag: Option<String>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Status and length of an answer whose body is not kept.
    pub fn count(&mut self, path: &str) -> Result<(u16, u64)> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        // A connection of its own: what is counted is never asked for twice.
        self.stream = None;
        let mut counted = Counted(0);
        let (status, _) = self
            .exchange(request.as_bytes(), &mut counted)
            .with_context(|| format!("GET http://{}{path}", self.address))?;
        Ok((status, counted.0))
    }

    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask("GET", path, &[], &[])
    }

    /// One request. A kept connection that the server has closed meanwhile is opened again, once.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if method != "GET" {
            request += &format!("content-length: {}\r\n", body.len());
        }
        request += "\r\n";
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        let kept = self.stream.is_some();
        let mut body = Vec::new();
        let (status, tag) = match self.exchange(&bytes, &mut body) {
            Err(_) if kept => {
                self.stream = None;
                body.clear();
                self.exchange(&bytes, &mut body)
            }
            done => done,
        }
        .with_context(|| format!("{method} http://{}{path}", self.address))?;
        Ok(Answer { status, tag, body })
    }

    fn exchange(&mut self, request: &[u8], body: &mut impl Write) -> Result<(u16, Option<String>)> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.address)?),
        };
        stream.get_mut().write_all(request)?;
        let (status, keep, tag) = read(&mut stream, body)?;
        if keep {
            self.stream = Some(stream);
        }
        Ok((status, tag))
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    const ANSWER_S_MAX: u64 = 600;
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(ANSWER_S_MAX)))?;
    Ok(stream)
}

/// Takes what is written, and keeps how much it was.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The status, whether the connection can be used again, and the entity tag.
fn read(
    stream: &mut BufReader<TcpStream>,
    body: &mut impl Write,
) -> Result<(u16, bool, Option<String>)> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|text| text.parse().ok());
    let status = status.with_context(|| format!("found {first:?}, expected a status line"))?;
    let (mut length, mut chunked, mut keep, mut tag) = (None, false, true, None);
    loop {
        let header = line(stream)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("etag", value) => tag = Some(value.to_owned()),
            ("content-length", value) => length = Some(value.parse()?),
            ("transfer-encoding", value) => chunked = value == "chunked",
            ("connection", value) => keep = value != "close",
            _ => {}
        }
    }
    match length {
        _ if chunked => chunks(stream, body)?,
        Some(length) => {
            let came = io::copy(&mut stream.take(length), body)?;
            if came != length {
                bail!("the body ended after {came} of {length} bytes");
            }
        }
        None if matches!(status, 204 | 304) => {}
        None => bail!("a body without a length"),
    }
    Ok((status, keep, tag))
}

fn chunks(stream: &mut BufReader<TcpStream>, body: &mut impl Write) -> Result<()> {
    loop {
        let size = line(stream)?;
        let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        if io::copy(&mut stream.take(size), body)? != size {
            bail!("a chunk ended early");
        }
        line(stream)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut text = String::new();
    if stream.read_line(&mut text)? == 0 {
        bail!("the connection was closed");
    }
    text.truncate(text.trim_end().len());
    Ok(text)
}
