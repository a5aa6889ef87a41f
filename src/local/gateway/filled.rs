//! Texts that are filled in, not rendered: bodies of gateway responses (`AWS_FACTS` C7) and lines of access logs (B2).
//! No directive means anything in them; variables do.

/// `$context.a.b`, `${context.a.b}`, `$stageVariables.a`, each by what `value` says of its path (`context.a.b`): none
/// where it is no variable, and then it stays as it is written.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (braced, inner) = after.strip_prefix('{').map_or((false, after), |inner| (true, inner));
        let end = inner.find(|letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter)));
        let mut path = &inner[..end.unwrap_or(inner.len())];
        if !braced {
            path = path.trim_end_matches(['.', '-']);
        }
        let closed = !braced || inner[path.len()..].starts_with('}');
        match value(path).filter(|_| closed) {
            Some(value) => {
                out.push_str(&value);
                rest = &inner[path.len() + usize::from(braced)..];
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
