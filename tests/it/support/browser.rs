//! What a person does in a browser, without one: opens addresses, sends forms back, is sent on.

use super::api::{Answer, Api};

/// Where an address leads, and what was there.
#[derive(Debug)]
pub struct Seen {
    /// The address, whole.
    pub url: String,
    /// What was there.
    pub answer: Answer,
}

/// Opens an address.
#[track_caller]
pub fn open(url: &str) -> Seen {
    let (api, path) = parts(url);
    Seen {
        url: url.to_owned(),
        answer: api.get(&path),
    }
}

/// Sends a form.
#[track_caller]
pub fn send(url: &str, pairs: &[(&str, &str)]) -> Seen {
    let (api, path) = parts(url);
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
    let body = pairs.iter().map(pair).collect::<Vec<_>>().join("&");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    Seen {
        url: url.to_owned(),
        answer: api.send("POST", &path, &headers, &body),
    }
}

impl Seen {
    /// Where this page sends a browser.
    #[track_caller]
    pub fn location(&self) -> String {
        let answer = &self.answer;
        assert!((300..400).contains(&answer.status), "{} {}", answer.status, answer.text);
        let location = &answer.headers["location"];
        if location.contains("://") {
            return location.clone();
        }
        let (folder, _) = self.url.split('?').next().unwrap().rsplit_once('/').unwrap();
        format!("{folder}/{location}")
    }

    /// Goes where it is sent.
    #[track_caller]
    pub fn onwards(&self) -> Seen {
        open(&self.location())
    }

    /// The hidden fields of its form.
    pub fn hidden(&self) -> Vec<(String, String)> {
        let inputs = self.answer.text.split("<input type=\"hidden\" ").skip(1);
        let attribute = |input: &str, name: &str| {
            let (_, rest) = input.split_once(&format!("{name}=\"")).unwrap();
            let (value, _) = rest.split_once('"').unwrap();
            value
                .replace("&amp;", "&")
                .replace("&#39;", "'")
                .replace("&quot;", "\"")
        };
        inputs
            .map(|input| (attribute(input, "name"), attribute(input, "value")))
            .collect()
    }

    /// Sends its form back with these answers besides the hidden fields.
    #[track_caller]
    pub fn answer_form(&self, answers: &[(&str, &str)]) -> Seen {
        let hidden = self.hidden();
        let mut pairs: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.extend(answers);
        let action = self
            .answer
            .text
            .split_once("action=\"")
            .map(|(_, rest)| rest.split('"').next().unwrap());
        let url = match action {
            Some(path) => {
                let (scheme, rest) = self.url.split_once("://").unwrap();
                format!("{scheme}://{}{path}", rest.split('/').next().unwrap())
            }
            None => self.url.clone(),
        };
        send(&url, &pairs)
    }

    /// The page, which must have this status and say all this.
    #[track_caller]
    pub fn says(&self, status: u16, texts: &[&str]) -> &Self {
        assert_eq!(self.answer.status, status, "{}", self.answer.text);
        for text in texts {
            assert!(self.answer.text.contains(text), "{text} is not in {}", self.answer.text);
        }
        self
    }
}

fn parts(url: &str) -> (Api, String) {
    let (_, rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (Api::new(host, None), path.to_owned())
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
