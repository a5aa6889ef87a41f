//! Media types: which template a content type selects, which bodies are binary.

/// Without parameters and in lower case: `application/json` of `Application/JSON; charset=utf-8`.
pub fn bare(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The first media type of an `Accept` header, without parameters: the one that API Gateway honours.
pub fn first_accepted(accept: &str) -> String {
    bare(accept.split(',').next().unwrap_or_default())
}

/// The API's `binaryMediaTypes`.
#[derive(Clone, Debug, Default)]
pub struct BinaryTypes(Vec<String>);

impl BinaryTypes {
    pub fn new(types: &[String]) -> BinaryTypes {
        BinaryTypes(types.iter().map(|one| bare(one)).collect())
    }

    /// Whether a body of this type, bare, counts as binary. `*/*` takes everything, untyped bodies included.
    pub fn contain(&self, media_type: Option<&str>) -> bool {
        self.0.iter().any(|one| {
            one == "*/*"
                || media_type.is_some_and(|media_type| {
                    one == media_type
                        || one.strip_suffix('*').is_some_and(|kind| kind.ends_with('/') && media_type.starts_with(kind))
                })
        })
    }
}
