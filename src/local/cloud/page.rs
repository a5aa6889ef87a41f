//! Long lists are told in pages. A token names the last thing told, so that what is added or removed in between
//! neither repeats nor hides the rest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// One page.
pub struct Page<T> {
    pub items: Vec<T>,
    /// Asks for the rest; `None` when there is none.
    pub next: Option<String>,
}

/// At most `most` of `items` (sorted by key) after the one that `token` names. `None`: not a token of ours.
pub fn page<K: AsRef<str>, T>(
    items: impl IntoIterator<Item = (K, T)>,
    token: Option<&str>,
    most: usize,
) -> Option<Page<T>> {
    let after = match token {
        Some(token) => Some(String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?),
        None => None,
    };
    let mut rest = items.into_iter().filter(|(key, _)| after.as_deref().is_none_or(|after| key.as_ref() > after));
    let mut last = None;
    let mut told = Vec::new();
    for (key, item) in rest.by_ref().take(most) {
        last = Some(URL_SAFE_NO_PAD.encode(key.as_ref()));
        told.push(item);
    }
    let next = if rest.next().is_some() { last } else { None };
    Some(Page { items: told, next })
}
