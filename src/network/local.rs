//! Talking to a daemon of ours on this machine: what the commands of the command line do. No guard, no retries, no pace.

use crate::config::Secret;
use futures_util::TryStreamExt;
use std::{io, net::SocketAddr};
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;

/// A daemon on this machine.
#[derive(Debug, Clone)]
pub struct Local {
    client: reqwest::Client,
    listen: SocketAddr,
    admin_listen: SocketAddr,
    /// Path under which the public doors are, without a slash at its end.
    prefix: String,
    token: Secret,
}

/// What it answered.
pub struct Answered {
    pub status: u16,
    response: reqwest::Response,
}

impl Answered {
    pub async fn bytes(self) -> io::Result<Vec<u8>> {
        self.response
            .bytes()
            .await
            .map(Vec::from)
            .map_err(io::Error::other)
    }

    /// The body as it comes; ends in an error where it breaks off.
    pub fn body(self) -> impl AsyncRead + Unpin {
        StreamReader::new(Box::pin(
            self.response.bytes_stream().map_err(io::Error::other),
        ))
    }
}

impl Local {
    pub fn new(
        listen: SocketAddr,
        admin_listen: SocketAddr,
        prefix: &str,
        token: Secret,
    ) -> io::Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(io::Error::other)?;
        Ok(Self {
            client,
            listen,
            admin_listen,
            prefix: prefix.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// Asks the public doors.
    pub async fn get(&self, path: &str, accept: &str) -> io::Result<Answered> {
        let url = format!("http://{}{}{path}", reachable(self.listen), self.prefix);
        let response = self
            .client
            .get(url)
            .header("accept", accept)
            .send()
            .await
            .map_err(io::Error::other)?;
        Ok(Answered {
            status: response.status().as_u16(),
            response,
        })
    }

    /// Asks the public doors with a body.
    pub async fn post(
        &self,
        path: &str,
        accept: &str,
        media_type: &str,
        body: String,
    ) -> io::Result<Answered> {
        let url = format!("http://{}{}{path}", reachable(self.listen), self.prefix);
        let request = self
            .client
            .post(url)
            .header("accept", accept)
            .header("content-type", media_type)
            .body(body);
        let response = request.send().await.map_err(io::Error::other)?;
        Ok(Answered {
            status: response.status().as_u16(),
            response,
        })
    }

    /// Asks the operator's door for something.
    pub async fn inquire(&self, path: &str) -> io::Result<Answered> {
        let url = format!("http://{}{path}", reachable(self.admin_listen));
        let request = self.client.get(url).bearer_auth(&self.token.0);
        let response = request.send().await.map_err(io::Error::other)?;
        Ok(Answered {
            status: response.status().as_u16(),
            response,
        })
    }

    /// Asks the operator's door to do something.
    pub async fn order(&self, path: &str) -> io::Result<Answered> {
        self.ordered(path, |request| request).await
    }

    /// The same, where more has to be said, in JSON.
    pub async fn order_with(&self, path: &str, json: String) -> io::Result<Answered> {
        let said = |request: reqwest::RequestBuilder| {
            let request = request.header("content-type", "application/json");
            request.body(json)
        };
        self.ordered(path, said).await
    }

    async fn ordered(
        &self,
        path: &str,
        said: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> io::Result<Answered> {
        let url = format!("http://{}{path}", reachable(self.admin_listen));
        let request = self.client.post(url).bearer_auth(&self.token.0);
        let response = said(request).send().await.map_err(io::Error::other)?;
        Ok(Answered {
            status: response.status().as_u16(),
            response,
        })
    }
}

/// A daemon that listens everywhere is reached at loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
