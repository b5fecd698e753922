//! JSON as a bounded tree: at most 64 levels and 100,000 values, no name twice in an object.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::http::problem::{Problem, ProblemCode};

/// Most levels of a body.
pub const DEPTH_MAX: u32 = 64;
/// Most values of a body.
pub const NODES_MAX: u32 = 100_000;

/// A value. Of numbers only small counts are kept: money and quantities are strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number; `Some` = it is whole, not negative and below 2³².
    Number(Option<u32>),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object, in the order it was written.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// What it is, in words.
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads a body.
///
/// # Errors
/// `invalid_json` with line and column.
pub fn parse(body: &[u8]) -> Result<Node, Problem> {
    let left = Cell::new(NODES_MAX);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let seed = Seed {
        depth: DEPTH_MAX,
        left: &left,
    };
    seed.deserialize(&mut reader)
        .and_then(|node| reader.end().map(|()| node))
        .map_err(|error| invalid_json(&error))
}

fn invalid_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::new(ProblemCode::InvalidJson, format!("{error}."))
        .with("line", line)
        .with("column", column)
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: u32,
    left: &'a Cell<u32>,
}

impl Seed<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| E::custom(format_args!("more than {DEPTH_MAX} levels are not accepted")))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let left = self
            .left
            .get()
            .checked_sub(1)
            .ok_or_else(|| D::Error::custom(format_args!("more than {NODES_MAX} values are not accepted")))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(u32::try_from(value).ok()))
    }

    fn visit_i64<E: Error>(self, _value: i64) -> Result<Node, E> {
        Ok(Node::Number(None))
    }

    fn visit_f64<E: Error>(self, _value: f64) -> Result<Node, E> {
        Ok(Node::Number(None))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut object = Vec::new();
        let mut names = HashSet::new();
        while let Some(name) = entries.next_key::<String>()? {
            if !names.insert(name.clone()) {
                let shown: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format_args!(
                    "the name `{shown}` stands twice in one object"
                )));
            }
            object.push((name, entries.next_value_seed(inner)?));
        }
        Ok(Node::Object(object))
    }
}
