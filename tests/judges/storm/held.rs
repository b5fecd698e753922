//! What a storm holds at the moment: tokens, a code, a connection. In steps stand names for them,
//! because steps are played again in worlds that mint others.

use counterfoil::sandbox::{Outcome, Request, Transport};
use serde_json::Value;

/// The first app's access token.
pub const ACCESS: &str = "<access>";
/// The first app's refresh token.
pub const REFRESH: &str = "<refresh>";
/// The last access token of another app.
pub const OTHER: &str = "<other>";
/// The last authorization code.
pub const CODE: &str = "<code>";
/// The last connection that was listed.
pub const CONNECTION: &str = "<connection>";

/// The values behind the names.
#[derive(Debug, Default)]
pub struct Held {
    pub access: String,
    pub refresh: String,
    other: String,
    code: String,
    connection: String,
    /// Steps since what the first app may reach was taken from it.
    pub cut_off: Option<usize>,
}

impl Held {
    /// The request as it is sent.
    pub fn put_into(&self, request: &Request) -> Request {
        let mut sent = request.clone();
        for text in [&mut sent.path, &mut sent.query] {
            *text = self.put(text);
        }
        for (_, value) in &mut sent.headers {
            *value = self.put(value);
        }
        if let Ok(body) = std::str::from_utf8(&request.body)
            && body.contains('<')
        {
            sent.body = self.put(body).into();
        }
        sent
    }

    fn put(&self, text: &str) -> String {
        let names = [
            (ACCESS, &self.access),
            (REFRESH, &self.refresh),
            (OTHER, &self.other),
            (CODE, &self.code),
            (CONNECTION, &self.connection),
        ];
        let mut out = text.to_owned();
        for (name, value) in names.into_iter().filter(|(name, _)| text.contains(name)) {
            out = out.replace(name, value);
        }
        out
    }

    /// Keeps what an answer gives; `first_app` is the `client_id` of the first one.
    pub fn learn(&mut self, sent: &Request, outcome: &Outcome, first_app: &str) {
        let answer = &outcome.answer;
        if outcome.transport != Transport::Deliver || answer.status >= 400 {
            return;
        }
        if let Some((_, code)) = answer.header("Location").and_then(|place| place.split_once("code=")) {
            code.split('&').next().unwrap_or_default().clone_into(&mut self.code);
        }
        let path = sent.path.to_ascii_lowercase();
        let is_cut = (sent.method == "DELETE" && path.starts_with("/connections/")) || path == "/connect/revocation";
        if is_cut || (path == "/_sandbox/trigger" && is_of_consents(&sent.body)) {
            self.cut_off.get_or_insert(0);
        }
        let body: Value = match path.as_str() {
            "/connect/token" | "/connections" => serde_json::from_slice(&answer.body).unwrap_or_default(),
            _ => return,
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        if let Some(id) = text(&body[0]["id"]) {
            self.connection = id;
        }
        let Some(access) = text(&body["access_token"]) else {
            return;
        };
        if !is_by(sent, first_app) {
            self.other = access;
            return;
        }
        self.access = access;
        if let Some(refresh) = text(&body["refresh_token"]) {
            self.refresh = refresh;
        }
    }
}

fn is_of_consents(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    ["grant.", "connection.", "app.revoked"]
        .iter()
        .any(|scenario| text.contains(scenario))
}

/// Whether the credentials are this app's, in the form or as Basic.
fn is_by(sent: &Request, app: &str) -> bool {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let basic = sent.header("authorization").and_then(|value| value.get(6..));
    let basic = basic.and_then(|pair| STANDARD.decode(pair).ok());
    match basic {
        Some(pair) => String::from_utf8_lossy(&pair).starts_with(app),
        None => String::from_utf8_lossy(&sent.body).contains(app),
    }
}
