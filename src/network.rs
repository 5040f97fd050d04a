//! The only reqwest: pace, retries, limits, redirects, address guard, validators.

use crate::config::{NetworkLimits, SourceNetwork};
use harvestd_harvesters::Request;
use serde::{Deserialize, Serialize};
use std::path::Path;
use url::Url;

/// One client for all sources; per-host pace lives here.
pub struct Network {}

/// What makes a conditional request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// What asking gave.
#[derive(Debug)]
pub enum Asked {
    NotModified,
    Answer(Spooled),
}

/// An answer on disk: decompressed, size-checked, whole (as far as HTTP can tell).
#[derive(Debug)]
pub struct Spooled {
    pub file: tempfile::NamedTempFile,
    pub status: u16,
    pub url: Url,
    pub media_type: Option<String>,
    pub charset: Option<String>,
    pub link_next: Option<Url>,
    pub validators: Validators,
    /// Decoded bytes.
    pub bytes: u64,
    /// BLAKE3 of the decoded bytes.
    pub hash: [u8; 32],
    /// True where HTTP framing proves that the body is whole (Content-Length or chunked); a body ended by closing the connection proves nothing.
    pub framed: bool,
}

impl Network {
    /// Asks once, politely, with retries; spools the answer under `spool_dir`.
    pub async fn ask(&self, _source: &SourceNetwork, _request: &Request, _validators: Option<&Validators>, _spool_dir: &Path) -> Result<Asked, NetworkError> {
        unimplemented!()
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: found {found}, expected {expected}")]
pub struct NetworkError {
    pub kind: NetworkErrorKind,
    pub doing: String,
    pub found: String,
    pub expected: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkErrorKind { Refused, Dns, Connect, Tls, Timeout, Drip, TooLarge, Truncated, Status(u16), Redirect, RetryLater, Protocol }

#[allow(dead_code)]
fn _unused(_: NetworkLimits) {}
