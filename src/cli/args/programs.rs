//! The programs that run until they are stopped.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Options of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(before_help = "Examples:\n  counterfoil serve --config /etc/counterfoil/counterfoil.toml")]
pub struct ServeArgs {
    /// The configuration file; without it the defaults and COUNTERFOIL__SECTION__KEY apply
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Options of the demo.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(before_help = "Examples:\n  counterfoil demo\n  counterfoil demo --port 0 --xero-port 0 --json")]
pub struct DemoArgs {
    /// Port of the control endpoint; 0 = any free one
    #[arg(long, default_value_t = 7626)]
    pub port: u16,
    /// Port of the simulated Xero; 0 = any free one
    #[arg(long, default_value_t = 7627)]
    pub xero_port: u16,
    /// Folder of the data; the default is shared by all demos of this user
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Whether the first line is one object (the option of every command).
    #[arg(skip)]
    pub json: bool,
}

/// Options of the simulated Xero.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    before_help = "Examples:
  counterfoil sandbox
  counterfoil sandbox --port 0 --empty --json
  counterfoil sandbox capabilities"
)]
pub struct SandboxArgs {
    /// What to show instead of running it
    #[command(subcommand)]
    pub command: Option<SandboxCommand>,
    /// Port; 0 = any free one
    #[arg(long, default_value_t = 7627)]
    pub port: u16,
    /// Without the seeded organisations
    #[arg(long)]
    pub empty: bool,
    /// Remember everything in this file, and go on from what it holds
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Whether the first line is one object (the option of every command).
    #[arg(skip)]
    pub json: bool,
}

/// What can be done with a data folder without a daemon.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[command(before_help = "Examples:\n  counterfoil store rescue --to /var/lib/counterfoil-rescued")]
pub enum StoreCommand {
    /// Save what can be read of a damaged data folder into a new one
    Rescue(RescueArgs),
}

/// Options of a rescue.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    before_help = "Examples:\n  counterfoil store rescue --config /etc/counterfoil/counterfoil.toml --to /var/lib/counterfoil-rescued"
)]
pub struct RescueArgs {
    /// The configuration file of the daemon, which must not run
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The new data folder; it must be empty or missing
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,
    /// Whether the result is one object (the option of every command).
    #[arg(skip)]
    pub json: bool,
}

/// What the simulated Xero tells without running.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum SandboxCommand {
    /// What is simulated of Xero, what is not, and how it is known (needs no daemon)
    Capabilities,
}
