//! The address that Xero sends somebody back to.

use super::terms::Returned;
use crate::model::secret::{ExposeSecret, SecretString};

fn read_address(address: &str) -> Option<Returned> {
    let address = address.trim();
    let query = address.split_once('?').map_or(address, |(_, query)| query);
    let query = query.split('#').next().unwrap_or(query);
    let mut state = None;
    let mut code = None;
    let mut error = None;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=')?;
        let place = match name {
            "state" => &mut state,
            "code" => &mut code,
            "error" => &mut error,
            _ => continue,
        };
        let value = decoded(value)?;
        // What is there twice was not made by Xero.
        if value.is_empty() || place.replace(value).is_some() {
            return None;
        }
    }
    let answer = match (code, error) {
        (Some(code), None) => Ok(SecretString::from(code)),
        (None, Some(error)) => Err(error),
        _ => return None,
    };
    Some(Returned { state: state?, answer })
}

/// A value of a query: percent-encoded, and a plus for a space.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

impl Returned {
    /// What the address says that somebody was sent back to; also of its query alone.
    #[must_use]
    pub fn read(address: &str) -> Option<Self> {
        read_address(address)
    }

    /// The code, for tests and comparisons.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.answer.as_ref().ok().map(ExposeSecret::expose_secret)
    }
}

#[cfg(test)]
mod tests {
    use crate::actors::connect::Returned;

    #[test]
    fn an_address_is_read_whole_or_as_its_query_and_however_it_was_pasted() {
        for pasted in [
            "https://sync.example.com/xero/callback?code=c%2F1&scope=a+b&state=s-1",
            "http://localhost:7626/xero/callback?code=c%2f1&state=s-1&session_state=x#frag",
            "  ?state=s-1&code=c%2F1\n",
            "code=c%2F1&state=s-1",
        ] {
            let read = Returned::read(pasted).unwrap();
            assert_eq!((read.state.as_str(), read.code()), ("s-1", Some("c/1")), "{pasted}");
        }
        let denied = Returned::read("?error=access_denied&error_description=No+way&state=s").unwrap();
        assert_eq!(denied.answer.unwrap_err(), "access_denied");
    }

    #[test]
    fn what_holds_no_answer_is_not_read() {
        for pasted in [
            "",
            "https://sync.example.com/xero/callback",
            "?code=c",
            "?state=s",
            "?code=&state=s",
            "?code=c&state=",
            "?code=c&code=d&state=s",
            "?code=c&error=access_denied&state=s",
            "?code=%zz&state=s",
            "?code=%f&state=s",
            "?code=%ff&state=s",
        ] {
            assert!(Returned::read(pasted).is_none(), "{pasted}");
        }
    }
}
