//! A daemon to which organisations are connected by a consent, step by step.

use serde_json::Value;

use super::browser::{Seen, open};
use super::config::ConfigFile;
use super::daemon::Daemon;
use super::sandbox::Sandbox;
use super::wait::until;

/// A daemon that nothing is connected to yet.
pub struct Empty {
    /// The daemon.
    pub daemon: Daemon,
    /// Its Xero.
    pub sandbox: Sandbox,
    /// Its settings.
    pub config: ConfigFile,
    _folder: tempfile::TempDir,
}

impl Empty {
    /// One with the usual settings.
    pub fn new() -> Self {
        Self::with(|config, _| config)
    }

    /// One with other settings.
    pub fn with(settings: impl FnOnce(ConfigFile, &Sandbox) -> ConfigFile) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let sandbox = Sandbox::start();
        let config = settings(ConfigFile::new(folder.path(), &sandbox), &sandbox);
        Self {
            daemon: Daemon::start(&config),
            sandbox,
            config,
            _folder: folder,
        }
    }

    /// Begins an attempt.
    #[track_caller]
    pub fn begin(&self, order: &Value) -> Value {
        self.daemon.api.post("/v1/connect", order).ok(201)
    }

    /// Opens Xero's page.
    #[track_caller]
    pub fn consent_page(&self, begun: &Value) -> Seen {
        let page = open(begun["authorize_url"].as_str().unwrap());
        assert_eq!(page.answer.status, 200, "{}", page.answer.text);
        page
    }

    /// Allows these organisations of the sandbox there; where Xero then sends the browser.
    #[track_caller]
    pub fn allow(&self, begun: &Value, tenants: &[usize]) -> String {
        let page = self.consent_page(begun);
        let mut answers = vec![("decision", "allow")];
        answers.extend(tenants.iter().map(|at| ("tenant", self.sandbox.tenants[*at].as_str())));
        page.answer_form(&answers).location()
    }

    /// Comes back from Xero; the page on which organisations are chosen.
    #[track_caller]
    pub fn come_back(&self, address: &str) -> Seen {
        open(address).onwards()
    }

    /// Chooses these organisations; the page that says what is connected.
    #[track_caller]
    pub fn choose(&self, page: &Seen, tenants: &[usize]) -> Seen {
        let mut answers = vec![("decision", "connect"), ("sending", "auto")];
        answers.extend(tenants.iter().map(|at| ("tenant", self.sandbox.tenants[*at].as_str())));
        page.answer_form(&answers).onwards()
    }

    /// Everything at once.
    #[track_caller]
    pub fn connect(&self, order: &Value, tenants: &[usize]) -> Value {
        let begun = self.begin(order);
        let page = self.come_back(&self.allow(&begun, tenants));
        self.choose(&page, tenants).says(200, &["You can close this tab."]);
        self.attempt(&begun)
    }

    /// How an attempt stands.
    pub fn attempt(&self, begun: &Value) -> Value {
        let id = begun["id"].as_str().unwrap();
        self.daemon.api.get(&format!("/v1/connect/{id}")).ok(200)
    }

    /// What is connected.
    pub fn tenants(&self) -> Vec<Value> {
        self.daemon.api.get("/v1/tenants").ok(200)["data"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Our id of an organisation of the sandbox.
    pub fn ours(&self, at: usize) -> String {
        let theirs = &self.sandbox.tenants[at];
        let tenants = self.tenants();
        let found = tenants.iter().find(|tenant| tenant["xero_tenant_id"] == **theirs);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// The state of its connection.
    pub fn state(&self, at: usize) -> String {
        let shown = self
            .daemon
            .api
            .get(&format!("/v1/tenants/{}", self.sandbox.tenants[at]))
            .ok(200);
        shown["connection"]["state"].as_str().unwrap().to_owned()
    }

    /// Waits until its connection has this state.
    #[track_caller]
    pub fn reaches(&self, at: usize, state: &str) {
        until(30, state, || (self.state(at) == state).then_some(()));
    }

    /// What Xero lists of the first app.
    pub fn connected_at_xero(&self) -> Vec<String> {
        let grants = self.sandbox.api.get("/_sandbox/grants").ok(200);
        let mut ids = Vec::new();
        for grant in grants["data"].as_array().unwrap() {
            for id in grant["tenant_ids"].as_array().unwrap() {
                ids.push(id.as_str().unwrap().to_owned());
            }
        }
        ids
    }
}
