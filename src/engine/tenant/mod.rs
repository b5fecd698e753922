//! One tenant's life. [`TenantMachine`] holds open work only; documents come in with events.
//!
//! ```text
//! host write ─▶ Queued ─load─▶ prepare ─▶ red | in step | wait for contact, chart, read
//!                 ▲                 └─▶ Batch (persisted, then sent) ─▶ answered: members settled
//!                 │                          └─▶ Unknown ─▶ replay (same key, ≤ 5 min) | look up
//!                 └── retry, changed again, proven absent ◀──────┘
//! ```
//!
//! One file per event family: `host` (what the host and people ask), `prepare` (rows read) and
//! `preview` (the same without sending), `dispatch` (what goes out now), `answered`, `settle` and
//! `echo` (what came back), `found` (what reads found), `unknown` and `lookup` (outcomes to be
//! found out), `leave` (a last look before a call goes), `chart` and `contacts` (reference data),
//! `link` (the connection), `mapped` (mappings), `release` (fixed causes), `pull` (what changed in Xero), `taken` (what is
//! done with it), `streams` (how far it was read), `owed` (invoices that other streams say must be
//! read), `hurry` and `named` (what webhooks make earlier), `parties` (contacts that changed),
//! `follow` (what is done later without asking Xero) and `review` (what people say about what came
//! back), `bulk` (what people ask for many
//! invoices at once), `job_orders`, `job_cancel`, `jobs`, `job_steps`, `job_pages`, `job_words` and `linking` (refreshes, checks,
//! links), `night` (the nightly check), `record` (who changed what), `outlook` (what is waited for).

mod agreement;
mod answered;
mod attempt;
mod bulk;
mod chart;
mod contacts;
mod decided;
mod desk;
mod dispatch;
mod echo;
mod follow;
mod found;
mod host;
mod hurry;
mod job_cancel;
mod job_orders;
mod job_pages;
mod job_steps;
mod job_words;
mod jobs;
mod leave;
mod link;
mod linking;
mod lookup;
mod machine;
mod mapped;
mod named;
mod night;
mod outlook;
mod owed;
mod particulars;
mod parties;
mod prepare;
mod preview;
mod pull;
mod queue;
mod record;
mod release;
mod review;
mod send;
mod settle;
mod streams;
mod taken;
mod unknown;

pub use leave::LEAVE_WITHIN_MS;
pub use machine::{Saved, Setup, TenantMachine};

#[cfg(test)]
mod tests;
