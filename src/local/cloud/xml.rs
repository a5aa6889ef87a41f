//! Reading and writing the XML of S3, Route 53 and IAM. Namespaces are ignored, as the services themselves do.

use std::fmt::Write;

use roxmltree::{Document, Node};

use super::reply::escape_xml;

/// The body as a document. `None`: not XML.
pub fn parse(body: &[u8]) -> Option<Document<'_>> {
    Document::parse(std::str::from_utf8(body).ok()?).ok()
}

/// The elements of that name right below `node`.
pub fn children<'a, 'i>(node: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

pub fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// The text of the element of that name right below `node`.
pub fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    child(node, name).map(|child| child.text().unwrap_or_default().to_owned())
}

/// The `Key`/`Value` pairs of the `Tag` elements right below `node`.
pub fn tags(node: Node<'_, '_>) -> Vec<(String, String)> {
    children(node, "Tag").filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value").unwrap_or_default()))).collect()
}

/// Elements written one after the other.
#[derive(Default)]
pub struct Writer(String);

impl Writer {
    pub fn new() -> Writer {
        Writer::default()
    }

    /// `<name>text</name>`.
    pub fn text(&mut self, name: &str, text: impl std::fmt::Display) -> &mut Writer {
        // Writing into a string cannot fail.
        let _ = write!(self.0, "<{name}>{}</{name}>", escape_xml(&text.to_string()));
        self
    }

    /// As [`Writer::text`], where there is one.
    pub fn maybe(&mut self, name: &str, text: Option<impl std::fmt::Display>) -> &mut Writer {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    /// `<name>` … `</name>` around what `inside` writes.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Writer)) -> &mut Writer {
        let _ = write!(self.0, "<{name}>");
        inside(self);
        let _ = write!(self.0, "</{name}>");
        self
    }

    /// What `other` wrote.
    pub fn append(&mut self, other: Writer) {
        self.0.push_str(&other.0);
    }

    /// The document: `root` with its namespace around everything written.
    pub fn document(self, root: &str, namespace: &str) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{namespace}\">{}</{root}>", self.0)
    }
}
