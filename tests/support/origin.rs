//! A source's server on loopback that says what a test tells it to say, and counts who asked.
//!
//! Start at [`Origin::start`]. Documents are given with [`Origin::say`]; anything stranger with [`Origin::answer`].

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::task::AbortHandle;

type Answer = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

/// The server. It ends when this is dropped.
pub struct Origin {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<AtomicUsize>,
    serving: AbortHandle,
}

impl Origin {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(BTreeMap::<String, Answer>::new()));
        let asked = Arc::new(AtomicUsize::new(0));
        let (known, count) = (answers.clone(), asked.clone());
        let router = Router::new().fallback(move |request: Request| {
            count.fetch_add(1, SeqCst);
            let answer = known.lock().unwrap().get(request.uri().path()).cloned();
            async move {
                match answer {
                    Some(answer) => answer(&request),
                    None => (StatusCode::NOT_FOUND, "no such page\n").into_response(),
                }
            }
        });
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            answers,
            asked,
            serving: serving.abort_handle(),
        }
    }

    /// The address of a path.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// From now on the path answers with this document, which is not sent again to a client that has it.
    pub fn say(&self, path: &str, media_type: &'static str, body: impl Into<Vec<u8>>) {
        let body: Vec<u8> = body.into();
        let etag = format!("\"{}\"", &blake3::hash(&body).to_hex()[..16]);
        self.answer(path, move |request| {
            let known = request.headers().get(header::IF_NONE_MATCH);
            if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
                return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag.clone())]).into_response();
            }
            let headers = [
                (header::ETAG, etag.clone()),
                (header::CONTENT_TYPE, media_type.to_owned()),
            ];
            (headers, body.clone()).into_response()
        });
    }

    /// From now on the path answers what `answer` says.
    pub fn answer(
        &self,
        path: &str,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) {
        let answer = Arc::new(answer);
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// How many requests came.
    pub fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A document without validators.
pub fn plain(media_type: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, media_type)], body.into()).into_response()
}
