//! Open attempts: who may come back with what, once and in time. States and tickets are kept as
//! hashes, so that nobody who reads the memory of a running daemon can come back in another's place.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::terms::{ConnectFault, ConnectStage, ConnectView, Offered};
use crate::model::ids::{ConnectId, GrantId};
use crate::model::secret::SecretString;
use crate::model::time::Mono;

/// How long somebody may take on Xero's page, and then to choose: ten minutes each.
pub const OPEN_MS: u64 = 10 * 60_000;
/// How long the end of an attempt can be looked at.
const SHOWN_MS: u64 = 60 * 60_000;
/// Most attempts that are kept.
const ATTEMPTS_MAX: usize = 1_000;

/// What an attempt is begun with.
#[derive(Debug)]
pub struct Begun {
    /// How it stands at first.
    pub view: ConnectView,
    /// What comes back with the person.
    pub state: String,
    /// What proves a code to be ours, for apps without a secret.
    pub verifier: Option<SecretString>,
}

/// What is needed to redeem a code.
#[derive(Debug)]
pub struct Redeemable {
    /// The attempt.
    pub view: ConnectView,
    /// What proves the code.
    pub verifier: Option<SecretString>,
}

#[derive(Debug)]
struct Attempt {
    view: ConnectView,
    state: [u8; 32],
    ticket: Option<[u8; 32]>,
    verifier: Option<SecretString>,
    grant: Option<GrantId>,
    /// When the stage ends by itself.
    until: Mono,
    /// When it is forgotten.
    forgotten_at: Mono,
}

/// The attempts that are open, and those that ended a short while ago.
#[derive(Debug, Default)]
pub struct Attempts(Vec<Attempt>);

impl Attempts {
    /// Takes up an attempt. `false` when there are too many.
    pub fn begin(&mut self, now: Mono, begun: Begun) -> bool {
        self.0.retain(|attempt| attempt.forgotten_at > now);
        if self.0.len() >= ATTEMPTS_MAX {
            return false;
        }
        self.0.push(Attempt {
            view: begun.view,
            state: hash(&begun.state),
            ticket: None,
            verifier: begun.verifier,
            grant: None,
            until: now.plus_ms(OPEN_MS),
            forgotten_at: now.plus_ms(SHOWN_MS),
        });
        true
    }

    /// How an attempt stands.
    pub fn view(&mut self, now: Mono, id: ConnectId) -> Option<ConnectView> {
        let attempt = self.0.iter_mut().find(|attempt| attempt.view.id == id)?;
        attempt.end_in_time(now);
        Some(attempt.view.clone())
    }

    /// Takes the state of somebody who came back. It works once, whatever they brought.
    ///
    /// # Errors
    /// Nobody may come back with it, or not any more.
    pub fn take(&mut self, now: Mono, state: &str) -> Result<Redeemable, ConnectFault> {
        let wanted = hash(state);
        // Each is compared, so that time tells nothing about which one was near.
        let mut found = None;
        for attempt in &mut self.0 {
            if bool::from(attempt.state.ct_eq(&wanted)) {
                found = Some(attempt);
            }
        }
        let attempt = found.ok_or(ConnectFault::UnknownState)?;
        attempt.end_in_time(now);
        match &attempt.view.stage {
            ConnectStage::Waiting => {}
            ConnectStage::Refused(ConnectFault::Expired) => return Err(ConnectFault::Expired),
            _ => return Err(ConnectFault::Used),
        }
        attempt.view.stage = ConnectStage::Redeeming;
        Ok(Redeemable {
            view: attempt.view.clone(),
            verifier: attempt.verifier.take(),
        })
    }

    /// Lets whoever has the ticket choose.
    pub fn offer(&mut self, now: Mono, id: ConnectId, grant: GrantId, ticket: &str, organisations: Vec<Offered>) {
        if let Some(attempt) = self.find(id) {
            attempt.view.stage = ConnectStage::Choosing(organisations);
            attempt.view.expires_at = attempt.view.expires_at.plus_ms(left_ms(now, attempt.until));
            attempt.grant = Some(grant);
            attempt.ticket = Some(hash(ticket));
            attempt.until = now.plus_ms(OPEN_MS);
        }
    }

    /// The attempt of a ticket, and the grant that its choice is about.
    ///
    /// # Errors
    /// There is none.
    pub fn of_ticket(&mut self, now: Mono, ticket: &str) -> Result<(ConnectView, GrantId), ConnectFault> {
        let wanted = hash(ticket);
        let mut found = None;
        for attempt in &mut self.0 {
            if attempt.ticket.is_some_and(|ticket| bool::from(ticket.ct_eq(&wanted))) {
                found = Some(attempt);
            }
        }
        let attempt = found.ok_or(ConnectFault::UnknownState)?;
        attempt.end_in_time(now);
        let grant = attempt.grant.ok_or(ConnectFault::UnknownState)?;
        Ok((attempt.view.clone(), grant))
    }

    /// Ends an attempt, or moves it on.
    pub fn set(&mut self, id: ConnectId, stage: ConnectStage) -> Option<ConnectView> {
        let attempt = self.find(id)?;
        attempt.view.stage = stage;
        Some(attempt.view.clone())
    }

    /// The grants whose organisations can still be chosen.
    pub fn choosing(&mut self, now: Mono) -> Vec<GrantId> {
        self.0.iter_mut().for_each(|attempt| attempt.end_in_time(now));
        let is_open = |attempt: &&Attempt| matches!(attempt.view.stage, ConnectStage::Choosing(_));
        self.0
            .iter()
            .filter(is_open)
            .filter_map(|attempt| attempt.grant)
            .collect()
    }

    fn find(&mut self, id: ConnectId) -> Option<&mut Attempt> {
        self.0.iter_mut().find(|attempt| attempt.view.id == id)
    }
}

impl Attempt {
    fn end_in_time(&mut self, now: Mono) {
        let waits = matches!(self.view.stage, ConnectStage::Waiting | ConnectStage::Choosing(_));
        if waits && self.until <= now {
            self.view.stage = ConnectStage::Refused(ConnectFault::Expired);
            self.verifier = None;
        }
    }
}

/// By how much a stage that is begun now ends later than the one before.
fn left_ms(now: Mono, until: Mono) -> i64 {
    let left_ms = i64::try_from(until.since_ms(now)).unwrap_or(0);
    i64::try_from(OPEN_MS).unwrap_or(0).saturating_sub(left_ms)
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS_MAX, Attempts, Begun, OPEN_MS, SHOWN_MS};
    use crate::actors::connect::{ConnectFault, ConnectStage, ConnectView};
    use crate::model::ids::{ConnectId, GrantId};
    use crate::model::time::{Mono, Timestamp};

    const START: Mono = Mono(1_000);

    fn id(n: u128) -> ConnectId {
        ConnectId::from_parts(0, n)
    }

    fn begun(n: u128) -> Begun {
        Begun {
            view: ConnectView {
                id: id(n),
                expires_at: Timestamp(i64::try_from(OPEN_MS).unwrap()),
                authorize_url: None,
                redirect_uri: None,
                observe: false,
                requested_by: "user".to_owned(),
                reconnects: None,
                stage: ConnectStage::Waiting,
            },
            state: format!("state-{n}"),
            verifier: Some(format!("verifier-{n}").into()),
        }
    }

    fn attempts() -> Attempts {
        let mut attempts = Attempts::default();
        assert!(attempts.begin(START, begun(1)) && attempts.begin(START, begun(2)));
        attempts
    }

    #[test]
    fn a_state_works_once_and_brings_its_own_verifier() {
        let mut attempts = attempts();
        let taken = attempts.take(START, "state-2").unwrap();
        assert_eq!(taken.view.id, id(2));
        assert_eq!(
            secrecy::ExposeSecret::expose_secret(&taken.verifier.unwrap()),
            "verifier-2"
        );
        assert_eq!(attempts.take(START, "state-2").unwrap_err(), ConnectFault::Used);
        assert_eq!(attempts.view(START, id(1)).unwrap().stage, ConnectStage::Waiting);
    }

    #[test]
    fn a_state_nobody_gave_is_unknown() {
        for state in ["state-3", "", "STATE-1", "state-1 "] {
            assert_eq!(attempts().take(START, state).unwrap_err(), ConnectFault::UnknownState);
        }
    }

    #[test]
    fn a_state_ends_after_ten_minutes() {
        let mut attempts = attempts();
        assert!(attempts.take(START.plus_ms(OPEN_MS - 1), "state-1").is_ok());
        let late = START.plus_ms(OPEN_MS);
        assert_eq!(attempts.take(late, "state-2").unwrap_err(), ConnectFault::Expired);
        assert_eq!(
            attempts.view(late, id(2)).unwrap().stage,
            ConnectStage::Refused(ConnectFault::Expired)
        );
        assert_eq!(attempts.take(late, "state-2").unwrap_err(), ConnectFault::Expired);
    }

    #[test]
    fn a_choice_has_ten_minutes_of_its_own_and_its_ticket_is_no_state() {
        let mut attempts = attempts();
        let came = START.plus_ms(OPEN_MS - 1);
        attempts.take(came, "state-1").unwrap();
        let grant = GrantId::from_parts(1, 1);
        attempts.offer(came, id(1), grant, "ticket", Vec::new());
        let later = came.plus_ms(OPEN_MS - 1);
        let (view, of) = attempts.of_ticket(later, "ticket").unwrap();
        assert_eq!((view.stage, of), (ConnectStage::Choosing(Vec::new()), grant));
        assert_eq!(attempts.choosing(later), [grant]);
        assert_eq!(attempts.take(later, "ticket").unwrap_err(), ConnectFault::UnknownState);
        assert_eq!(
            attempts.of_ticket(later, "state-1").unwrap_err(),
            ConnectFault::UnknownState
        );
        let (view, _) = attempts.of_ticket(came.plus_ms(OPEN_MS), "ticket").unwrap();
        assert_eq!(view.stage, ConnectStage::Refused(ConnectFault::Expired));
        assert!(attempts.choosing(came.plus_ms(OPEN_MS)).is_empty());
    }

    #[test]
    fn attempts_are_bounded_and_forgotten_in_time() {
        let mut attempts = Attempts::default();
        for n in 0..ATTEMPTS_MAX {
            assert!(attempts.begin(START, begun(n.try_into().unwrap())));
        }
        assert!(!attempts.begin(START, begun(5_000)), "there is a bound");
        assert!(attempts.begin(START.plus_ms(SHOWN_MS), begun(5_000)));
        assert!(attempts.view(START, id(0)).is_none());
    }
}
