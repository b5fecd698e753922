//! Webhooks that Xero did not send, or that name what is not ours.

use counterfoil::sandbox::webhooks::sign;
use rand::RngExt as _;
use rand::rngs::StdRng;
use uuid::Uuid;

/// What is wrong with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// Signed with another key.
    OtherKey,
    /// One character of its signature is another one.
    OneCharacter,
    /// Its signature is no signature.
    NoSignature,
    /// Rightly signed, about an organisation nobody has heard of.
    UnknownTenant,
    /// Rightly signed, of a category nobody knows yet.
    UnknownCategory,
    /// Rightly signed, about a document that nobody follows.
    NotFollowed,
    /// Rightly signed, about a document as it will be in 70 years.
    FarAhead,
    /// Rightly signed, without a moment and with a number far ahead.
    NumberAhead,
    /// Rightly signed, and not to be read.
    Unreadable,
}

/// A forged one: its body, its signature, and the document that nobody follows.
pub struct Forged {
    pub forgery: Forgery,
    pub body: Vec<u8>,
    pub signature: String,
    pub stranger: Option<Uuid>,
}

impl Forgery {
    const ALL: [Self; 9] = [
        Self::OtherKey,
        Self::OneCharacter,
        Self::NoSignature,
        Self::UnknownTenant,
        Self::UnknownCategory,
        Self::NotFollowed,
        Self::FarAhead,
        Self::NumberAhead,
        Self::Unreadable,
    ];

    /// Whether Xero's key signed it.
    pub const fn is_signed(self) -> bool {
        !matches!(self, Self::OtherKey | Self::OneCharacter | Self::NoSignature)
    }
}

/// Any of them. `ours` are a real body and the document it may be about.
pub fn forge(rng: &mut StdRng, key: &str, tenant: Uuid, (real, ours): (&[u8], Option<Uuid>)) -> Forged {
    let forgery = Forgery::ALL[rng.random_range(0..Forgery::ALL.len())];
    let stranger = Uuid::from_u128(rng.random());
    let is_strange = matches!(forgery, Forgery::NotFollowed | Forgery::UnknownTenant);
    let about = ours.filter(|_| !is_strange).unwrap_or(stranger);
    let organisation = if forgery == Forgery::UnknownTenant {
        Uuid::from_u128(rng.random())
    } else {
        tenant
    };
    let category = if forgery == Forgery::UnknownCategory {
        "QUOTE"
    } else {
        "INVOICE"
    };
    let date = match forgery {
        Forgery::FarAhead => r#","eventDateUtc":"2096-01-01T00:00:00.000""#,
        Forgery::NumberAhead => "",
        _ => r#","eventDateUtc":"2026-01-01T00:00:00.000""#,
    };
    let number = if forgery == Forgery::NumberAhead {
        rng.random_range(1..2_000)
    } else {
        0
    };
    let salt: u64 = rng.random();
    let body = match forgery {
        Forgery::OtherKey | Forgery::OneCharacter | Forgery::NoSignature => real.to_vec(),
        Forgery::Unreadable => format!(r#"{{"events":[{{"tenantId":7}}],"salt":{salt}}}"#).into_bytes(),
        _ => format!(
            r#"{{"events":[{{"tenantId":"{organisation}","eventCategory":"{category}","eventType":"UPDATE","resourceId":"{about}"{date}}}],"firstEventSequence":{number},"lastEventSequence":{number},"entropy":"{salt}"}}"#
        )
        .into_bytes(),
    };
    let right = sign(key, &body);
    let signature = match forgery {
        Forgery::OtherKey => sign(&format!("{key}x"), &body),
        Forgery::OneCharacter => one_off(&right),
        Forgery::NoSignature => "no signature".to_owned(),
        _ => right,
    };
    Forged {
        forgery,
        body,
        signature,
        stranger: is_strange.then_some(stranger),
    }
}

fn one_off(signature: &str) -> String {
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    std::iter::once(first).chain(signature.chars().skip(1)).collect()
}
