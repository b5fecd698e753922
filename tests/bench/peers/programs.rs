//! The other programs: how each is started on the sandbox, and what it gave out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::access::{bearer, consent};
use super::outcome::Outcome;
use crate::support::Sandbox;

/// Another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The Singer tap.
    Tap,
    /// Airbyte's source as it is on the index.
    AirbyteSource,
    /// Airbyte's development kit with a manifest of ours that reads as their source does since 2.1.
    AirbyteCdk,
    /// dlt's REST source into a duckdb file.
    Dlt,
}

impl Peer {
    /// All that are measured.
    pub const ALL: [Self; 4] = [Self::Tap, Self::AirbyteSource, Self::AirbyteCdk, Self::Dlt];

    /// The name of its environment and of its file of requirements.
    const fn name(self) -> &'static str {
        match self {
            Self::Tap => "tap-xero",
            Self::AirbyteSource => "airbyte-source-xero",
            Self::AirbyteCdk => "airbyte-cdk",
            Self::Dlt => "dlt",
        }
    }

    /// Its name and version, and what else it is.
    pub fn title(self) -> String {
        let more = match self {
            Self::Tap | Self::AirbyteSource => "",
            Self::AirbyteCdk => " with a manifest like that of source-xero 2.1",
            Self::Dlt => ", its REST source into a duckdb file",
        };
        format!("{}{more}", requirement(self.name()))
    }

    /// Invoices of a page: its own size, or the one it is given.
    pub const fn page_size(self) -> usize {
        match self {
            Self::Tap | Self::AirbyteSource => 100,
            Self::AirbyteCdk | Self::Dlt => 1_000,
        }
    }

    /// Why it cannot be measured; `None` = it is installed.
    pub fn absence(self) -> Option<String> {
        let is_there = place().join(format!("{}.installed", self.name())).exists();
        (!is_there).then(|| "could not be installed here".to_owned())
    }

    /// Reads all invoices of the first organisation that are new since the last read from this
    /// folder.
    ///
    /// # Errors
    /// The end of what it wrote, when it failed.
    pub fn read(self, sandbox: &Sandbox, folder: &Path) -> Result<Outcome, String> {
        fs::create_dir_all(folder).unwrap();
        let command = self.command(sandbox, folder);
        let since = sandbox.latest_seq();
        let (wall, peak_kib) = measured(&command, folder)?;
        let calls = sandbox.calls_since(since).len();
        let found = match self {
            Self::Dlt => self.in_duckdb(&command),
            Self::Tap | Self::AirbyteSource | Self::AirbyteCdk => self.in_messages(folder),
        };
        Ok(Outcome {
            wall,
            peak_kib,
            calls,
            records: found.len(),
            ids: found.into_iter().collect(),
        })
    }

    fn command(self, sandbox: &Sandbox, folder: &Path) -> Vec<String> {
        let (url, tenant) = (&sandbox.url, &sandbox.tenants[0]);
        let file = |name: &str| folder.join(name).display().to_string();
        let state = folder.join("state.json");
        let mut command = vec![program(self.name(), "python")];
        match self {
            Self::Tap => {
                let access = consent(sandbox);
                let config = json!({
                    "client_id": access.client_id, "client_secret": access.client_secret,
                    "refresh_token": access.refresh_token, "tenant_id": tenant, "start_date": "2020-01-01T00:00:00Z",
                });
                fs::write(folder.join("config.json"), config.to_string()).unwrap();
                command.extend([
                    script("tap_xero_run.py"),
                    url.clone(),
                    "--config".into(),
                    file("config.json"),
                ]);
                if !folder.join("catalog.json").exists() {
                    choose_invoices(&command, folder);
                }
                command.extend(["--catalog".into(), file("catalog.json")]);
            }
            Self::AirbyteSource => {
                let credentials = json!({"auth_type": "oauth2_access_token", "access_token": bearer(sandbox)});
                let config =
                    json!({"credentials": credentials, "tenant_id": tenant, "start_date": "2020-01-01T00:00:00Z"});
                write_airbyte(folder, &config, "UpdatedDateUTC");
                command.extend([script("airbyte_source_run.py"), url.clone(), "read".into()]);
                command.extend([
                    "--config".into(),
                    file("config.json"),
                    "--catalog".into(),
                    file("catalog.json"),
                ]);
            }
            Self::AirbyteCdk => {
                let config = json!({
                    "url": url, "access_token": bearer(sandbox), "tenant_id": tenant,
                    "start_date": "2020-01-01T00:00:00Z",
                });
                write_airbyte(folder, &config, "UpdatedDateUTCString");
                command = vec![program(self.name(), "source-declarative-manifest"), "read".into()];
                command.extend(["--manifest-path".into(), script("manifest.yaml")]);
                command.extend([
                    "--config".into(),
                    file("config.json"),
                    "--catalog".into(),
                    file("catalog.json"),
                ]);
            }
            Self::Dlt => {
                let folder = folder.display().to_string();
                command.extend([
                    script("dlt_run.py"),
                    url.clone(),
                    bearer(sandbox),
                    tenant.clone(),
                    folder,
                ]);
                command.push(self.page_size().to_string());
            }
        }
        if self != Self::Dlt && state.exists() {
            command.extend(["--state".into(), file("state.json")]);
        }
        command
    }

    /// The records it printed; its last state is kept for the next read.
    fn in_messages(self, folder: &Path) -> Vec<String> {
        let text = fs::read_to_string(folder.join("out")).unwrap();
        let mut found = Vec::new();
        let mut state = None;
        for line in text.lines() {
            let Ok(message) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            let record = &message["record"];
            match message["type"].as_str() {
                Some("RECORD") => {
                    let id = record["data"]["InvoiceID"].as_str().or(record["InvoiceID"].as_str());
                    found.push(id.unwrap().to_owned());
                }
                Some("STATE") if self == Self::Tap => state = Some(message["value"].clone()),
                Some("STATE") => state = Some(json!([message["state"]])),
                _ => {}
            }
        }
        if let Some(state) = state {
            fs::write(folder.join("state.json"), state.to_string()).unwrap();
        }
        found
    }

    fn in_duckdb(self, command: &[String]) -> Vec<String> {
        let (program, arguments) = command.split_first().unwrap();
        let listed = Command::new(program).args(arguments).arg("ids").output().unwrap();
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        String::from_utf8(listed.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

/// Where all of it is installed.
pub fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers")
}

/// `tap-xero==2.6.0` as `tap-xero 2.6.0`.
pub fn requirement(name: &str) -> String {
    let path = script(&format!("requirements/{name}.txt"));
    let text = fs::read_to_string(path).unwrap();
    text.lines().next().unwrap_or_default().replace("==", " ")
}

/// A program of an environment.
pub fn program(name: &str, program: &str) -> String {
    place().join(name).join("bin").join(program).display().to_string()
}

/// A file beside this one.
pub fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/peers");
    folder.join(name).display().to_string()
}

/// Runs a command; how long it took and the most memory it had.
fn measured(command: &[String], folder: &Path) -> Result<(Duration, u64), String> {
    let paths = ["out", "err"].map(|name| folder.join(name));
    let done = Command::new("python3")
        .arg(script("measured.py"))
        .args(&paths)
        .args(command)
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&done.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&done.stderr)));
    if let Some(why) = said["code"].as_str() {
        return Err(why.to_owned());
    }
    if said["code"] != 0 {
        let text = paths.map(|path| fs::read_to_string(path).unwrap_or_default()).concat();
        let from = text.char_indices().rev().nth(600).map_or(0, |(at, _)| at);
        return Err(format!(
            "ended with {}: {}",
            said["code"],
            text.get(from..).unwrap_or_default()
        ));
    }
    let wall = Duration::from_millis(said["wall_ms"].as_u64().unwrap());
    Ok((wall, said["peak_kib"].as_u64().unwrap()))
}

/// What the tap says it can read, with invoices chosen.
fn choose_invoices(command: &[String], folder: &Path) {
    let (program, arguments) = command.split_first().unwrap();
    let listed = Command::new(program)
        .args(arguments)
        .arg("--discover")
        .output()
        .unwrap();
    let mut catalog: Value = serde_json::from_slice(&listed.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&listed.stderr)));
    let streams = catalog["streams"].as_array_mut().unwrap();
    streams.retain(|stream| stream["tap_stream_id"] == "invoices");
    for entry in streams[0]["metadata"].as_array_mut().unwrap() {
        entry["metadata"]["selected"] = json!(true);
    }
    fs::write(folder.join("catalog.json"), catalog.to_string()).unwrap();
}

fn write_airbyte(folder: &Path, config: &Value, cursor: &str) {
    let stream = json!({
        "name": "invoices", "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"],
    });
    let configured = json!({
        "stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append",
        "cursor_field": [cursor], "primary_key": [["InvoiceID"]],
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    fs::write(
        folder.join("catalog.json"),
        json!({"streams": [configured]}).to_string(),
    )
    .unwrap();
}

/// Which of these are missing among those.
pub fn missing(wanted: &BTreeSet<String>, found: &BTreeSet<String>) -> usize {
    wanted.difference(found).count()
}
