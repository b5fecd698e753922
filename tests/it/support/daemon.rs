//! The daemon as its own process, and the demo.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::{Answer, Api};
use super::config::ConfigFile;
use super::feed::Feed;
use super::process::Process;
use super::sandbox::Sandbox;
use super::wait::until;

/// A running daemon.
pub struct Daemon {
    /// The process.
    pub process: Process,
    /// Its control endpoint, as its administrator.
    pub api: Api,
    /// The file of its admin token.
    pub token_file: PathBuf,
}

impl Daemon {
    /// Starts a daemon and waits until it is ready.
    #[track_caller]
    pub fn start(config: &ConfigFile) -> Self {
        config.write();
        Self::start_as_written(config)
    }

    /// The same with the file as it lies there.
    #[track_caller]
    pub fn start_as_written(config: &ConfigFile) -> Self {
        Self::start_under(config, &[])
    }

    /// The same, by a program that becomes the daemon.
    #[track_caller]
    pub fn start_under(config: &ConfigFile, starter: &[&str]) -> Self {
        Self::wait_for(Self::launch(config, starter), config)
    }

    /// Waits until a daemon that was launched is ready.
    #[track_caller]
    pub fn wait_for(mut process: Process, config: &ConfigFile) -> Self {
        let api = until(30, "the daemon", || {
            let api = Self::ready(&process, config);
            assert!(
                api.is_some() || process.is_running(),
                "the daemon ended: {:#?}",
                process.log.all()
            );
            api
        });
        Self {
            api,
            process,
            token_file: token_file(config),
        }
    }

    /// Starts a daemon's process and waits for nothing.
    pub fn launch(config: &ConfigFile, starter: &[&str]) -> Process {
        let path = config.path.display().to_string();
        Process::start_under("the daemon", starter, &["serve", "--config", &path], &[])
    }

    /// Where a daemon listens, once it has said that it is ready.
    pub fn ready(process: &Process, config: &ConfigFile) -> Option<Api> {
        let line = process.log.having(&["ready", "control="])?;
        let (_, addr) = line.split_once("control=\"").unwrap();
        let (addr, _) = addr.split_once('"').unwrap();
        let token = std::fs::read_to_string(token_file(config)).unwrap();
        Some(Api::new(addr, Some(token.trim())))
    }

    /// Where it listens for webhooks, as it said when it was ready.
    #[track_caller]
    pub fn public(&self) -> Api {
        let line = self.process.log.having(&["ready", "public="]).unwrap();
        let (_, addr) = line.split_once("public=\"").unwrap();
        Api::new(addr.split_once('"').unwrap().0, None)
    }

    /// Adopts the sandbox's grant. Returns our ids of its organisations, in the sandbox's order.
    #[track_caller]
    pub fn connect(&self, sandbox: &Sandbox) -> Vec<String> {
        let body = json!({"refresh_token": sandbox.refresh_token, "tenant_ids": null});
        let answer = self.api.post("/v1/connect:import", &body).ok(200);
        let started = answer["data"].as_array().unwrap();
        sandbox
            .tenants
            .iter()
            .map(|xero_id| {
                let tenant = started.iter().find(|tenant| tenant["xero_tenant_id"] == **xero_id);
                tenant.unwrap()["id"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    /// Its feed from the start.
    pub fn feed(&self) -> Feed {
        Feed::from_start(self.api.clone())
    }

    /// How many documents of a tenant have each badge.
    #[track_caller]
    pub fn counts(&self, tenant: &str) -> Value {
        self.api.get(&format!("/v1/tenants/{tenant}/invoices/counts")).ok(200)
    }

    /// Writes a document, as a host does: again when the tenant is busy.
    #[track_caller]
    pub fn put(&self, tenant: &str, host_ref: &str, body: &Value) -> Answer {
        let path = invoice_path(tenant, host_ref);
        until(30, "a write to be taken", || {
            let answer = self.api.put(&path, body);
            (answer.status != 429).then_some(answer)
        })
    }

    /// A document.
    #[track_caller]
    pub fn invoice(&self, tenant: &str, host_ref: &str) -> Value {
        self.api.get(&invoice_path(tenant, host_ref)).ok(200)
    }

    /// Asks for *Sync now*. Returns the operation's id.
    #[track_caller]
    pub fn resync(&self, tenant: &str, host_ref: &str) -> String {
        let path = format!("{}/resync", invoice_path(tenant, host_ref));
        let answer = self.api.send("POST", &path, &[], "").ok(202);
        answer["operation"]["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a document has this badge. Returns it.
    #[track_caller]
    pub fn badge(&self, tenant: &str, host_ref: &str, state: &str) -> Value {
        until(30, &format!("{host_ref} to be {state}"), || {
            let invoice = self.invoice(tenant, host_ref);
            (invoice["sync"]["state"] == state).then_some(invoice)
        })
    }

    /// Waits until an operation has ended. Returns it.
    #[track_caller]
    pub fn operation(&self, id: &str) -> Value {
        until(30, &format!("the end of {id}"), || {
            let operation = self.api.get(&format!("/v1/operations/{id}")).ok(200);
            let state = operation["state"].as_str().unwrap().to_owned();
            (!["queued", "running", "waiting"].contains(&state.as_str())).then_some(operation)
        })
    }

    /// Waits until nothing of a tenant is grey.
    #[track_caller]
    pub fn settled(&self, tenant: &str, total: u64, seconds: u64) -> Value {
        until(seconds, "every document to be settled", || {
            let counts = self.counts(tenant);
            (counts["pending"] == 0 && counts["total"] == total).then_some(counts)
        })
    }
}

fn token_file(config: &ConfigFile) -> PathBuf {
    config.path.parent().unwrap().join("data/admin-token")
}

/// The path of a document.
pub fn invoice_path(tenant: &str, host_ref: &str) -> String {
    format!("/v1/tenants/{tenant}/invoices/ref:{host_ref}")
}

/// A daemon that is connected to a sandbox of its own, in a folder of its own.
pub struct House {
    /// The daemon; first, so that it ends first.
    pub daemon: Daemon,
    /// The simulated Xero.
    pub sandbox: Sandbox,
    /// Its settings.
    pub config: ConfigFile,
    /// Our ids of the sandbox's organisations.
    pub tenants: Vec<String>,
    folder: TempDir,
}

impl House {
    /// With the usual settings.
    #[track_caller]
    pub fn new() -> Self {
        Self::with(|config| config)
    }

    /// With other settings.
    #[track_caller]
    pub fn with(settings: impl FnOnce(ConfigFile) -> ConfigFile) -> Self {
        let folder = TempDir::new().unwrap();
        let sandbox = Sandbox::start();
        let config = settings(ConfigFile::new(folder.path(), &sandbox));
        Self::of(folder, sandbox, config)
    }

    /// Of this sandbox, with these settings, in this folder.
    #[track_caller]
    pub fn of(folder: TempDir, sandbox: Sandbox, config: ConfigFile) -> Self {
        let daemon = Daemon::start(&config);
        let tenants = daemon.connect(&sandbox);
        Self {
            daemon,
            sandbox,
            config,
            tenants,
            folder,
        }
    }

    /// Our id of the first organisation.
    pub fn ours(&self) -> &str {
        &self.tenants[0]
    }

    /// Xero's id of the first organisation.
    pub fn theirs(&self) -> &str {
        &self.sandbox.tenants[0]
    }

    /// The folder everything lies in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a document of the first organisation, and waits until it is green.
    #[track_caller]
    pub fn synced(&self, host_ref: &str, body: &Value) -> Value {
        let answer = self.daemon.put(self.ours(), host_ref, body);
        assert!(answer.status < 300, "{}", answer.text);
        let revision = answer.json();
        until(30, &format!("{host_ref} to be green"), || {
            let invoice = self.daemon.invoice(self.ours(), host_ref);
            let is_done = invoice["sync"]["state"] == "synced" && invoice["sync"]["pending_change"] == false;
            assert_ne!(invoice["sync"]["state"], "failed", "{invoice:#}\nfrom {revision:#}");
            is_done.then_some(invoice)
        })
    }
}

/// A running demo.
pub struct Demo {
    /// The daemon in it.
    pub daemon: Daemon,
    /// The simulated Xero in it.
    pub sandbox: Sandbox,
    /// What it said when it was ready.
    pub ready: Value,
}

impl Demo {
    /// Starts one on free ports, with its data in this folder.
    #[track_caller]
    pub fn start(data: &Path, variables: &[(&str, &str)]) -> Self {
        let data_text = data.display().to_string();
        let args = [
            "demo",
            "--port",
            "0",
            "--xero-port",
            "0",
            "--json",
            "--data",
            &data_text,
        ];
        let mut process = Process::start("the demo", &args, variables);
        let ready = until(60, "the demo", || {
            let line = process.out.all().into_iter().next();
            assert!(
                line.is_some() || process.is_running(),
                "the demo ended: {:#?}",
                process.log.all()
            );
            line
        });
        let ready: Value = serde_json::from_str(&ready).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let daemon = Daemon {
            process,
            api: Api::new(&text("control_url"), Some(&text("token"))),
            token_file: data.join("admin-token"),
        };
        Self {
            daemon,
            sandbox: Sandbox::of_demo(&text("xero_url")),
            ready,
        }
    }

    /// Our ids of the sandbox's organisations, in the sandbox's order.
    #[track_caller]
    pub fn tenants(&self) -> Vec<String> {
        let list = self.daemon.api.get("/v1/tenants").ok(200);
        let list = list["data"].as_array().unwrap();
        self.sandbox
            .tenants
            .iter()
            .map(|xero_id| {
                let tenant = list.iter().find(|tenant| tenant["xero_tenant_id"] == **xero_id);
                tenant.unwrap()["id"].as_str().unwrap().to_owned()
            })
            .collect()
    }
}
