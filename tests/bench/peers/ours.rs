//! The daemon on the sandbox that all of them read.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::programs::place;
use crate::clock;
use crate::machine::peak_kib;
use crate::support::{ConfigFile, Daemon, Paging, Sandbox, scans, until};

/// Invoices that are linked.
pub const INVOICES: usize = 20_000;
/// Lines of each.
pub const LINES: usize = 3;

/// After so long no call counts against Xero's 60 a minute any more.
const MINUTE: Duration = Duration::from_secs(61);

/// A sandbox and a data folder that know the same invoices, kept from one run to the next.
pub struct Ours {
    /// The simulated Xero.
    pub sandbox: Sandbox,
    config: ConfigFile,
    tenant: String,
}

/// One read by the daemon.
#[derive(Debug, Clone)]
pub struct Read {
    /// From the start of its process until all is durable.
    pub wall: Duration,
    /// Until it said that it is ready.
    pub ready: Duration,
    /// The most memory it had resident, in KiB.
    pub peak_kib: u64,
    /// Accounting calls that arrived at the sandbox.
    pub calls: usize,
    /// Invoices of which it has not what Xero has.
    pub differing: BTreeSet<String>,
}

impl Ours {
    /// As it was left, or made anew, which takes seven minutes at 60 calls a minute.
    pub fn open() -> Self {
        let folder = place().join("world");
        let known = fs::read_to_string(folder.join("tenant"));
        if known.is_err() {
            let _was_not_there = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
        }
        let history = folder.join("history").display().to_string();
        let sandbox = Sandbox::start_with(&["--empty", "--history", &history]);
        raise_limits(&sandbox);
        let config = ConfigFile::shipped(&folder, &sandbox);
        let tenant = known.unwrap_or_else(|_| {
            println!("   linking {INVOICES} invoices");
            let daemon = Daemon::start(&config);
            let tenant = daemon.connect(&sandbox).remove(0);
            let theirs = sandbox.tenants[0].clone();
            let paging = Paging {
                sandbox: &sandbox,
                theirs: &theirs,
            };
            paging.link(&daemon.api, &tenant, INVOICES, LINES);
            stop(daemon);
            fs::write(folder.join("tenant"), &tenant).unwrap();
            tenant
        });
        Self {
            sandbox,
            config,
            tenant,
        }
    }

    /// Somebody gives every invoice this price while the daemon is down; then it starts, and reads.
    pub fn read(&self, price: &str) -> Read {
        let paging = Paging {
            sandbox: &self.sandbox,
            theirs: &self.sandbox.tenants[0],
        };
        paging.edit(0..INVOICES, price);
        // Its own count of Xero's minute begins anew too.
        clock::wait_until(clock::now() + MINUTE);
        read(&self.config, paging, &self.tenant, stop)
    }
}

/// Starts a daemon, waits until its first scan is durable, and hands it on.
pub fn read(config: &ConfigFile, paging: Paging<'_>, tenant: &str, then: impl FnOnce(Daemon)) -> Read {
    let since = paging.sandbox.latest_seq();
    let began = clock::now();
    let daemon = Daemon::start(config);
    let ready = began.elapsed();
    until(300, "a scan to be complete", || (scans(&daemon.api) >= 1).then_some(()));
    let wall = began.elapsed();
    let peak_kib = peak_kib(daemon.process.pid());
    let calls = paging.sandbox.calls_since(since).len();
    let differing = paging.differing(&daemon.api, tenant);
    then(daemon);
    Read {
        wall,
        ready,
        peak_kib,
        calls,
        differing,
    }
}

/// Stops a daemon in good order, and waits for its end.
pub fn stop(mut daemon: Daemon) {
    daemon.process.signal(Signal::TERM);
    let status = daemon.process.wait(120);
    assert_eq!(status.code(), Some(0), "{status}");
}

/// So that no limit of Xero binds.
pub fn raise_limits(sandbox: &Sandbox) {
    let many = 1_000_000_000;
    sandbox.control(
        "limits",
        &json!({"minute": many, "day": many, "concurrent": many, "app_minute": many}),
    );
}
