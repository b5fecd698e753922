//! What can go wrong with a call: on its way, at Xero's door, with its answer, or in what it says.

use counterfoil::model::failure::{FailureKind, Remedy};
use counterfoil::model::xero::Request;
use counterfoil::sandbox::{Answer, Outcome};
use serde_json::{Value, json};

use super::point::What;
use super::wrong;

/// The client gives a write up after this.
const GIVES_UP_MS: u64 = 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallFault {
    // It does not leave.
    /// No place in the app's budget.
    NoPlace,
    /// The keyring finds the grant dead.
    GrantDead,
    Refused,
    // It hangs.
    NeverArrives,
    /// It arrives when the caller has given up.
    ArrivesLate,
    SlowRequest,
    Late,
    TooLate,
    // It is answered, and nothing was done.
    DroppedBefore,
    Busy503,
    Error500,
    GatewayBefore,
    Minute429,
    Day429,
    Concurrent429,
    App429,
    TokenExpired,
    Unauthorised,
    Forbidden,
    NotFound,
    Garbage,
    /// A validation error that is a lie.
    RefusedWhole,
    /// A number is said to be taken that is free.
    NumberTaken,
    // It is done, and the answer does not come.
    DroppedAfter,
    Cut,
    ErrorAfter,
    GatewayAfter,
    // It is done, and the answer is wrong.
    EmptyBody,
    EmptyObject,
    EmptyList,
    Page,
    Fewer,
    More,
    Reordered,
    /// About another document.
    Another,
    /// About a document of this name with other money.
    OtherMoney,
    /// What was made in the last minute is not listed.
    Stale,
}

impl CallFault {
    const ALL: [Self; 35] = [
        Self::NoPlace,
        Self::GrantDead,
        Self::Refused,
        Self::NeverArrives,
        Self::ArrivesLate,
        Self::SlowRequest,
        Self::Late,
        Self::TooLate,
        Self::DroppedBefore,
        Self::Busy503,
        Self::Error500,
        Self::GatewayBefore,
        Self::Minute429,
        Self::Day429,
        Self::Concurrent429,
        Self::App429,
        Self::TokenExpired,
        Self::Unauthorised,
        Self::Forbidden,
        Self::NotFound,
        Self::Garbage,
        Self::RefusedWhole,
        Self::NumberTaken,
        Self::DroppedAfter,
        Self::Cut,
        Self::ErrorAfter,
        Self::GatewayAfter,
        Self::EmptyBody,
        Self::EmptyObject,
        Self::EmptyList,
        Self::Page,
        Self::Fewer,
        Self::More,
        Self::Reordered,
        Self::Another,
    ];

    /// Those that make sense for such a call.
    pub fn all(what: What) -> impl Iterator<Item = Self> {
        let listed = matches!(what, What::FindContacts | What::ById | What::ByNumber | What::MadeByUs);
        let special = [(Self::OtherMoney, what == What::Create), (Self::Stale, listed)];
        let special = special.into_iter().filter(|(_, fits)| *fits).map(|(fault, _)| fault);
        Self::ALL
            .into_iter()
            .filter(move |fault| fault.fits(what))
            .chain(special)
    }

    fn fits(self, what: What) -> bool {
        let is_read = !what.is_write();
        match self {
            Self::NumberTaken => what == What::Create,
            // A read does nothing that its answer could come before or after.
            Self::DroppedAfter | Self::ErrorAfter | Self::GatewayAfter | Self::ArrivesLate | Self::Page => !is_read,
            Self::Fewer | Self::More | Self::Reordered | Self::Another => what != What::Organisation,
            _ => true,
        }
    }

    /// Why it does not leave, and after how long that is known.
    pub const fn held_back(self) -> Option<(u64, FailureKind, Remedy)> {
        match self {
            Self::NoPlace => Some((20_000, FailureKind::Throttled, Remedy::RetryWithBackoff)),
            Self::GrantDead => Some((200, FailureKind::GrantRejected, Remedy::Reconnect)),
            _ => None,
        }
    }

    /// How long it is under way, if that is what is wrong.
    pub const fn takes_ms(self) -> Option<u64> {
        match self {
            Self::NeverArrives => Some(u64::MAX / 2),
            Self::ArrivesLate => Some(GIVES_UP_MS + 40_000),
            Self::SlowRequest => Some(25_000),
            _ => None,
        }
    }

    /// The sandbox's rule for it.
    pub fn rule(self, request: &Request) -> Option<String> {
        let rule = match self {
            Self::Refused => json!({"fault": "refuse_connection"}),
            Self::DroppedBefore => json!({"fault": "drop_reply_before_write"}),
            Self::DroppedAfter => json!({"fault": "drop_reply_after_write"}),
            Self::Cut => json!({"fault": "cut_body"}),
            Self::ErrorAfter => json!({"fault": "error_after_write"}),
            Self::Busy503 => json!({"fault": "status", "code": 503}),
            Self::Error500 => json!({"fault": "status", "code": 500}),
            Self::GatewayBefore => json!({"fault": "status", "code": 504, "body": "<html>time-out</html>"}),
            Self::Minute429 => json!({"fault": "rate_limit", "problem": "minute", "retry_after": 37}),
            Self::Day429 => json!({"fault": "rate_limit", "problem": "day", "retry_after": 600}),
            Self::Concurrent429 => json!({"fault": "rate_limit", "problem": "concurrent"}),
            Self::App429 => json!({"fault": "rate_limit", "problem": "app", "retry_after": 20}),
            Self::TokenExpired => json!({"fault": "token_expired"}),
            Self::Unauthorised => json!({"fault": "status", "code": 401}),
            Self::Forbidden => json!({"fault": "status", "code": 403}),
            Self::NotFound => json!({"fault": "status", "code": 404}),
            Self::Garbage => json!({"fault": "garbage_200"}),
            Self::Late => json!({"fault": "delay", "ms": 25_000}),
            Self::TooLate => json!({"fault": "delay", "ms": 90_000}),
            Self::RefusedWhole => {
                let body = json!({
                    "ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred",
                    "Elements": [{"ValidationErrors": [{"Message": "The books are being moved."}]}],
                });
                json!({"fault": "status", "code": 400, "body": body.to_string()})
            }
            Self::NumberTaken => json!({"fault": "status", "code": 200, "body": taken(request).to_string()}),
            _ => return None,
        };
        Some(rule.to_string())
    }

    /// What becomes of the answer to a call that was carried out.
    pub fn distort(self, outcome: &mut Outcome) {
        let body = match self {
            Self::GatewayAfter => {
                outcome.answer = Answer::html(504, "<html>time-out</html>");
                return;
            }
            Self::Page => {
                outcome.answer = Answer::html(200, "<html>Please sign in to the network.</html>");
                return;
            }
            Self::EmptyBody => Some(Vec::new()),
            Self::EmptyObject => Some(b"{}".to_vec()),
            Self::EmptyList => wrong::changed(&outcome.answer.body, Vec::clear),
            Self::Fewer => wrong::changed(&outcome.answer.body, |list| {
                list.pop();
            }),
            Self::More => wrong::changed(&outcome.answer.body, wrong::add_another),
            Self::Reordered => wrong::changed(&outcome.answer.body, |list| list.reverse()),
            Self::Another => wrong::changed(&outcome.answer.body, wrong::make_another),
            Self::OtherMoney => wrong::changed(&outcome.answer.body, wrong::change_money),
            _ => None,
        };
        if let Some(body) = body {
            outcome.answer.body = body.into();
        }
    }
}

/// Every document that was sent, refused because its number is taken.
fn taken(request: &Request) -> Value {
    let Request::Write { body, .. } = request else {
        return json!({});
    };
    let mut sent: Value = serde_json::from_slice(body).expect("we send JSON");
    for document in sent["Invoices"].as_array_mut().into_iter().flatten() {
        document["HasErrors"] = json!(true);
        document["StatusAttributeString"] = json!("ERROR");
        document["ValidationErrors"] = json!([{"Message": "Invoice # must be unique."}]);
    }
    sent
}
