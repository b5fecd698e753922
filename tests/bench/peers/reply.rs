//! The answer to the making of one bill is lost after it was made.

use std::process::Command;

use serde_json::json;

use super::access::bearer;
use super::programs::{place, program, requirement, script};
use super::reading::{count_of, unmeasured};
use crate::support::{House, Sandbox, bill};

/// One row for each program.
pub fn measure() -> Vec<Vec<String>> {
    let rows = vec![python(), ours()];
    for row in &rows {
        println!("   {}", row.join(" | "));
    }
    rows
}

fn lose_one(sandbox: &Sandbox) {
    sandbox.fault(&json!({
        "match": {"method": "PUT", "path": "/api.xro/2.0/Invoices"}, "fault": "drop_reply_after_write",
    }));
}

fn python() -> Vec<String> {
    let name = "xero-python";
    let title = format!("{}, one `create_invoices`", requirement(name));
    if !place().join(format!("{name}.installed")).exists() {
        return unmeasured(title, "could not be installed here");
    }
    let sandbox = Sandbox::start_with(&["--empty"]);
    let token = bearer(&sandbox);
    lose_one(&sandbox);
    let done = Command::new(program(name, "python"))
        .args([&script("lost_reply.py"), &sandbox.url, &token, &sandbox.tenants[0]])
        .output()
        .unwrap();
    if !done.status.success() {
        return unmeasured(title, &String::from_utf8_lossy(&done.stderr));
    }
    let seen = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    let bills = sandbox.documents(&sandbox.tenants[0]).len();
    vec![title, count_of(bills), seen]
}

fn ours() -> Vec<String> {
    let house = House::new();
    lose_one(&house.sandbox);
    house.synced("B-1", &bill("B-1"));
    let documents = house.sandbox.documents(house.theirs());
    let bills = documents.iter().filter(|document| document.kind == "ACCPAY").count();
    vec!["Counterfoil".to_owned(), count_of(bills), "synced".to_owned()]
}
