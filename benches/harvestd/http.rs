//! A small HTTP/1.1 client over one kept connection: what a latency is measured with, the same for both servers.
//!
//! Reads bodies with a length or in chunks. Follows nothing, retries nothing, decodes nothing.

use anyhow::{Context as _, Result, bail};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
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
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
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
        match self.exchange(&bytes) {
            Err(_) if kept => {
                self.stream = None;
                self.exchange(&bytes)
            }
            done => done,
        }
        .with_context(|| format!("{method} http://{}{path}", self.address))
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.address)?),
        };
        stream.get_mut().write_all(request)?;
        let (answer, keep) = read(&mut stream)?;
        if keep {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    const ANSWER_S_MAX: u64 = 600;
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(ANSWER_S_MAX)))?;
    Ok(stream)
}

/// The answer, and whether the connection can be used again.
fn read(stream: &mut BufReader<TcpStream>) -> Result<(Answer, bool)> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|text| text.parse().ok());
    let status = status.with_context(|| format!("found {first:?}, expected a status line"))?;
    let (mut length, mut chunked, mut keep) = (None, false, true);
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        match (name, value.trim()) {
            ("content-length", value) => length = Some(value.parse()?),
            ("transfer-encoding", value) => chunked = value == "chunked",
            ("connection", value) => keep = value != "close",
            _ => {}
        }
    }
    let mut body = Vec::new();
    match length {
        _ if chunked => chunks(stream, &mut body)?,
        Some(length) => {
            stream.take(length).read_to_end(&mut body)?;
            if body.len() as u64 != length {
                bail!("the body ended after {} of {length} bytes", body.len());
            }
        }
        None if matches!(status, 204 | 304) => {}
        None => bail!("a body without a length"),
    }
    Ok((Answer { status, body }, keep))
}

fn chunks(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let size = line(stream)?;
        let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        let before = body.len() as u64;
        stream.take(size).read_to_end(body)?;
        if body.len() as u64 - before != size {
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
