//! What can be done with invoices that failed.

use clap::{Args, Subcommand};

use super::documents::PageArgs;

/// What can be done with invoices that failed.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil failed list --group-by reason
  counterfoil failed count
  counterfoil failed resync --reason unmapped_nominal_code --wait=10m
  counterfoil failed ack --reason payment_delete_no_match --note 'checked in Xero'")]
pub enum FailedCommand {
    /// List the invoices that failed, or how many failed for which reason
    List(FailedListArgs),
    /// Tell how many failed
    Count,
    /// Send them again (Resync)
    Resync(FailedResyncArgs),
    /// Say that somebody looked at the red badges nobody can put right
    Ack(FailedAckArgs),
}

/// How to list.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil failed list
  counterfoil failed list --group-by reason
  counterfoil failed list --tenant acme --all --jsonl")]
pub struct FailedListArgs {
    /// One line for each cause, over all organisations
    #[arg(long, value_parser = ["reason"])]
    pub group_by: Option<String>,
    /// Which part of the list; with several organisations, of each
    #[command(flatten)]
    pub page: PageArgs,
}

/// Which of them. Without any of these, all that failed.
#[derive(Debug, Clone, Args)]
pub struct FailedSelection {
    /// References, numbers or ids; - reads them from standard input, one a line
    #[arg(value_name = "INVOICE")]
    pub invoices: Vec<String>,
    /// Those that failed for this reason
    #[arg(long, value_name = "CODE", conflicts_with = "invoices")]
    pub reason: Option<String>,
    /// Those that this filter shows too, as in invoices list --filter
    #[arg(long, value_name = "F", conflicts_with_all = ["invoices", "reason"])]
    pub filter: Option<String>,
    /// Only say how many that are and about how many calls it takes
    #[arg(long)]
    pub dry_run: bool,
}

/// What to send again.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil failed resync SO-1042 SO-1043 --tenant acme --wait
  counterfoil failed resync --reason unmapped_nominal_code --wait=10m
  counterfoil failed resync --filter 'reason:period_locked kind:sales' --dry-run
  counterfoil failed resync --yes")]
pub struct FailedResyncArgs {
    /// Which of them
    #[command(flatten)]
    pub selection: FailedSelection,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
}

/// What was looked at.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil failed ack SO-1042 --tenant acme
  counterfoil failed ack --reason payment_delete_no_match --note 'checked in Xero' --wait")]
pub struct FailedAckArgs {
    /// Which of them
    #[command(flatten)]
    pub selection: FailedSelection,
    /// What to remember about it
    #[arg(long)]
    pub note: Option<String>,
}

/// Whose badges to show.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil invoices badges SO-1042 SO-1043
  cut -d, -f1 orders.csv | counterfoil invoices badges - --json")]
pub struct BadgesArgs {
    /// The host's references, at most 500; - reads them from standard input, one a line
    #[arg(value_name = "REF", required = true)]
    pub references: Vec<String>,
}
