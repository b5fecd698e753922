//! Recordings of the XML days as the JSON that Xero sends today: names are the same, and what is a
//! list, a number or a date is what the published schema says.

use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use crate::schema::file::Document;

/// An element: its name, what is in it, and its text.
#[derive(Debug)]
struct Node {
    name: String,
    children: Vec<Node>,
    text: String,
}

/// The body below `<Response>` (or another root) as an object of this type.
pub fn as_json(document: &Document, type_name: &str, text: &str) -> Value {
    let (root, _) = element(text.get(text.find("<Response").unwrap_or_default()..).unwrap());
    let pointer = format!("/components/schemas/{type_name}");
    typed(document, document.root.pointer(&pointer).unwrap(), &root)
}

fn typed(document: &Document, schema: &Value, node: &Node) -> Value {
    let (schema, _) = document.resolve(schema);
    match schema["type"].as_str() {
        Some("array") => {
            let items = node.children.iter();
            items.map(|child| typed(document, &schema["items"], child)).collect()
        }
        Some("number" | "integer") => serde_json::from_str(&node.text).unwrap(),
        Some("boolean") => Value::Bool(node.text == "true"),
        Some("string") if schema["x-is-msdate"] == true || schema["x-is-msdate-time"] == true => tick(&node.text),
        _ if node.children.is_empty() => Value::String(node.text.clone()),
        _ => {
            let property = |child: &Node| {
                let value = typed(document, &schema["properties"][&child.name], child);
                (child.name.clone(), value)
            };
            Value::Object(node.children.iter().map(property).collect::<Map<_, _>>())
        }
    }
}

/// `2011-05-18T00:00:00` as `/Date(1305676800000+0000)/`.
fn tick(text: &str) -> Value {
    let bare = text.trim_end_matches('Z');
    let moment = NaiveDateTime::parse_from_str(bare, "%Y-%m-%dT%H:%M:%S%.f").unwrap();
    Value::String(format!("/Date({}+0000)/", moment.and_utc().timestamp_millis()))
}

/// The element that begins here, and what follows it.
fn element(text: &str) -> (Node, &str) {
    let text = text.trim_start().strip_prefix('<').unwrap();
    let (tag, mut rest) = text.split_once('>').unwrap();
    let name = tag.split([' ', '/', '\n', '\r']).next().unwrap().to_owned();
    let mut node = Node {
        name,
        children: Vec::new(),
        text: String::new(),
    };
    if tag.ends_with('/') {
        return (node, rest);
    }
    loop {
        let (before, behind) = rest.split_at(rest.find('<').unwrap());
        if behind.starts_with("</") {
            if node.children.is_empty() {
                node.text = plain(before.trim());
            }
            return (node, behind.split_once('>').unwrap().1);
        }
        let (child, after) = element(behind);
        node.children.push(child);
        rest = after;
    }
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}
