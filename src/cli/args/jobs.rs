//! What can be read again from Xero, compared and linked.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to refresh.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil refresh                                what changed since the last watermark
  counterfoil refresh --window 24h --wait
  counterfoil refresh --since 2026-03-01T00:00:00Z
  counterfoil refresh --invoice SO-1042 --invoice SO-1043
  counterfoil refresh --filter 'variance:any kind:sales'
  counterfoil refresh --all-linked --dry-run")]
pub struct RefreshArgs {
    /// The organisation, as with --tenant
    #[arg(value_name = "TEN")]
    pub name: Option<String>,
    /// Only this invoice: its reference, number or id
    #[arg(long = "invoice", value_name = "INVOICE", conflicts_with_all = ["filter", "window", "since", "all_linked", "from"])]
    pub invoices: Vec<String>,
    /// The invoices this filter shows now, as in invoices list --filter
    #[arg(long, value_name = "F", conflicts_with_all = ["window", "since", "all_linked", "from"])]
    pub filter: Option<String>,
    /// What changed in this time
    #[arg(long, value_parser = ["last_watermark", "15m", "1h", "24h", "7d"], conflicts_with_all = ["since", "all_linked", "from"])]
    pub window: Option<String>,
    /// What changed since this moment, at most 365 days ago
    #[arg(long, value_name = "TIME", conflicts_with_all = ["all_linked", "from"])]
    pub since: Option<String>,
    /// All invoices that are linked to Xero
    #[arg(long, conflicts_with = "from")]
    pub all_linked: bool,
    /// The invoices in the result of an operation, such as a comparison
    #[arg(long, value_name = "OP")]
    pub from: Option<String>,
    /// Only say what it would cost
    #[arg(long)]
    pub dry_run: bool,
}

/// What can be done with watermarks.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:\n  counterfoil watermarks list")]
pub enum WatermarksCommand {
    /// Show how far what changes in Xero has been read
    List,
}

/// What can be done with the nightly check.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:\n  counterfoil reconcile show\n  counterfoil reconcile run --wait=10m")]
pub enum ReconcileCommand {
    /// Check now
    Run,
    /// Show when it runs and what it found last
    Show,
}

/// How to compare.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil drift --wait=10m
  counterfoil drift --refresh --wait=10m")]
pub struct DriftArgs {
    /// Then refresh what differs
    #[arg(long)]
    pub refresh: bool,
}

/// What can be done with the record of changes.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil audit list --type 'invoice.*'
  counterfoil audit export --since 2026-01-01T00:00:00Z > audit.ndjson")]
pub enum AuditCommand {
    /// List who changed what, and why
    List(AuditArgs),
    /// Print all of it, one object a line
    Export(AuditArgs),
}

/// Which part of the record.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only by this one: token:NAME, socket:UID, host, xero, system; * ends one
    #[arg(long)]
    pub actor: Option<String>,
    /// Only of this type; * ends one
    #[arg(long = "type", value_name = "TYPE")]
    pub action: Option<String>,
    /// Only since this moment
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Go on behind this place
    #[arg(long)]
    pub cursor: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Oldest first, as an export always is
    #[arg(long)]
    pub oldest_first: bool,
}

/// What to link.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil invoices link SO-1042 INV-0042
  counterfoil invoices link SO-1042 8b1c2f4e-0c9a-4a6a-9d5e-0f1a2b3c4d5e
  counterfoil invoices link --file links.json --wait=5m")]
pub struct LinkArgs {
    /// The host's reference
    #[arg(value_name = "REF", required_unless_present = "file", requires = "document")]
    pub host_ref: Option<String>,
    /// The document in Xero: its id or its number
    #[arg(value_name = "DOCUMENT")]
    pub document: Option<String>,
    /// File with {"links":[{"host_ref","xero_invoice_id"|"number"}]}; - is standard input
    #[arg(long, short, value_name = "FILE", conflicts_with = "host_ref")]
    pub file: Option<PathBuf>,
}
