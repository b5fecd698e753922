//! What came back from Xero and can be looked at.

use clap::{Args, Subcommand};

use super::documents::{InvoiceArgs, PageArgs};

/// What can be done with variances.
#[derive(Debug, Subcommand)]
#[command(before_help = "Examples:
  counterfoil variances list
  counterfoil variances show INV-0042
  counterfoil variances ack INV-0042 --note 'agreed with the customer'")]
pub enum VariancesCommand {
    /// List invoices that differ in Xero and that nobody acknowledged
    List(VarianceListArgs),
    /// Show how an invoice differs, field by field
    Show(InvoiceArgs),
    /// Say that somebody looked at it
    Ack(AckArgs),
}

/// Which variances.
#[derive(Debug, Args)]
pub struct VarianceListArgs {
    /// Only of this level
    #[arg(long, value_parser = ["variance", "high_variance"])]
    pub level: Option<String>,
    /// Which part of the list.
    #[command(flatten)]
    pub page: PageArgs,
}

/// What was looked at.
#[derive(Debug, Args)]
pub struct AckArgs {
    /// The host's reference, the number, or the id
    #[arg(value_name = "INVOICE")]
    pub invoice: String,
    /// What to remember about it
    #[arg(long)]
    pub note: Option<String>,
}
