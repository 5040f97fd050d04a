//! Sending a message to an address that the operator named: one try, guarded like every question.
//!
//! Follows no redirect, so that neither the message nor its signature goes anywhere else; reads nothing of the answer but
//! its status and Retry-After. Start at [`Network::deliver`].

use super::{
    Network, clients,
    error::{Doing, NetworkError, NetworkErrorKind as Kind, from_client},
    guard::Reach,
    header, ms,
};
use bytes::Bytes;
use ipnet::IpNet;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use url::Url;

/// A message and where it goes.
pub struct Delivery<'a> {
    pub url: &'a Url,
    /// Private ranges it may go to.
    pub ranges: &'a [IpNet],
    pub headers: &'a [(&'static str, String)],
    pub body: Bytes,
    pub connect_ms: u64,
    /// From the first byte sent to the answer's status.
    pub total_ms: u64,
    /// Kept out of every message of ours.
    pub secrets: &'a [String],
}

/// What the receiver answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    pub status: u16,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Network {
    /// Sends one message. Any status is an answer.
    ///
    /// # Errors
    /// Where there was none: the guard refused the address, or the connection failed, or it took too long.
    pub async fn deliver(&self, delivery: &Delivery<'_>) -> Result<Delivered, NetworkError> {
        let doing = Doing {
            method: "POST",
            url: delivery.url,
            via: &[],
            secrets: delivery.secrets,
        };
        let reach = Reach::to(delivery.url, delivery.ranges);
        let variant = clients::Variant {
            extra_ca: None,
            ranges: reach.check(delivery.url, &doing)?.to_vec(),
            connect_ms: delivery.connect_ms,
        };
        let client = self.clients.get(variant, &doing).await?;
        let request = client
            .post(delivery.url.clone())
            .headers(headers(delivery.headers, &doing)?)
            .body(delivery.body.clone());
        match tokio::time::timeout(ms(delivery.total_ms), request.send()).await {
            Ok(Ok(response)) => Ok(Delivered {
                status: response.status().as_u16(),
                retry_after: header::retry_after(response.headers(), chrono::Utc::now()),
            }),
            Ok(Err(error)) => Err(from_client(&error, &doing, delivery.connect_ms)),
            Err(_) => Err(NetworkError::new(
                Kind::Timeout,
                &doing,
                format!("no answer after {} ms", delivery.total_ms),
                "an answer of the 200 class",
            )),
        }
    }
}

fn headers(said: &[(&'static str, String)], doing: &Doing<'_>) -> Result<HeaderMap, NetworkError> {
    said.iter()
        .map(|(name, value)| {
            let mut value = HeaderValue::from_str(value).map_err(|_| {
                let found = format!("a header {name:?} that cannot be sent");
                NetworkError::new(Kind::Refused, doing, found, "printable characters")
            })?;
            value.set_sensitive(true);
            Ok((HeaderName::from_static(name), value))
        })
        .collect()
}
