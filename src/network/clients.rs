//! The HTTP clients: one for each way of connecting that the sources need, made once.
//!
//! Never follows a redirect, never uses a proxy, never keeps a cookie; repeats by itself only what HTTP/2 says was refused
//! unseen. Start at [`Clients::get`].

use super::{
    error::{Doing, NetworkError, NetworkErrorKind as Kind},
    guard::{Lookup, Vetted},
    ms,
};
use ipnet::IpNet;
use reqwest::{Certificate, Client, redirect};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use url::Url;

/// What a connection depends on. Connections are never shared between variants, so a source with a private range or a
/// certificate of its own opens nothing for the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variant {
    pub extra_ca: Option<PathBuf>,
    pub ranges: Vec<IpNet>,
    pub connect_ms: u64,
}

pub struct Clients {
    agent: String,
    lookup: Arc<dyn Lookup>,
    made: Mutex<HashMap<Variant, Client>>,
}

impl Clients {
    pub fn new(public_url: &Url, lookup: Arc<dyn Lookup>) -> Self {
        let agent = format!("harvestd/{} (+{public_url})", env!("CARGO_PKG_VERSION"));
        Self {
            agent,
            lookup,
            made: Mutex::default(),
        }
    }

    pub async fn get(&self, variant: Variant, doing: &Doing<'_>) -> Result<Client, NetworkError> {
        if let Some(client) = self.made().get(&variant) {
            return Ok(client.clone());
        }
        let issuers = match &variant.extra_ca {
            Some(file) => issuers(file, doing).await?,
            None => Vec::new(),
        };
        let client = self.make(&variant, issuers).await.map_err(|why| {
            let by = match &variant.extra_ca {
                Some(file) => format!(" with the extra_ca file {}", file.display()),
                None => String::new(),
            };
            let found = format!("no way to check certificates{by} ({why})");
            NetworkError::new(Kind::Tls, doing, found, "certificates of known issuers").advise(
                "install the system's CA certificates, or name the source's issuer as its extra_ca",
            )
        })?;
        self.made().insert(variant, client.clone());
        Ok(client)
    }

    /// Forgets all clients, so that files of certificates are read again.
    pub fn clear(&self) {
        self.made().clear();
    }

    async fn make(&self, variant: &Variant, issuers: Vec<Certificate>) -> Result<Client, String> {
        let vetted = Vetted {
            lookup: Arc::clone(&self.lookup),
            ranges: variant.ranges.clone(),
        };
        let client = Client::builder()
            .user_agent(&self.agent)
            .connect_timeout(ms(variant.connect_ms))
            .dns_resolver(vetted)
            .tls_certs_merge(issuers)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false);
        // Reading the system's certificates takes a while.
        let built = tokio::task::spawn_blocking(|| client.build())
            .await
            .map_err(|e| e.to_string())?;
        built.map_err(|e| {
            std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string)
        })
    }

    fn made(&self) -> std::sync::MutexGuard<'_, HashMap<Variant, Client>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The certificates of an `extra_ca` file.
async fn issuers(file: &Path, doing: &Doing<'_>) -> Result<Vec<Certificate>, NetworkError> {
    let found = match tokio::fs::read(file)
        .await
        .map(|pem| Certificate::from_pem_bundle(&pem))
    {
        Ok(Ok(issuers)) if !issuers.is_empty() => return Ok(issuers),
        Ok(Ok(_)) => "no certificate in it".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    let found = format!("the extra_ca file {} unusable: {found}", file.display());
    Err(NetworkError::new(
        Kind::Tls,
        doing,
        found,
        "one or more certificates in PEM form",
    ))
}
