//! What can be typed.

mod documents;
mod failed;
mod jobs;
mod programs;
mod reviews;
mod root;
mod setup;

pub use documents::{
    CreditsArgs, EventsCommand, InvoiceArgs, InvoiceListArgs, InvoicesCommand, OperationCommand, OperationListArgs,
    PageArgs, PutArgs, StatusArgs, SyncArgs, TailArgs, TenantsCommand,
};
pub use failed::{BadgesArgs, FailedAckArgs, FailedCommand, FailedListArgs, FailedResyncArgs, FailedSelection};
pub use jobs::{AuditArgs, AuditCommand, DriftArgs, LinkArgs, ReconcileCommand, RefreshArgs, WatermarksCommand};
pub use programs::{DemoArgs, RescueArgs, SandboxArgs, SandboxCommand, ServeArgs, StoreCommand};
pub use reviews::{AckArgs, VarianceListArgs, VariancesCommand};
pub use root::{Cli, Command, Globals};
pub use setup::{
    ConfigCommand, ConnectArgs, ConnectImportArgs, ContactsCommand, ExplainArgs, MappingsCommand, OptOutCommand,
    SettingsCommand,
};
