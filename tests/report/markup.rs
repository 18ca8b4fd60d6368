//! A strict little reader of markup: enough to see that what the program writes is well-formed XML.

/// An element or a text.
#[derive(Debug)]
pub enum Part {
    Open { name: String, attributes: Vec<(String, String)> },
    Close,
    Text(String),
}

/// The parts of an XML text in order.
///
/// # Panics
/// The text is not well-formed.
pub fn read(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut stack: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.find('<').unwrap_or(rest.len());
        let (before, tag) = rest.split_at(at);
        if !before.is_empty() {
            parts.push(Part::Text(unescape(before)));
        }
        if tag.is_empty() {
            break;
        }
        let end = tag.find('>').unwrap_or_else(|| panic!("a tag without end: {}", excerpt(tag)));
        let inner = &tag[1..end];
        rest = &tag[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(stack.pop().as_deref(), Some(name), "closed in the wrong order");
            parts.push(Part::Close);
            continue;
        }
        let (inner, empty) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
        let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
        assert!(name.chars().all(char::is_alphanumeric) && !name.is_empty(), "no name: {}", excerpt(tag));
        parts.push(Part::Open { name: name.to_owned(), attributes: read_attributes(attributes) });
        if empty {
            parts.push(Part::Close);
        } else {
            stack.push(name.to_owned());
        }
    }
    assert!(stack.is_empty(), "left open: {stack:?}");
    parts
}

fn read_attributes(text: &str) -> Vec<(String, String)> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) =
            rest.split_once("=\"").unwrap_or_else(|| panic!("an attribute without value: {rest}"));
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("no closing quote: {rest}"));
        assert!(attributes.iter().all(|(other, _)| other != name), "{name} stands twice");
        attributes.push((name.to_owned(), unescape(value)));
        rest = after.trim_start();
    }
    attributes
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(';').unwrap_or_else(|| panic!("a bare &: {}", excerpt(&rest[at..])));
        out.push(match &rest[at + 1..at + end] {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" | "#34" => '"',
            "#x27" | "#39" => '\'',
            "#x2f" => '/',
            other => panic!("unknown entity {other}"),
        });
        rest = &rest[at + end + 1..];
    }
    out + rest
}

fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The pieces of `text` from `start` to `end`, both included.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(from) = rest.find(start) {
        let inside = from + start.len();
        let to = rest[inside..].find(end).map_or(rest.len(), |to| inside + to + end.len());
        found.push(&rest[from..to]);
        rest = &rest[to..];
    }
    found
}

/// Markup without its tags.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(from) = rest.find('<') {
        out.push_str(&rest[..from]);
        out.push(' ');
        rest = rest[from..].split_once('>').map_or("", |(_, after)| after);
    }
    unescape(&(out + rest))
}
