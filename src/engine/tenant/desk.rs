//! The parties that are being resolved, and how far each is.

use std::collections::BTreeMap;

use crate::model::document::Party;
use crate::model::ids::IntentId;
use crate::model::limits::CONTACT_NUMBER_MAX_CHARS;
use crate::model::time::{Mono, Now};

/// Delay before a party is looked for again; doubles each time.
const LOOK_AGAIN_MS: u64 = 500;
/// How often it doubles: about half a minute at most.
const LOOK_AGAIN_DOUBLINGS: u32 = 6;

/// Parties that are being resolved.
#[derive(Debug, Clone, Default)]
pub(super) struct ContactDesk {
    pub open: BTreeMap<String, ContactWork>,
}

#[derive(Debug, Clone)]
pub(super) struct ContactWork {
    pub party: Party,
    pub stage: ContactStage,
    pub not_before: Mono,
    /// How often its name was taken although no list showed it.
    pub rounds: usize,
    pub failures: u32,
    pub goes_alone: bool,
    pub waiting: Vec<IntentId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContactStage {
    Wanted,
    Looking,
    ToCreate,
    Creating,
}

impl ContactDesk {
    pub(super) fn want(&mut self, now: Now, intent: IntentId, party: &Party) {
        let work = self.open.entry(party.reference.clone()).or_insert_with(|| ContactWork {
            party: party.clone(),
            stage: ContactStage::Wanted,
            not_before: now.mono,
            rounds: 0,
            failures: 0,
            goes_alone: false,
            waiting: Vec::new(),
        });
        if !work.waiting.contains(&intent) {
            work.waiting.push(intent);
        }
    }

    /// A look-up failed, or a creation has no known outcome: it is looked up again, later each time.
    pub(super) fn look_again(&mut self, now: Now, references: &[String]) {
        for reference in references {
            if let Some(work) = self.open.get_mut(reference) {
                work.stage = ContactStage::Wanted;
                work.not_before = now
                    .mono
                    .plus_ms(LOOK_AGAIN_MS << work.failures.min(LOOK_AGAIN_DOUBLINGS));
                work.failures = work.failures.saturating_add(1);
            }
        }
    }

    /// When the next party in this stage may go on. Those that wait for a namesake do not count:
    /// they are woken by what becomes of it.
    pub(super) fn due(&self, stage: ContactStage) -> Option<Mono> {
        let names = self.names_ahead_of(stage);
        self.open
            .values()
            .filter(|work| work.stage == stage && !names.contains(&work.party.name.to_lowercase()))
            .map(|work| work.not_before)
            .min()
    }

    fn names_ahead_of(&self, stage: ContactStage) -> Vec<String> {
        let is_ahead = |other: ContactStage| match other {
            ContactStage::Looking | ContactStage::Creating => true,
            ContactStage::ToCreate => stage == ContactStage::Wanted,
            ContactStage::Wanted => false,
        };
        self.open
            .values()
            .filter(|work| is_ahead(work.stage))
            .map(|work| work.party.name.to_lowercase())
            .collect()
    }

    /// Parties in this stage that are due; of several with one name only the first, because the
    /// others must see what became of it. One that Xero refused to look for goes by itself.
    pub(super) fn due_in(&self, now: Now, stage: ContactStage, most: usize) -> Vec<(String, Party)> {
        let mut names = self.names_ahead_of(stage);
        let mut due = Vec::new();
        for (reference, work) in &self.open {
            let name = work.party.name.to_lowercase();
            if work.stage == stage && work.not_before <= now.mono && due.len() < most && !names.contains(&name) {
                if work.goes_alone {
                    if due.is_empty() {
                        return vec![(reference.clone(), work.party.clone())];
                    }
                    continue;
                }
                names.push(name);
                due.push((reference.clone(), work.party.clone()));
            }
        }
        due
    }

    pub(super) fn enter(&mut self, reference: &str, stage: ContactStage) {
        if let Some(work) = self.open.get_mut(reference) {
            work.stage = stage;
        }
    }
}

/// Our external key of a party: its own reference where that fits, else a digest of it.
#[must_use]
pub(super) fn contact_number(reference: &str) -> String {
    use sha2::{Digest, Sha256};
    if reference.chars().count() <= CONTACT_NUMBER_MAX_CHARS {
        return reference.to_owned();
    }
    let digest = Sha256::digest(reference.as_bytes());
    let hex: String = digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
    format!("cf-{hex}")
}
