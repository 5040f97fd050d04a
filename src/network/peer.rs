//! Reading another harvestd's doors, at an address that the operator names on the command line: no guard, no pace, no
//! retries.

use serde::de::DeserializeOwned;
use std::{io, time::Duration};
use url::Url;

/// The largest answer: the listing of a bucket of some hundred thousand entities.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(120);

/// Another harvestd.
#[derive(Debug, Clone)]
pub struct Peer {
    client: reqwest::Client,
    /// Its public address, with a slash at its end.
    base: Url,
}

impl Peer {
    pub fn new(mut base: Url) -> io::Result<Self> {
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        base.set_query(None);
        base.set_fragment(None);
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { client, base })
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
            if body.len() > BODY_BYTES_MAX {
                return Err(failed(format!(
                    "more than {BODY_BYTES_MAX} bytes, expected a digest"
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
