//! The few pages for people that are written by hand. No scripts, no other host.
//!
//! Everything that comes from elsewhere goes through [`escape`]. Start at [`page`].

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
