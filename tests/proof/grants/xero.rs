//! What happens at Xero: requests that arrive, and what a person does there.

use counterfoil::sandbox::{self, Outcome};
use serde_json::Value;

use super::stage::Inner;

impl Inner {
    /// A control call that must succeed.
    pub fn control(&mut self, method: &str, path: &str, body: &str) -> Value {
        let request = sandbox::Request {
            method: method.into(),
            path: format!("/_sandbox/{path}"),
            body: body.to_owned().into(),
            ..sandbox::Request::default()
        };
        let answer = self.world.respond(self.clock.xero(), &request).answer;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status < 300, "{path} {body}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A request arrives at Xero.
    pub fn serve(&mut self, request: &sandbox::Request, rule: Option<&str>) -> Outcome {
        let now = self.clock.xero();
        if let Some(rule) = rule {
            self.control("POST", "faults", rule);
        }
        let outcome = self.world.respond(now, request);
        if rule.is_some() {
            self.control("DELETE", "faults", "");
        }
        if let Some(call) = outcome.call {
            self.world.answered(call, now);
        }
        if request.path == "/connect/token"
            && let Ok(pair) = serde_json::from_slice::<Value>(&outcome.answer.body)
            && let (Some(access), Some(new)) = (pair["access_token"].as_str(), pair["refresh_token"].as_str())
        {
            let form = String::from_utf8_lossy(&request.body);
            let used = form.split('&').find_map(|field| field.strip_prefix("refresh_token="));
            self.judge.rotated(self.clock.at, used.unwrap_or_default(), access, new);
            self.say("Xero rotates");
        }
        outcome
    }

    /// A person ends a dead consent's trouble: Xero hands out a new chain.
    pub fn renew_consent(&mut self) -> String {
        let end = self.judge.end();
        self.ends.push(end);
        let renewed = self.control("POST", "trigger", r#"{"scenario":"grant.renew"}"#);
        let token = renewed["refresh_token"].as_str().expect("a refresh token").to_owned();
        self.judge.consented(&token);
        token
    }

    pub fn haunt(&mut self, at: u64, request: sandbox::Request) {
        self.ghosts.push((at, request));
        self.ghosts.sort_by_key(|(at, _)| *at);
    }
}
