//! Reading another harvestd's doors, at an address that the operator names on the command line: no guard, no pace, no
//! retries.

use crate::config::NetworkLimits;
use serde::de::DeserializeOwned;
use std::{io, time::Duration};
use url::Url;

/// Another harvestd.
#[derive(Debug, Clone)]
pub struct Peer {
    client: reqwest::Client,
    /// Its public address, with a slash at its end.
    base: Url,
    body_bytes_max: u64,
}

impl Peer {
    /// `limits`: those of any source, as far as time and bytes go.
    pub fn new(mut base: Url, limits: &NetworkLimits) -> io::Result<Self> {
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        base.set_query(None);
        base.set_fragment(None);
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_millis(limits.connect_ms))
            .read_timeout(Duration::from_millis(limits.read_ms))
            .timeout(Duration::from_millis(limits.total_ms))
            .build()
            .map_err(io::Error::other)?;
        Ok(Self {
            client,
            base,
            body_bytes_max: limits.body_bytes_max,
        })
    }

    /// Its address, for messages.
    pub fn address(&self) -> String {
        super::redact(&self.base)
    }

    /// The JSON at `path`, relative to its public address.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> io::Result<T> {
        let url = self.base.join(path).map_err(io::Error::other)?;
        let shown = super::redact(&url);
        let failed = |found: String| io::Error::other(format!("{shown}: {found}"));
        let mut response = self
            .client
            .get(url)
            .header("accept", "application/json")
            .send()
            .await
            .map_err(|e| failed(caused(e)))?;
        if !response.status().is_success() {
            return Err(failed(format!(
                "status {}, expected 200",
                response.status().as_u16()
            )));
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|e| failed(caused(e)))? {
            body.extend_from_slice(&piece);
            if body.len() as u64 > self.body_bytes_max {
                return Err(failed(format!(
                    "more than {} bytes (limits.network.body_bytes_max), expected a digest",
                    self.body_bytes_max
                )));
            }
        }
        serde_json::from_slice(&body).map_err(|e| failed(format!("no digest of a harvestd: {e}")))
    }
}

/// What failed, and why.
fn caused(error: reqwest::Error) -> String {
    let error = error.without_url();
    let (said, cause) = (error.to_string(), super::error::innermost(&error));
    if said == cause {
        return said;
    }
    format!("{said}: {cause}")
}
