//! What opening the store found, in words an operator can act on.

use crate::store::marker::Stop;
use crate::store::{OpenReport, StateReport};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether somebody should look at it today.
    pub needs_a_look: bool,
    /// The sentence.
    pub text: String,
}

/// Everything that is worth telling, the ordinary first.
#[must_use]
pub fn findings(report: &OpenReport) -> Vec<Finding> {
    let mut found = vec![state(report)];
    if let Some(tail) = &report.cut {
        found.push(told(format!(
            "{} bytes at the end of {} were cut off: a write that was interrupted before anybody was told of it; nothing accepted is lost",
            tail.bytes,
            tail.segment.display()
        )));
    }
    if let Some(folder) = &report.quarantined {
        found.push(look(format!(
            "the doubtful index was kept as {}; it is not used any more and can be deleted once the cause is known",
            folder.display()
        )));
    }
    found.extend(report.concerns.iter().map(|concern| {
        look(format!(
            "{concern}; nothing accepted is missing, and a new snapshot is written now"
        ))
    }));
    if let Some(damage) = &report.damage {
        found.push(look(format!("the store is read-only, nothing is pushed: {damage}")));
    }
    found
}

fn state(report: &OpenReport) -> Finding {
    let stopped = match report.stop {
        Stop::Never => "there was no run before",
        Stop::Clean => "the last run stopped cleanly",
        Stop::SameBoot => "the last run ended without a clean stop",
        Stop::NewBoot => "the last run ended without a clean stop, and the machine has restarted since",
    };
    let seq = report.last_seq;
    match &report.state {
        StateReport::Created => told("the store is new".to_owned()),
        StateReport::Trusted => told(format!("{stopped}; the store is complete up to commit {seq}")),
        StateReport::Replayed { records } => told(format!(
            "{stopped}; {records} commits were brought into the index, complete up to commit {seq}"
        )),
        StateReport::Rebuilt { because, snapshot_seq } => {
            let source = if *snapshot_seq == 0 {
                "the journal alone".to_owned()
            } else {
                format!("the snapshot of commit {snapshot_seq} and the journal")
            };
            let text = format!(
                "{stopped}; the index was built again from {source}, complete up to commit {seq}, because {because}; nothing accepted is lost"
            );
            // After a power cut the index is never believed: that is no reason to worry.
            Finding {
                needs_a_look: report.stop != Stop::NewBoot,
                text,
            }
        }
    }
}

const fn told(text: String) -> Finding {
    Finding {
        needs_a_look: false,
        text,
    }
}

const fn look(text: String) -> Finding {
    Finding {
        needs_a_look: true,
        text,
    }
}
