//! The few pages for people: a form for queries, and how the sources stand. No scripts, no other host.
//!
//! Everything that comes from elsewhere goes through [`escape`]. Start at [`page`].

use super::negotiate;
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

/// A whole page. `body` is markup; `title` is text.
pub fn page(prefix: &str, title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"{prefix}/house.css\"></head>\n<body><h1>{title}</h1>\n{body}\n</body></html>\n",
        title = escape(title),
        prefix = escape(prefix),
    )
}

/// Text as it may stand in markup and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A form that asks the endpoint.
pub fn sparql_form(prefix: &str) -> Vec<u8> {
    const EXAMPLE: &str = "PREFIX dcat: <http://www.w3.org/ns/dcat#>\nPREFIX dct: <http://purl.org/dc/terms/>\n\
                           SELECT ?dataset ?title WHERE {\n  ?dataset a dcat:Dataset ; dct:title ?title .\n} LIMIT 20";
    let formats = negotiate::NAMED.iter().map(|(name, media_type)| {
        format!("<option value=\"{name}\">{name} ({media_type})</option>")
    });
    let formats: Vec<String> = formats.collect();
    let body = format!(
        "<form action=\"{prefix}/sparql\" method=\"get\"><p><label for=\"query\">SPARQL 1.1 query</label></p>\
         <p><textarea id=\"query\" name=\"query\" rows=\"16\" cols=\"100\" spellcheck=\"false\">{example}</textarea></p>\
         <p><label for=\"format\">Answer as</label> <select id=\"format\" name=\"format\">{formats}</select> <button>Ask</button></p></form>\
         <p>The service description is at the same address for clients that accept RDF. <a href=\"{prefix}/status\">Status</a>, \
         <a href=\"{prefix}/catalog.ttl\">the whole catalogue</a>, <a href=\"{prefix}/feed\">the feed of all changes</a>.</p>",
        prefix = escape(prefix),
        example = escape(EXAMPLE),
        formats = formats.concat(),
    );
    page(prefix, "SPARQL", &body).into_bytes()
}

/// The one style sheet.
pub async fn style() -> Response {
    const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1b1b1b;background:#fff}\n\
        table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #ccc}\n\
        td.number{text-align:right;font-variant-numeric:tabular-nums}\ntextarea{width:100%;font:14px/1.4 monospace;box-sizing:border-box}\n\
        .bad{color:#8a1f11;font-weight:600}\n@media(prefers-color-scheme:dark){body{color:#eee;background:#16181b}a{color:#8ab4f8}\
        th,td{border-color:#444}textarea{background:#222;color:#eee}.bad{color:#ff9b8a}}\n";
    let mut response = STYLE.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/css; charset=utf-8"),
    );
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("max-age=3600"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_place() {
        assert_eq!(escape("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
        let page = page("/x", "<b>", "");
        assert!(
            page.contains("<title>&lt;b&gt;</title>") && page.contains("href=\"/x/house.css\"")
        );
    }
}
