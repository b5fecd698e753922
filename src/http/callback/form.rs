//! What a form or a query brings.

/// Names and values, decoded, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`, which queries are too. `None` when it cannot be decoded.
    pub fn read(text: &str) -> Option<Self> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let read = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        };
        pairs.map(read).collect::<Option<_>>().map(Self)
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let has_name = move |(known, _): &&(String, String)| known == name;
        self.0.iter().filter(has_name).map(|(_, value)| value.as_str())
    }
}

fn decoded(text: &str) -> Option<String> {
    crate::http::paths::decode(&text.replace('+', " "))
}
