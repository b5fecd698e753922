//! The parties that are being resolved, and how far each is.

use std::collections::BTreeMap;

use crate::model::document::Party;
use crate::model::ids::IntentId;
use crate::model::limits::CONTACT_NUMBER_MAX_CHARS;
use crate::model::time::{Mono, Now};

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
    pub rounds: u32,
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
            waiting: Vec::new(),
        });
        if !work.waiting.contains(&intent) {
            work.waiting.push(intent);
        }
    }

    /// A look-up failed: it is made again.
    pub(super) fn look_again(&mut self, now: Now, references: &[String]) {
        for reference in references {
            if let Some(work) = self.open.get_mut(reference) {
                work.stage = ContactStage::Wanted;
                work.not_before = now.mono.plus_ms(500);
            }
        }
    }

    /// When the next step may go.
    pub(super) fn due(&self) -> Option<Mono> {
        self.open
            .values()
            .filter(|work| matches!(work.stage, ContactStage::Wanted | ContactStage::ToCreate))
            .map(|work| work.not_before)
            .min()
    }

    /// Parties in this stage that are due; of several with one name only the first, because the
    /// others must see what became of it.
    pub(super) fn due_in(&self, now: Now, stage: ContactStage, most: usize) -> Vec<(String, Party)> {
        let mut names: Vec<String> = self
            .open
            .values()
            .filter(|work| matches!(work.stage, ContactStage::Looking | ContactStage::Creating))
            .map(|work| work.party.name.to_lowercase())
            .collect();
        if stage == ContactStage::Wanted {
            let to_create = self.open.values().filter(|work| work.stage == ContactStage::ToCreate);
            names.extend(to_create.map(|work| work.party.name.to_lowercase()));
        }
        let mut due = Vec::new();
        for (reference, work) in &self.open {
            let name = work.party.name.to_lowercase();
            if work.stage == stage && work.not_before <= now.mono && due.len() < most && !names.contains(&name) {
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
