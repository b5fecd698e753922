//! The way to Xero without a socket: its token endpoint and one read, over the sandbox's core.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use counterfoil::model::failure::{Failure, FailureKind, Received};
use counterfoil::model::secret::{ExposeSecret, SecretString};
use counterfoil::model::xero::{Answer, Request, XeroConnection};
use counterfoil::sandbox::{self, Transport};
use counterfoil::xero::address;
use counterfoil::xero::api::{Code, Identity, TokenPair};
use counterfoil::xero::client::{Timeouts, understood};
use counterfoil::xero::oauth::{connections_from, pair_from};
use counterfoil::xero::outcome::Lost;
use counterfoil::xero::transport::{Part, Whole};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rand::RngExt as _;
use uuid::Uuid;

use super::fault::{Fault, Phase};
use super::stage::{Deed, Inner, Stage, Tenant};
use crate::wire::headers;

/// Spurious refusals are so far apart that no grant meets two in a row.
const SPURIOUS_APART_MS: u64 = 30_000;

/// Good tokens of one organisation that are rejected in a row.
const REJECTED_MAX: u32 = 4;

/// Xero as the keyring sees it.
pub struct Port(pub Arc<Stage>);

impl Identity for Port {
    fn refresh(&self, refresh_token: SecretString) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        let stage = Arc::clone(&self.0);
        async move {
            let request = stage.with(|stage| {
                let at = stage.at();
                let (decided_at, is_marked) = (stage.decided_at, stage.is_marked);
                stage.judge.refresh_begins(at, decided_at, is_marked);
                stage.refreshes += 1;
                stage.say("a refresh begins");
                token_request(stage, &refresh_token)
            });
            let ended = pair_from(exchange(&stage, Ask::Token, request).await);
            stage.with(|stage| {
                let is_unheard =
                    |failure: &Failure| matches!(failure.received, Received::Unknown | Received::UnknownAnswered);
                stage.judge.refresh_ended(ended.as_ref().err().is_some_and(is_unheard));
                if let Err(failure) = &ended {
                    stage.say(format!("the refresh failed: {failure}"));
                    stage.hear(format!("{failure} {failure:?}"));
                }
            });
            ended
        }
        .boxed()
    }

    fn redeem(&self, _code: Code) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        unreachable!("nobody consents anew in this proof")
    }

    fn revoke(&self, _refresh_token: SecretString) -> BoxFuture<'static, Result<(), Failure>> {
        unreachable!("nothing is revoked in this proof")
    }

    fn connections(&self, access_token: SecretString) -> BoxFuture<'static, Result<Vec<XeroConnection>, Failure>> {
        let stage = Arc::clone(&self.0);
        async move {
            let request = sandbox::Request {
                method: "GET".into(),
                path: "/connections".into(),
                headers: vec![bearer(&access_token)],
                ..sandbox::Request::default()
            };
            stage.with(|stage| stage.judge.used(access_token.expose_secret()));
            let listed = connections_from(exchange(&stage, Ask::Api, request).await);
            if listed
                .as_ref()
                .is_err_and(|failure| failure.kind == FailureKind::TokenRejected)
            {
                stage.with(|stage| stage.judge.rejected(&access_token));
            }
            listed
        }
        .boxed()
    }

    fn disconnect(&self, _access_token: SecretString, _id: String) -> BoxFuture<'static, Result<(), Failure>> {
        async move { Ok(()) }.boxed()
    }
}

/// One read of an organisation.
pub async fn read(stage: &Stage, tenant: Uuid, token: &SecretString) -> Answer {
    stage.reach(Phase::Using).await;
    stage.with(|stage| {
        stage.phase = Phase::Idle;
        stage.judge.used(token.expose_secret());
    });
    let asked = Request::Organisation;
    let address = address::of(&asked).expect("it has an address");
    let request = sandbox::Request {
        method: "GET".into(),
        path: address.path,
        headers: vec![
            ("accept".to_owned(), "application/json".to_owned()),
            bearer(token),
            ("xero-tenant-id".to_owned(), tenant.to_string()),
        ],
        ..sandbox::Request::default()
    };
    let answer = understood(&asked, exchange(stage, Ask::Api, request).await);
    let is_rejected = |failure: &Failure| failure.kind == FailureKind::TokenRejected;
    if answer.result.as_ref().is_err_and(is_rejected) {
        stage.with(|stage| stage.judge.rejected(token));
    }
    answer
}

fn bearer(token: &SecretString) -> (String, String) {
    ("authorization".to_owned(), format!("Bearer {}", token.expose_secret()))
}

fn token_request(stage: &Inner, refresh_token: &SecretString) -> sandbox::Request {
    let pair = format!("{}:{}", stage.world.client_id(), stage.world.client_secret());
    let basic = base64::engine::general_purpose::STANDARD.encode(pair);
    sandbox::Request {
        method: "POST".into(),
        path: "/connect/token".into(),
        headers: vec![("authorization".to_owned(), format!("Basic {basic}"))],
        body: format!(
            "grant_type=refresh_token&refresh_token={}",
            refresh_token.expose_secret()
        )
        .into(),
        ..sandbox::Request::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Token,
    Api,
}

async fn pause(span_ms: u64) {
    tokio::time::sleep(Duration::from_millis(span_ms)).await;
}

fn lost<T>(lost: Lost) -> Result<T, Part> {
    Err(Part { head: None, lost })
}

/// One request and its answer, with all that can happen to either on the way.
async fn exchange(stage: &Stage, ask: Ask, request: sandbox::Request) -> Result<Whole, Part> {
    let patience_ms = u64::try_from(Timeouts::default().read.as_millis()).unwrap();
    if ask == Ask::Token {
        stage.reach(Phase::Leaving).await;
    }
    let from = stage.with(|stage| stage.at());
    let fault = stage.with(|stage| stage.choose(ask, &request));
    let ended = travel(stage, ask, request, fault, patience_ms).await;
    stage.go_on().await;
    stage.with(|stage| {
        if ask == Ask::Token {
            stage.phase = Phase::Idle;
            let to = stage.at();
            if fault.is_some() {
                stage.judge.trouble(from, to);
            }
        }
    });
    ended
}

async fn travel(
    stage: &Stage,
    ask: Ask,
    request: sandbox::Request,
    fault: Option<Fault>,
    patience_ms: u64,
) -> Result<Whole, Part> {
    let (at, sleeps, way_ms) = stage.with(|stage| {
        let way_ms = match fault {
            Some(Fault::SlowRequest) => stage.rng.random_range(31_000..240_000),
            _ => stage.rng.random_range(5..200),
        };
        (stage.at(), stage.sleeps, way_ms)
    });
    if way_ms > patience_ms {
        stage.with(|stage| stage.haunt(at + way_ms, request));
        pause(patience_ms).await;
        return lost(Lost::TimedOut);
    }
    if ask == Ask::Token {
        stage.with(|stage| stage.haunt_if_cut(at + way_ms, fault, &request));
        stage.reach(Phase::Asking).await;
        if stage.with(|stage| stage.sleeps) != sleeps {
            return lost(Lost::Broken);
        }
    }
    pause(way_ms).await;
    stage.go_on().await;
    let rule = stage.with(|stage| fault.and_then(|fault| fault.rule(&mut stage.rng)));
    let (whole, transport, delay_ms, head) = stage.with(|stage| {
        let outcome = stage.serve(&request, rule.as_deref());
        let mut answer = outcome.answer;
        if fault == Some(Fault::ErrorAfter) {
            answer = sandbox::Answer::empty(500);
        }
        let head = headers(&answer, stage.clock.xero());
        let whole = Whole {
            status: answer.status,
            headers: head.clone(),
            body: answer.body,
        };
        let is_unheard = outcome.transport == Transport::DropBeforeWrite && outcome.call.is_none();
        let late_ms = match fault {
            Some(Fault::LateRejection) => stage.rng.random_range(2_000..25_000),
            _ => stage.rng.random_range(5..200),
        };
        (whole, (outcome.transport, is_unheard), outcome.delay_ms + late_ms, head)
    });
    if ask == Ask::Token && whole.status == 200 {
        stage.reach(Phase::Answering).await;
        if stage.with(|stage| stage.sleeps != sleeps && stage.rng.random_bool(0.5)) {
            return lost(Lost::Broken);
        }
    }
    if delay_ms >= patience_ms {
        pause(patience_ms).await;
        return lost(Lost::TimedOut);
    }
    pause(delay_ms).await;
    match transport {
        (Transport::Deliver, _) => Ok(whole),
        (Transport::Cut { .. }, _) => Err(Part {
            head: Some((whole.status, head)),
            lost: Lost::Broken,
        }),
        (Transport::DropBeforeWrite, true) => lost(Lost::NoConnection),
        (Transport::DropBeforeWrite | Transport::DropAfterWrite, _) => lost(Lost::Broken),
    }
}

impl Inner {
    fn choose(&mut self, ask: Ask, request: &sandbox::Request) -> Option<Fault> {
        let at = self.at();
        let tenant = request.header("xero-tenant-id").and_then(|id| Uuid::parse_str(id).ok());
        let asks = |asking: &&Tenant| Some(asking.xero_id) == tenant;
        if self
            .tenants
            .iter()
            .find(asks)
            .is_some_and(|asking| asking.rejections >= REJECTED_MAX)
        {
            return None;
        }
        let is_struck = self.rng.random_range(0..100) < self.fault_percent;
        let fault = match (ask, self.outage) {
            (Ask::Api, _) if self.reject_next > 0 => {
                self.reject_next -= 1;
                Some(self.rejection())
            }
            (Ask::Api, _) if is_struck && self.rng.random_bool(0.3) => Some(self.rejection()),
            (Ask::Api, _) => None,
            (Ask::Token, Some((fault, until)))
                if at < until && !matches!(fault, Fault::SaveFails | Fault::SaveLostAfter) =>
            {
                Some(fault)
            }
            (Ask::Token, _) if is_struck => Some(Fault::of_a_refresh(&mut self.rng)),
            (Ask::Token, _) => None,
        }?;
        if fault == Fault::Spurious && self.outage.is_none() {
            if at < self.last_spurious + SPURIOUS_APART_MS {
                return None;
            }
            self.last_spurious = at;
        }
        self.note(fault);
        if ask == Ask::Api {
            self.judge.excuse(at);
        }
        Some(fault)
    }

    /// Whoever dies or sleeps now has sent it, or not.
    fn haunt_if_cut(&mut self, arrives_at: u64, fault: Option<Fault>, request: &sandbox::Request) {
        let is_cut = |deed| matches!(deed, Deed::Die(..) | Deed::Sleep(_));
        let is_planned = self
            .plan
            .is_some_and(|(phase, deed)| phase == Phase::Asking && is_cut(deed));
        if is_planned && fault != Some(Fault::Refused) && self.rng.random_bool(0.7) {
            self.haunt(arrives_at, request.clone());
        }
    }

    /// Of a good token.
    fn rejection(&mut self) -> Fault {
        if self.rng.random_bool(0.3) {
            Fault::LateRejection
        } else {
            Fault::ExpiredEarly
        }
    }
}
