//! What can be typed: the commands and the options of all of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use super::documents::{EventsCommand, InvoicesCommand, OperationCommand, StatusArgs, TenantsCommand};
use super::failed::FailedCommand;
use super::jobs::{AuditCommand, DriftArgs, ReconcileCommand, RefreshArgs, WatermarksCommand};
use super::programs::{DemoArgs, SandboxArgs, ServeArgs, StoreCommand};
use super::reviews::VariancesCommand;
use super::setup::{
    ConfigCommand, ConnectArgs, ConnectImportArgs, ContactsCommand, ExplainArgs, MappingsCommand, SettingsCommand,
};
use crate::cli::control::Address;

/// Keeps an application's invoices and its Xero organisations in step, exactly once.
#[derive(Debug, Parser)]
#[command(
    name = "counterfoil",
    version,
    arg_required_else_help = true,
    before_help = "Examples:
  counterfoil demo                         try it: a seeded Xero and the daemon
  counterfoil status                       how everything stands, and what needs you
  counterfoil invoices list --state failed
  counterfoil explain unmapped_nominal_code"
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// Print exactly the object of the API
    #[arg(long, global = true)]
    pub json: bool,
    /// Print one JSON object a line: the items of a list, or the one object
    #[arg(long, global = true, conflicts_with = "json")]
    pub jsonl: bool,
    /// Print no hints and no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Use no colours (also: NO_COLOR)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// The organisation: its id, Xero's GUID, or the beginning of its name
    #[arg(long, global = true, value_name = "TEN")]
    pub tenant: Option<String>,
    /// Where the daemon listens: http://HOST:PORT or unix:PATH [env: COUNTERFOIL_ADDR] [default: http://127.0.0.1:7626]
    #[arg(long, global = true, value_name = "ADDR")]
    pub addr: Option<Address>,
    /// File that holds the token [env: COUNTERFOIL_TOKEN_FILE] [default: the demo's, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// How long the daemon may take to answer
    #[arg(long, global = true, value_name = "D", default_value = "30s", value_parser = span)]
    pub timeout: Duration,
    /// Wait for the result, at most so long [60s when no time is given]
    #[arg(long, global = true, value_name = "D", num_args = 0..=1, require_equals = true,
          default_missing_value = "60s", value_parser = span)]
    pub wait: Option<Duration>,
    /// Ask nothing: go on
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Ask nothing: end where somebody would be asked
    #[arg(long, global = true)]
    pub no_input: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show how everything stands, and what needs you
    Status(StatusArgs),
    /// Show the connected Xero organisations
    #[command(subcommand)]
    Tenants(TenantsCommand),
    /// Show, write and sync invoices
    #[command(subcommand)]
    Invoices(InvoicesCommand),
    /// Show what failed and why, send it again, acknowledge it
    #[command(subcommand)]
    Failed(FailedCommand),
    /// Show how invoices differ in Xero, and mark that as reviewed
    #[command(subcommand)]
    Variances(VariancesCommand),
    /// Read invoices again from Xero (Refresh Xero Status, Sync Invoices)
    Refresh(RefreshArgs),
    /// Show how far what changes in Xero has been read
    #[command(subcommand)]
    Watermarks(WatermarksCommand),
    /// The nightly check of the last 7 days
    #[command(subcommand)]
    Reconcile(ReconcileCommand),
    /// Compare every linked invoice with Xero
    Drift(DriftArgs),
    /// The record of who changed what, and why
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Read the feed of events
    #[command(subcommand)]
    Events(EventsCommand),
    /// Follow what was asked for
    #[command(subcommand)]
    Operation(OperationCommand),
    /// Show and set what the host's codes are called in Xero
    #[command(subcommand)]
    Mappings(MappingsCommand),
    /// Show and change an organisation's settings
    #[command(subcommand)]
    Settings(SettingsCommand),
    /// Leave customers and suppliers out of automatic sync
    #[command(subcommand)]
    Contacts(ContactsCommand),
    /// Tell what syncs, in which direction, and what does not
    Capabilities,
    /// Tell what a reason means and how to fix it (needs no daemon)
    Explain(ExplainArgs),
    /// Check a configuration file, or load it anew
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Connect Xero organisations by a consent
    Connect(ConnectArgs),
    /// Take over the grant of an integration that is connected already
    ConnectImport(ConnectImportArgs),
    /// Rescue a damaged data folder (needs no daemon)
    #[command(subcommand)]
    Store(StoreCommand),
    /// Run the daemon (systemd uses this)
    Serve(ServeArgs),
    /// Try everything on a seeded data set: a faithful Xero and the daemon
    Demo(DemoArgs),
    /// Run the simulated Xero alone
    Sandbox(SandboxArgs),
}

/// A span of time: `90`, `90s`, `5m`, `1h 30m`.
fn span(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}; write for example 90s or 5m"))
}
