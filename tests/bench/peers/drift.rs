//! One invoice of page 1 is edited between pages 1 and 2.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::access::bearer;
use super::ours;
use super::programs::{Peer, missing, place};
use super::reading::{count_of, unmeasured};
use crate::support::{ConfigFile, Daemon, Paging, Sandbox, scans, until};

/// Which one is edited, in the order in which they are read.
const SIXTH: usize = 5;
const PATH: &str = "/api.xro/2.0/Invoices";
/// Pages of ours hold as many.
const OUR_PAGE: usize = 1_000;

/// One row for each program.
pub fn measure() -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Peer::ALL
        .into_iter()
        .map(|peer| {
            let absence = peer.absence().map_or(Ok(()), Err);
            absence
                .and_then(|()| of(peer))
                .unwrap_or_else(|why| unmeasured(peer.title(), &why))
        })
        .collect();
    rows.push(of_ours());
    for row in &rows {
        println!("   {}", row.join(" | "));
    }
    rows
}

/// Two pages and a half.
const fn invoices(page_size: usize) -> usize {
    page_size * 5 / 2
}

fn row(title: String, page_size: usize, first: usize, second: usize) -> Vec<String> {
    let total = invoices(page_size);
    vec![
        title,
        count_of(page_size),
        format!("{} of {}", count_of(total - first), count_of(total)),
        format!("{} of {}", count_of(total - second), count_of(total)),
        count_of(second),
    ]
}

fn of(peer: Peer) -> Result<Vec<String>, String> {
    let sandbox = Sandbox::start_with(&["--empty"]);
    let tenant = &sandbox.tenants[0];
    let total = invoices(peer.page_size());
    sandbox.control("seed", &json!({"tenant_id": tenant, "invoices": total, "contacts": 5}));
    let number = sixth(&sandbox);
    let edit = json!({
        "scenario": "invoice.edit", "tenant_id": tenant, "invoice_number": number,
        "args": {"reference": "edited meanwhile"},
        "after": {"match": {"method": "GET", "path": PATH}, "calls": 1},
    });
    sandbox.control("trigger", &edit);
    let documents = sandbox.documents(tenant);
    let wanted: BTreeSet<String> = documents.into_iter().map(|document| document.invoice_id).collect();
    let folder = place().join("drift");
    let _was_not_there = fs::remove_dir_all(&folder);
    let mut found = peer.read(&sandbox, &folder)?.ids;
    let first = missing(&wanted, &found);
    found.extend(peer.read(&sandbox, &folder)?.ids);
    Ok(row(peer.title(), peer.page_size(), first, missing(&wanted, &found)))
}

/// The number of the sixth invoice of page 1.
fn sixth(sandbox: &Sandbox) -> String {
    let headers = [
        ("authorization", format!("Bearer {}", bearer(sandbox))),
        ("xero-tenant-id", sandbox.tenants[0].clone()),
        ("accept", "application/json".to_owned()),
    ];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = sandbox
        .api
        .send("GET", &format!("{PATH}?page=1&pageSize=10"), &headers, "")
        .ok(200);
    page["Invoices"][SIXTH]["InvoiceNumber"].as_str().unwrap().to_owned()
}

fn of_ours() -> Vec<String> {
    let total = invoices(OUR_PAGE);
    let folder = TempDir::with_prefix_in("drift-", crate::place::root()).unwrap();
    let sandbox = Sandbox::start_with(&["--empty"]);
    let config = ConfigFile::shipped(folder.path(), &sandbox);
    let theirs = sandbox.tenants[0].clone();
    let paging = Paging {
        sandbox: &sandbox,
        theirs: &theirs,
    };
    let daemon = Daemon::start(&config);
    let tenant = daemon.connect(&sandbox).remove(0);
    paging.link(&daemon.api, &tenant, total, 1);
    ours::stop(daemon);
    paging.edit(0..total, "20.00");
    // They were edited in the order of their numbers: this is how they are read.
    paging.edit_after(1, SIXTH, "30.00");
    let mut second = BTreeSet::new();
    let config = config.set("pull.invoices_every", "2s");
    let read = ours::read(&config, paging, &tenant, |daemon| {
        until(60, "the next scan", || (scans(&daemon.api) >= 2).then_some(()));
        second = paging.differing(&daemon.api, &tenant);
    });
    paging.assert_all_edited();
    row("Counterfoil".to_owned(), OUR_PAGE, read.differing.len(), second.len())
}
