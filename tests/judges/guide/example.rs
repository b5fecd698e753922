//! The Rust of the guide, word for word below this line.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A sandbox that ends with its test.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The answer to a write is lost; the invoice is there all the same, and the same key does not make another one.
pub async fn a_lost_answer_makes_one_invoice(counterfoil: &str) -> Result<(), Box<dyn Error>> {
    let mut sandbox = Command::new(counterfoil)
        .args(["sandbox", "--port", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .map(Sandbox)?;
    let mut line = String::new();
    BufReader::new(sandbox.0.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let ready: Value = serde_json::from_str(&line)?;
    let word = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
    let (url, tenant) = (word("xero_url"), &ready["tenants"][0]["tenant_id"]);

    let http = reqwest::Client::new();
    let form = [
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", word("refresh_token")),
        ("client_id", word("client_id")),
        ("client_secret", word("client_secret")),
    ];
    let answer = http.post(format!("{url}/connect/token")).form(&form).send().await?;
    let pair: Value = serde_json::from_str(&answer.text().await?)?;

    let fault = json!({"match": {"method": "PUT"}, "fault": "drop_reply_after_write"});
    http.post(format!("{url}/_sandbox/faults"))
        .body(fault.to_string())
        .send()
        .await?;
    let invoice = json!({"Invoices": [{
        "Type": "ACCREC", "Contact": {"Name": "Riverside Bakery"}, "Status": "AUTHORISED",
        "LineItems": [{"Description": "Oven service", "Quantity": 1, "UnitAmount": 100, "AccountCode": "200"}],
    }]});
    let put = || {
        http.put(format!("{url}/api.xro/2.0/Invoices"))
            .bearer_auth(pair["access_token"].as_str().unwrap_or_default())
            .header("Xero-Tenant-Id", tenant.as_str().unwrap_or_default())
            .header("Accept", "application/json")
            .header("Idempotency-Key", "rs-1")
            .body(invoice.to_string())
            .send()
    };
    assert!(put().await.is_err(), "the answer is lost");
    let made: Value = serde_json::from_str(&put().await?.text().await?)?;

    let path = format!(
        "{url}/_sandbox/tenants/{}/documents",
        tenant.as_str().unwrap_or_default()
    );
    let documents: Value = serde_json::from_str(&http.get(path).send().await?.text().await?)?;
    assert_eq!(documents["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(documents["data"][0]["InvoiceID"], made["Invoices"][0]["InvoiceID"]);
    Ok(())
}
