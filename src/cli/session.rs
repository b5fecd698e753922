//! One command on its way: whom it asks, where it shows, what it was told.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::args::{
    AuditCommand, Command, ConfigCommand, ContactsCommand, EventsCommand, FailedCommand, Globals, InvoicesCommand,
    MappingsCommand, OperationCommand, ReconcileCommand, SandboxArgs, SandboxCommand, SettingsCommand, TenantsCommand,
    VariancesCommand, WatermarksCommand,
};
use super::commands::{
    audit, capabilities, config, connect, connect_import, disconnect, events, explain, failed, failed_list, invoices,
    jobs, mappings, operation, opt_out, put, resolve, settings, status, sync, tenants, variances, watermarks,
    what_syncs,
};
use super::control::{Answer, Client, Request, Trouble};
use super::exit::Exit;
use super::outside::Ends;
use super::words::screen::Stop;
use super::words::{Screen, field};
use crate::model::time::{Clock, Timestamp};

/// One command on its way.
pub struct Session<'a> {
    /// The daemon.
    pub client: Client,
    /// The way out.
    pub screen: Screen<'a>,
    /// Options of every command.
    pub globals: Globals,
    /// The clocks.
    pub clock: &'a dyn Clock,
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// What the streams end in.
    pub ends: Ends,
}

impl Session<'_> {
    /// The wall clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// `--tenant` as it was given, for a command that is typed next.
    pub fn same_tenant(&self) -> String {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        match self.globals.tenant.as_deref().map(field::clean) {
            Some(name) if name.chars().all(plain) => format!(" --tenant {name}"),
            Some(name) => format!(" --tenant '{}'", name.replace('\'', "'\\''")),
            None => String::new(),
        }
    }

    /// Reads from the daemon.
    pub async fn get(&self, path: &str) -> Result<Answer, Trouble> {
        self.client.ask(Request::get(path)).await
    }

    /// Shows an answer as it came; `false` when it is to be shown in words instead.
    pub fn shown_as_object(&mut self, answer: &Answer) -> Result<bool, Stop> {
        if self.screen.is_for_people() {
            return Ok(false);
        }
        self.screen.object(&answer.body, &answer.value)?;
        Ok(true)
    }

    /// Asks a person to go on; `--yes` says so beforehand.
    pub fn confirm(&mut self, question: &str) -> Result<(), Stop> {
        if self.globals.yes {
            return Ok(());
        }
        if !self.ends.input_is_terminal || self.globals.no_input {
            return Err(Trouble::usage(question)
                .because("nobody is there to be asked")
                .fix("Say so beforehand with --yes.")
                .into());
        }
        self.screen.ask(&format!("{question} Continue? [y/N] "));
        let mut answer = String::new();
        self.input.read_line(&mut answer)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Trouble::new(Exit::Failed, "not_confirmed", "Nothing was done").into()),
        }
    }
}

/// Carries a command out. The programs that run until they are stopped are not among them.
pub async fn carry_out(session: &mut Session<'_>, command: Command) -> Result<Exit, Stop> {
    match command {
        Command::Status(args) => status::show(session, &args).await,
        Command::Tenants(TenantsCommand::List(page)) => tenants::list(session, &page).await,
        Command::Tenants(TenantsCommand::Show { name }) => tenants::show(session, name).await,
        Command::Tenants(TenantsCommand::Resolve { name, no_browser }) => {
            resolve::resolve(session, &name, no_browser).await
        }
        Command::Tenants(TenantsCommand::Credits(args)) => resolve::credits(session, &args).await,
        Command::Tenants(TenantsCommand::Disconnect { name }) => disconnect::disconnect(session, &name).await,
        Command::Invoices(InvoicesCommand::List(args)) => invoices::list(session, &args).await,
        Command::Invoices(InvoicesCommand::Show(args)) => invoices::show(session, &args.invoice).await,
        Command::Invoices(InvoicesCommand::Preview(args)) => invoices::preview(session, &args.invoice).await,
        Command::Invoices(InvoicesCommand::Put(args)) => put::put(session, &args).await,
        Command::Invoices(InvoicesCommand::Sync(args)) => sync::sync(session, &args.invoices).await,
        Command::Invoices(InvoicesCommand::Ack(args)) => variances::acknowledge_alerts(session, &args).await,
        Command::Invoices(InvoicesCommand::Badges(args)) => failed_list::badges(session, &args).await,
        Command::Failed(FailedCommand::List(args)) => failed_list::list(session, &args).await,
        Command::Failed(FailedCommand::Count) => failed_list::count(session).await,
        Command::Failed(FailedCommand::Resync(args)) => failed::resync(session, &args).await,
        Command::Failed(FailedCommand::Ack(args)) => failed::acknowledge(session, &args).await,
        Command::Variances(VariancesCommand::List(args)) => variances::list(session, &args).await,
        Command::Variances(VariancesCommand::Show(args)) => variances::show(session, &args.invoice).await,
        Command::Variances(VariancesCommand::Ack(args)) => variances::acknowledge(session, &args).await,
        Command::Events(EventsCommand::Tail(args)) => events::tail(session, &args).await,
        Command::Operation(OperationCommand::Show { id }) => operation::show(session, &id).await,
        Command::Invoices(InvoicesCommand::Link(args)) => jobs::link(session, &args).await,
        Command::Invoices(InvoicesCommand::Timeline(args)) => audit::timeline(session, &args.invoice).await,
        Command::Invoices(InvoicesCommand::Diff(args)) => variances::show(session, &args.invoice).await,
        Command::Audit(AuditCommand::List(args)) => audit::list(session, &args).await,
        Command::Audit(AuditCommand::Export(args)) => audit::export(session, &args).await,
        Command::Refresh(args) => jobs::refresh(session, &args).await,
        Command::Drift(args) => jobs::drift(session, &args).await,
        Command::Reconcile(ReconcileCommand::Run) => jobs::reconcile(session).await,
        Command::Reconcile(ReconcileCommand::Show) => jobs::reconciler(session).await,
        Command::Watermarks(WatermarksCommand::List) => watermarks::list(session).await,
        Command::Operation(OperationCommand::Items { id, state }) => jobs::items(session, &id, state.as_deref()).await,
        Command::Operation(OperationCommand::Watch { id }) => operation::watch(session, &id).await,
        Command::Operation(OperationCommand::List(args)) => operation::list(session, &args).await,
        Command::Operation(OperationCommand::Cancel { id }) => operation::cancel(session, &id).await,
        Command::Operation(OperationCommand::Retry { id }) => {
            jobs::begin(session, operation::verb(&id, "retry-failed"), String::new()).await
        }
        Command::Mappings(MappingsCommand::Gaps { kind }) => mappings::gaps(session, kind.as_deref()).await,
        Command::Mappings(MappingsCommand::Remove { kind, key }) => mappings::remove(session, &kind, &key).await,
        Command::Contacts(ContactsCommand::OptOut(command)) => opt_out::carry_out(session, command).await,
        Command::Capabilities => what_syncs::show(session).await,
        Command::Mappings(MappingsCommand::List { kind }) => mappings::list(session, &kind).await,
        Command::Mappings(MappingsCommand::Set { kind, key, value }) => {
            mappings::set(session, &kind, &key, &value).await
        }
        Command::Settings(SettingsCommand::Get) => settings::get(session).await,
        Command::Settings(SettingsCommand::Set { key, value }) => settings::set(session, &key, &value).await,
        Command::Explain(args) => explain::show(session, args.code.as_deref()),
        Command::Config(ConfigCommand::Check { config }) => config::check(session, &config),
        Command::Config(ConfigCommand::Reload { config }) => config::reload(session, config.as_deref()),
        Command::Connect(args) => connect::connect(session, &args).await,
        Command::ConnectImport(args) => connect_import::import(session, &args).await,
        Command::Sandbox(SandboxArgs {
            command: Some(SandboxCommand::Capabilities),
            ..
        }) => capabilities::show(session),
        Command::Serve(_) | Command::Demo(_) | Command::Sandbox(_) | Command::Store(_) => {
            Err(Trouble::usage("This command is started, not asked.").into())
        }
    }
}
