//! What can be looked at and sent.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::reviews::AckArgs;

use super::failed::BadgesArgs;
use super::jobs::LinkArgs;

/// Options of `status`.
#[derive(Debug, Args)]
#[command(before_help = "Examples:\n  counterfoil status\n  counterfoil status --watch")]
pub struct StatusArgs {
    /// Show it anew every 2 seconds
    #[arg(long)]
    pub watch: bool,
}

/// What can be done with organisations.
#[derive(Debug, Subcommand)]
#[command(
    before_help = "Examples:\n  counterfoil tenants list\n  counterfoil tenants show acme\n  counterfoil tenants resolve acme\n  counterfoil tenants credits acme --left 500"
)]
pub enum TenantsCommand {
    /// List the organisations
    List(PageArgs),
    /// Show one organisation
    Show {
        /// Its id, Xero's GUID, or the beginning of its name
        #[arg(value_name = "TEN")]
        name: Option<String>,
    },
    /// Do what resolves a connection that is not active: reconnect, or see where to top up
    Resolve {
        /// Its id, Xero's GUID, or the beginning of its name
        #[arg(value_name = "TEN")]
        name: String,
        /// Print the address to open, and ask for the one it led to
        #[arg(long)]
        no_browser: bool,
    },
    /// Say how many first syncs the host still allows
    Credits(CreditsArgs),
    /// End an organisation's connection, here and at Xero
    Disconnect {
        /// Its id, Xero's GUID, or the beginning of its name
        #[arg(value_name = "TEN")]
        name: String,
    },
}

/// How many first syncs are allowed.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("how").required(true).args(["left", "used_up", "not_counted"])))]
pub struct CreditsArgs {
    /// Its id, Xero's GUID, or the beginning of its name
    #[arg(value_name = "TEN")]
    pub name: String,
    /// So many documents may still come to Xero for the first time
    #[arg(long, value_name = "N")]
    pub left: Option<u32>,
    /// None: the same as --left 0
    #[arg(long)]
    pub used_up: bool,
    /// They are not counted
    #[arg(long)]
    pub not_counted: bool,
    /// Where a person gets more
    #[arg(long, value_name = "URL")]
    pub top_up_url: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Clone, Args)]
pub struct PageArgs {
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Go on behind this place
    #[arg(long)]
    pub cursor: Option<String>,
    /// Read every page
    #[arg(long)]
    pub all: bool,
}

/// What can be done with invoices.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil invoices list --state failed
  counterfoil invoices show INV-0042
  counterfoil invoices sync INV-0042 --wait
  counterfoil invoices put -f invoices.json --tenant acme")]
pub enum InvoicesCommand {
    /// List invoices with their badges
    List(InvoiceListArgs),
    /// Show one invoice: badge, reason, lines and payments
    Show(InvoiceArgs),
    /// Write invoices from a file
    Put(PutArgs),
    /// Send invoices now, whatever the toggles say (Sync now, Export to Xero)
    Sync(SyncArgs),
    /// Show exactly what would be sent to Xero
    Preview(InvoiceArgs),
    /// Say that somebody looked at a red badge that nobody can put right
    Ack(AckArgs),
    /// Show what happened to an invoice, each time with its cause
    Timeline(InvoiceArgs),
    /// Show how an invoice differs from Xero's document
    Diff(InvoiceArgs),
    /// Link invoices to documents that are in Xero already
    Link(LinkArgs),
    /// Show the badges of invoices by the host's references
    Badges(BadgesArgs),
}

/// Which invoices to list.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil invoices list --state failed
  counterfoil invoices list --filter 'reason:unmapped_nominal_code kind:sales'
  counterfoil invoices list --all --jsonl")]
pub struct InvoiceListArgs {
    /// Only with this badge
    #[arg(long, value_parser = ["synced", "pending", "failed", "none"])]
    pub state: Option<String>,
    /// Only failed for this reason
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// Only sales invoices or bills
    #[arg(long, value_parser = ["sales", "purchase"])]
    pub kind: Option<String>,
    /// Only those that wait for money: not due yet, or overdue
    #[arg(long, value_parser = ["awaiting", "overdue"])]
    pub due: Option<String>,
    /// Only with this number
    #[arg(long)]
    pub number: Option<String>,
    /// Only those that hold this text
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Conditions in one line: state, reason, variance, kind, due, number, q
    #[arg(long)]
    pub filter: Option<String>,
    /// Oldest first
    #[arg(long)]
    pub oldest_first: bool,
    /// Which part of the list.
    #[command(flatten)]
    pub page: PageArgs,
}

/// One invoice.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil invoices show SO-1042
  counterfoil invoices preview INV-0042 --tenant acme")]
pub struct InvoiceArgs {
    /// The host's reference, the number, or the id
    #[arg(value_name = "INVOICE")]
    pub invoice: String,
}

/// What to write.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil invoices put -f invoice.json --ref SO-1042
  counterfoil invoices put -f invoices.json         an array, each with a host_ref
  export-invoices | counterfoil invoices put -f -   an object a line")]
pub struct PutArgs {
    /// File with one object, an array, or an object a line; - is standard input
    #[arg(long, short, value_name = "FILE")]
    pub file: PathBuf,
    /// The host's reference, when the file holds one invoice without a host_ref
    #[arg(long = "ref", value_name = "REF")]
    pub reference: Option<String>,
}

/// What to send.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil invoices sync INV-0042
  counterfoil invoices sync INV-0042 INV-0043 --wait --yes")]
pub struct SyncArgs {
    /// References, numbers or ids
    #[arg(value_name = "INVOICE", required = true)]
    pub invoices: Vec<String>,
}

/// What can be done with events.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil events tail
  counterfoil events tail --follow --types 'invoice.*,connection.*'")]
pub enum EventsCommand {
    /// Show the latest events, and those that come
    Tail(TailArgs),
}

/// Which events.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil events tail -n 50
  counterfoil events tail --follow --jsonl --types invoice.sync_failed
  counterfoil events tail --cursor Zn... --json")]
pub struct TailArgs {
    /// Go on with those that come
    #[arg(long)]
    pub follow: bool,
    /// All behind this place
    #[arg(long)]
    pub cursor: Option<String>,
    /// Only these types, separated by commas; * ends one
    #[arg(long)]
    pub types: Option<String>,
    /// How many of those there are
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20, conflicts_with = "cursor")]
    pub lines: usize,
}

/// What can be done with an operation.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil operation show op_01JZ...
  counterfoil operation watch op_01JZ... --wait=5m")]
pub enum OperationCommand {
    /// Show how it stands
    Show {
        /// Its id
        #[arg(value_name = "OP")]
        id: String,
    },
    /// Show the documents in its result
    Items {
        /// Its id
        #[arg(value_name = "OP")]
        id: String,
        /// Only what was done, or what was not
        #[arg(long, value_parser = ["succeeded", "failed", "skipped"])]
        state: Option<String>,
    },
    /// Wait for its end
    Watch {
        /// Its id
        #[arg(value_name = "OP")]
        id: String,
    },
    /// List the latest
    List(OperationListArgs),
    /// End it; a call that is under way is finished
    Cancel {
        /// Its id
        #[arg(value_name = "OP")]
        id: String,
    },
    /// Do again what failed in it and what it left undone
    Retry {
        /// Its id
        #[arg(value_name = "OP")]
        id: String,
    },
}

/// Which operations to list.
#[derive(Debug, Args)]
pub struct OperationListArgs {
    /// Only those in this state
    #[arg(long, value_parser = ["queued", "running", "waiting", "succeeded", "partially_failed", "failed", "cancelled"])]
    pub state: Option<String>,
    /// Which part of the list
    #[command(flatten)]
    pub page: PageArgs,
}
