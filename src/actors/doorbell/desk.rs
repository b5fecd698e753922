//! What is remembered of the app's webhooks: which came, which numbers are missing, whether they
//! have stopped.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::engine::sequence::{Gap, Sequence};
use crate::engine::silence::{Silence, Verdict};
use crate::model::mutation::{Rule, is_broken};
use crate::model::time::{Mono, Now, Timestamp};
use crate::xero::webhook::{KeyId, Signed};

/// So many of the latest deliveries are recognised when they come again.
const RECENT_MAX: usize = 4_096;
/// Lost numbers make every organisation's reading earlier, but not more often than this: nobody
/// knows whether Xero numbers without gaps.
const GAP_RING_EVERY_MS: u64 = 300_000;
/// While webhooks are silent, every organisation is read at least this often: half of the usual
/// interval.
const SILENT_RING_EVERY_MS: u64 = 135_000;
/// Refused signatures are logged at most this often.
const BAD_LOG_EVERY_MS: u64 = 60_000;

/// The desk.
#[derive(Debug)]
pub(super) struct Desk {
    recent: VecDeque<[u8; 32]>,
    known: HashSet<[u8; 32]>,
    keys: HashMap<KeyId, (Sequence, Timestamp)>,
    silence: Option<Silence>,
    pub last_received: Option<Timestamp>,
    pub silent_since: Option<Timestamp>,
    pub gaps_count: u64,
    pub last_gap_at: Option<Timestamp>,
    rung_for_gap: Option<Mono>,
    rung_for_silence: Option<Mono>,
    bad_count: u64,
    bad_logged: Option<Mono>,
}

/// What a look at the desk found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Numbers that were lost.
    pub lost: Vec<Gap>,
    /// Webhooks have just been found silent.
    pub fell_silent: bool,
    /// Every organisation's reading is to be made earlier.
    pub ring_all: bool,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            recent: VecDeque::new(),
            known: HashSet::new(),
            keys: HashMap::new(),
            silence: None,
            last_received: None,
            silent_since: None,
            gaps_count: 0,
            last_gap_at: None,
            rung_for_gap: None,
            rung_for_silence: None,
            bad_count: 0,
            bad_logged: None,
        }
    }

    /// From now on webhooks can come.
    pub(super) fn listen(&mut self, now: Now) {
        self.silence.get_or_insert_with(|| Silence::new(now));
    }

    pub(super) const fn is_listening(&self) -> bool {
        self.silence.is_some()
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silence.as_ref().is_some_and(Silence::is_silent)
    }

    /// Whether these very bytes came before.
    pub(super) fn is_repeat(&mut self, signed: Signed) -> bool {
        if !self.known.insert(signed.mac) {
            return !is_broken(Rule::RepeatsStill);
        }
        self.recent.push_back(signed.mac);
        if self.recent.len() > RECENT_MAX
            && let Some(oldest) = self.recent.pop_front()
        {
            self.known.remove(&oldest);
        }
        false
    }

    /// A webhook came that had not come before. Returns whether that ended a silence.
    pub(super) fn heard(&mut self, now: Now, key: KeyId, (first, last): (i64, i64)) -> bool {
        self.last_received = Some(now.wall);
        let (sequence, used_at) = self.keys.entry(key).or_insert_with(|| (Sequence::default(), now.wall));
        *used_at = now.wall;
        sequence.came(now.mono, first, last);
        self.silent_since = None;
        self.silence.as_mut().is_some_and(Silence::heard)
    }

    /// When a key was last used.
    pub(super) fn used_at(&self, key: KeyId) -> Option<Timestamp> {
        self.keys.get(&key).map(|(_, used_at)| *used_at)
    }

    /// Forgets the keys that are not taken any more.
    pub(super) fn keep_keys(&mut self, taken: &[KeyId]) {
        self.keys.retain(|key, _| taken.contains(key));
    }

    /// A scan found a change that no webhook had announced.
    pub(super) fn unannounced(&mut self, now: Now, changed_at: Timestamp, patience_ms: u64) {
        if let Some(silence) = &mut self.silence {
            silence.found(now, changed_at, patience_ms);
        }
    }

    /// A body came that is not rightly signed. Returns how many did, when it is time to say so.
    pub(super) fn bad(&mut self, now: Mono) -> Option<u64> {
        self.bad_count = self.bad_count.saturating_add(1);
        let is_due = |logged: Mono| now.since_ms(logged) >= BAD_LOG_EVERY_MS;
        self.bad_logged.is_none_or(is_due).then(|| {
            self.bad_logged = Some(now);
            std::mem::take(&mut self.bad_count)
        })
    }

    /// Something came that cannot be read: it may have been about anybody.
    pub(super) fn unreadable(&mut self, now: Now) -> bool {
        self.may_ring_for_gap(now)
    }

    /// What is due by now.
    pub(super) fn look(&mut self, now: Now, patience_ms: u64) -> Findings {
        let mut findings = Findings::default();
        for (sequence, _) in self.keys.values_mut() {
            findings.lost.extend(sequence.lost(now.mono));
        }
        if !findings.lost.is_empty() {
            let count = u64::try_from(findings.lost.len()).unwrap_or(u64::MAX);
            self.gaps_count = self.gaps_count.saturating_add(count);
            self.last_gap_at = Some(now.wall);
            findings.ring_all = self.may_ring_for_gap(now) && !is_broken(Rule::GapRings);
        }
        let verdict = self.silence.as_mut().map(|silence| silence.look(now, patience_ms));
        if verdict == Some(Verdict::FellSilent) {
            findings.fell_silent = true;
            self.silent_since = Some(now.wall.plus_ms(-i64::try_from(patience_ms).unwrap_or(0)));
            self.rung_for_silence = None;
        }
        let is_due = |rung: Mono| now.mono.since_ms(rung) >= SILENT_RING_EVERY_MS;
        if self.is_silent() && self.rung_for_silence.is_none_or(is_due) {
            self.rung_for_silence = Some(now.mono);
            findings.ring_all = true;
        }
        findings
    }

    fn may_ring_for_gap(&mut self, now: Now) -> bool {
        let is_due = |rung: Mono| now.mono.since_ms(rung) >= GAP_RING_EVERY_MS;
        let may = self.rung_for_gap.is_none_or(is_due);
        if may {
            self.rung_for_gap = Some(now.mono);
        }
        may
    }
}
