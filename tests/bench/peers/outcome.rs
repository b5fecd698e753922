//! What came of one run of one program.

use std::collections::BTreeSet;
use std::time::Duration;

/// One run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// From the start of its process.
    pub wall: Duration,
    /// The most memory it had resident, in KiB.
    pub peak_kib: u64,
    /// Accounting calls that arrived at the sandbox.
    pub calls: usize,
    /// Records it gave out.
    pub records: usize,
    /// Which invoices these were.
    pub ids: BTreeSet<String>,
}

/// The run with the middle time; of two the faster one.
pub fn median(mut runs: Vec<Outcome>) -> Outcome {
    runs.sort_by_key(|run| run.wall);
    let middle = runs.len().saturating_sub(1) / 2;
    runs.swap_remove(middle)
}
