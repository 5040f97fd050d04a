//! The files that pages load, compiled in. Their addresses hold their hash, so that a browser keeps them for good. Start
//! at [`address`] and [`find`].

use rust_embed::RustEmbed;
use std::{borrow::Cow, fmt::Write as _};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

/// What others have made, where `scripts/setup.sh` could fetch it before the build: pages do without it.
#[derive(RustEmbed)]
#[folder = "fetched/"]
#[allow_missing = true]
struct Fetched;

/// A file as it is served.
#[derive(Debug)]
pub struct Asset {
    pub media_type: &'static str,
    pub body: Cow<'static, [u8]>,
    /// The first half of its SHA-256, in hexadecimal.
    pub hash: String,
}

/// The file of a name such as `house.css`.
pub fn find(name: &str) -> Option<Asset> {
    let file = Static::get(name).or_else(|| Fetched::get(name))?;
    let mut hash = String::with_capacity(16);
    for byte in &file.metadata.sha256_hash()[..8] {
        let _ = write!(hash, "{byte:02x}");
    }
    Some(Asset {
        media_type: media_type(name),
        body: file.data,
        hash,
    })
}

/// Where a page finds a file, below `prefix`: of a changed file the address is another one.
pub fn address(prefix: &str, name: &str) -> String {
    match find(name) {
        Some(asset) => format!("{prefix}/assets/{name}?v={}", asset.hash),
        None => format!("{prefix}/assets/{name}"),
    }
}

/// Whether a file is there: some are fetched by the set-up where it can.
pub fn has(name: &str) -> bool {
    Static::get(name).is_some() || Fetched::get(name).is_some()
}

/// Names of all files.
pub fn names() -> impl Iterator<Item = Cow<'static, str>> {
    Static::iter().chain(Fetched::iter())
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_the_hash_of_their_file() {
        let asset = find("house.css").unwrap();
        assert_eq!(asset.media_type, "text/css; charset=utf-8");
        assert_eq!(asset.hash.len(), 16);
        assert_eq!(
            address("/open", "house.css"),
            format!("/open/assets/house.css?v={}", asset.hash)
        );
        assert!(find("../Cargo.toml").is_none());
    }
}
