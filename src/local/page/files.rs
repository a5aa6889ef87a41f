//! What the page consists of. It is in the program, so that it asks nobody for anything.

use super::{Bytes, Response, with_type};

/// Stands in the page in the place of the token.
const TOKEN: &str = "{token}";

const PAGE: &str = include_str!("files/page.html");

/// By name; the page itself has none. With a token, the page may ask for keys.
pub fn file(name: &str, token: Option<&str>) -> Option<Response<Bytes>> {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    let (kind, text) = match name {
        "" => {
            let page = PAGE.replace(TOKEN, token.unwrap_or_default());
            return Some(with_type("text/html; charset=utf-8", Bytes::from(page)));
        }
        "page.css" => ("text/css; charset=utf-8", include_str!("files/page.css")),
        "life.css" => ("text/css; charset=utf-8", include_str!("files/life.css")),
        "page.js" => (SCRIPT, include_str!("files/page.js")),
        "form.js" => (SCRIPT, include_str!("files/form.js")),
        "life.js" => (SCRIPT, include_str!("files/life.js")),
        "parts.js" => (SCRIPT, include_str!("files/parts.js")),
        "icon.svg" => ("image/svg+xml", include_str!("files/icon.svg")),
        _ => return None,
    };
    Some(with_type(kind, Bytes::from_static(text.as_bytes())))
}
