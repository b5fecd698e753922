//! What can be set up.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use crate::model::row::MappingKind;

/// What can be done with mappings.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil mappings gaps                       what blocks how many invoices, and what to type
  counterfoil mappings gaps --kind contacts
  counterfoil mappings list nominal_codes
  counterfoil mappings set nominal_codes 4010 200
  counterfoil mappings set channels \"Web shop\" online
  counterfoil mappings remove tax_rates S20")]
pub enum MappingsCommand {
    /// Show what blocks how many invoices for want of a mapping, and what to type
    Gaps {
        /// Only of this kind
        #[arg(long, value_parser = kinds())]
        kind: Option<String>,
    },
    /// List the mappings of a kind
    List {
        /// What is mapped
        #[arg(value_parser = kinds())]
        kind: String,
    },
    /// Set one, and release what failed for it
    Set {
        /// What is mapped
        #[arg(value_parser = kinds())]
        kind: String,
        /// The host's word: a code, the ref of a contact, a channel or a location
        key: String,
        /// Xero's: a code, a ContactID; for a channel also online, b2b or pos
        value: String,
    },
    /// Take one away
    Remove {
        /// What is mapped
        #[arg(value_parser = kinds())]
        kind: String,
        /// The host's word
        key: String,
    },
}

/// What can be done with customers and suppliers.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil contacts opt-out add C-1042
  counterfoil contacts opt-out list")]
pub enum ContactsCommand {
    /// Leave some out: their invoices are not sent by themselves, Sync now still works
    #[command(subcommand)]
    OptOut(OptOutCommand),
}

/// Who is left out.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil contacts opt-out list
  counterfoil contacts opt-out add C-1042 --tenant acme
  counterfoil contacts opt-out remove C-1042")]
pub enum OptOutCommand {
    /// List who is left out
    List,
    /// Leave one out
    Add {
        /// The ref of the contact, as the invoices name it
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// Let the invoices of one go by themselves again
    Remove {
        /// The ref of the contact, as the invoices name it
        #[arg(value_name = "REF")]
        reference: String,
    },
}

/// What can be done with settings.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil settings get
  counterfoil settings set auto-sync.sales off
  counterfoil settings set currencies GBP,EUR")]
pub enum SettingsCommand {
    /// Show the settings
    Get,
    /// Change one
    Set {
        /// auto-sync.enabled, auto-sync.sales, auto-sync.purchases, same-code-default or currencies
        key: String,
        /// on or off; for currencies their codes, separated by commas
        value: String,
    },
}

/// What to explain.
#[derive(Debug, Args)]
#[command(before_help = "Examples:\n  counterfoil explain unmapped_nominal_code\n  counterfoil explain")]
pub struct ExplainArgs {
    /// The reason's code; none lists them all
    pub code: Option<String>,
}

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:\n  counterfoil config check --config /etc/counterfoil/counterfoil.toml")]
pub enum ConfigCommand {
    /// Check a file, naming every problem
    Check {
        /// The file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check a file, and tell how the daemon is made to load it
    Reload {
        /// The file
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Which organisations to connect.
#[derive(Debug, Default, Args)]
#[command(before_help = "Examples:
  counterfoil connect                     opens Xero's consent page and waits
  counterfoil connect --no-browser        prints its address; paste back the one Xero sends you to
  counterfoil connect --reconnect acme
  counterfoil connect --observe --scopes legacy")]
pub struct ConnectArgs {
    /// Open no browser: print the address, and take the one that Xero sends you back to
    #[arg(long)]
    pub no_browser: bool,
    /// What to ask for: granular, legacy, or scopes separated by commas [default: xero.scopes]
    #[arg(long, value_name = "PRESET")]
    pub scopes: Option<String>,
    /// Connect this organisation again, and refuse any other
    #[arg(long, value_name = "TEN")]
    pub reconnect: Option<String>,
    /// Send nothing by itself until auto-sync is turned on
    #[arg(long)]
    pub observe: bool,
    /// With --no-browser: connect only this organisation, by Xero's GUID; may be given several times
    #[arg(long = "organisation", value_name = "GUID")]
    pub organisations: Vec<String>,
}

/// Which grant to take over.
#[derive(Debug, Args)]
#[command(before_help = "Examples:
  counterfoil connect-import < refresh-token.txt
  counterfoil connect-import --refresh-token-file token.txt --observe")]
pub struct ConnectImportArgs {
    /// File that holds the refresh token; - is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub refresh_token_file: PathBuf,
    /// Only this organisation, by Xero's GUID; may be given several times
    #[arg(long = "organisation", value_name = "GUID")]
    pub organisations: Vec<String>,
    /// Send nothing by itself until auto-sync is turned on
    #[arg(long)]
    pub observe: bool,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(MappingKind::ALL.map(MappingKind::label))
}
