//! The simulated Xero as its own process.

use rustix::process::Signal;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::api::Api;
use super::process::Process;
use super::wait::until;

/// A running sandbox.
pub struct Sandbox {
    /// Its address.
    pub url: String,
    /// Its control surface, and everything else.
    pub api: Api,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
    /// What it signs webhooks with.
    pub webhook_key: String,
    /// The grant's token, until it is used.
    pub refresh_token: String,
    /// Its organisations: Xero's ids.
    pub tenants: Vec<String>,
    /// The process, which ends with this; none in a demo.
    process: Option<Process>,
}

/// A document, as far as tests look at it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    #[serde(rename = "InvoiceID")]
    pub invoice_id: String,
    #[serde(rename = "Type")]
    pub kind: String,
    #[serde(default)]
    pub invoice_number: String,
    pub status: String,
    #[serde(default)]
    pub url: Option<String>,
    pub sub_total: Box<RawValue>,
    pub total_tax: Box<RawValue>,
    pub total: Box<RawValue>,
    #[serde(rename = "versions")]
    pub versions: u32,
}

/// Starts the process and waits for what it says first.
fn launch(port: &str, more: &[&str]) -> (Process, Value) {
    let args = [&["sandbox", "--port", port, "--json"], more].concat();
    let mut process = Process::start("the sandbox", &args, &[]);
    let ready = until(30, "the sandbox", || {
        assert!(process.is_running(), "{:?}", process.log.all());
        process.out.all().into_iter().next()
    });
    (process, serde_json::from_str(&ready).unwrap())
}

/// The rows of `/_sandbox/tenants/{id}/documents`.
pub type Documents = Vec<Document>;

impl Document {
    /// Our marker in its address.
    pub fn marker(&self) -> Option<&str> {
        let (_, query) = self.url.as_deref()?.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix("cf="))
    }
}

impl Sandbox {
    /// Starts one on a free port.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with further arguments.
    pub fn start_with(more: &[&str]) -> Self {
        let (process, ready) = launch("0", more);
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let tenants = ready["tenants"].as_array().unwrap();
        Self {
            url: text("xero_url"),
            api: Api::new(&text("xero_url"), None),
            client_id: text("client_id"),
            client_secret: text("client_secret"),
            webhook_key: text("webhook_key"),
            refresh_token: text("refresh_token"),
            tenants: tenants
                .iter()
                .map(|tenant| tenant["tenant_id"].as_str().unwrap().to_owned())
                .collect(),
            process: Some(process),
        }
    }

    /// The sandbox inside a demo.
    pub fn of_demo(url: &str) -> Self {
        let api = Api::new(url, None);
        let tenants = api.get("/_sandbox/tenants").ok(200);
        let tenants = tenants["data"].as_array().unwrap();
        Self {
            url: url.to_owned(),
            client_id: String::new(),
            client_secret: String::new(),
            webhook_key: String::new(),
            refresh_token: String::new(),
            tenants: tenants
                .iter()
                .map(|tenant| tenant["tenant_id"].as_str().unwrap().to_owned())
                .collect(),
            api,
            process: None,
        }
    }

    /// One more organisation of the same consent.
    #[track_caller]
    pub fn found(&mut self, name: &str) {
        let founded = self.control("tenants", &json!({"name": name}));
        self.tenants.push(founded["tenant_id"].as_str().unwrap().to_owned());
    }

    /// Ends its process without any warning.
    pub fn kill(&mut self) {
        self.process.as_mut().unwrap().kill();
    }

    /// Starts it again where it was, with the history it was started with.
    pub fn start_again(&mut self, history: &str) {
        let (_, port) = self.url.rsplit_once(':').unwrap();
        let (process, ready) = launch(port, &["--history", history]);
        assert_eq!(ready["client_id"], self.client_id, "another world");
        self.process = Some(process);
    }

    /// Sends its process a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.as_ref().unwrap().signal(signal);
    }

    /// Posts to the control surface.
    #[track_caller]
    pub fn control(&self, path: &str, body: &Value) -> Value {
        let answer = self.api.post(&format!("/_sandbox/{path}"), body);
        assert!(answer.status < 300, "{path} {body}: {}", answer.text);
        answer.json()
    }

    /// Adds a fault. Returns its id.
    #[track_caller]
    pub fn fault(&self, rule: &Value) -> String {
        self.control("faults", rule)["id"].as_str().unwrap().to_owned()
    }

    /// Removes every fault.
    pub fn heal(&self) {
        self.api.send("DELETE", "/_sandbox/faults", &[], "").ok(200);
    }

    /// Lets something happen inside Xero.
    #[track_caller]
    pub fn trigger(&self, scenario: &str, tenant: &str, more: &Value) -> Value {
        let mut body = json!({"scenario": scenario, "tenant_id": tenant});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.control("trigger", &body)
    }

    /// A tenant's documents of a type, as JSON.
    #[track_caller]
    pub fn rows(&self, tenant: &str, kind: &str) -> Vec<Value> {
        let path = format!("/_sandbox/tenants/{tenant}/documents?type={kind}");
        self.api.get(&path).ok(200)["data"].as_array().unwrap().clone()
    }

    /// A tenant's invoices, with exact amounts.
    #[track_caller]
    pub fn documents(&self, tenant: &str) -> Documents {
        #[derive(Deserialize)]
        struct Page {
            data: Documents,
        }
        let path = format!("/_sandbox/tenants/{tenant}/documents?type=invoices");
        let answer = self.api.get(&path);
        assert_eq!(answer.status, 200, "{}", answer.text);
        serde_json::from_str::<Page>(&answer.text).unwrap().data
    }

    /// The one invoice with this number, as JSON.
    #[track_caller]
    pub fn only(&self, tenant: &str, number: &str) -> Value {
        let mut found = self.rows(tenant, "invoices");
        found.retain(|row| row["InvoiceNumber"] == number);
        assert_eq!(found.len(), 1, "documents numbered {number}: {found:#?}");
        found.remove(0)
    }

    /// The accounting calls behind this place.
    #[track_caller]
    pub fn calls_since(&self, seq: u64) -> Vec<Value> {
        let all = self.api.get(&format!("/_sandbox/requests?since={seq}")).ok(200);
        let is_accounting = |call: &&Value| {
            let path = call["path"].as_str().unwrap().to_ascii_lowercase();
            path.starts_with("/api.xro/")
        };
        all["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_accounting)
            .cloned()
            .collect()
    }

    /// The place of the latest call.
    #[track_caller]
    pub fn latest_seq(&self) -> u64 {
        let all = self.api.get("/_sandbox/requests").ok(200);
        let last = all["data"].as_array().unwrap().last().cloned();
        last.map_or(0, |call| call["seq"].as_u64().unwrap())
    }

    /// Fails when the daemon did anything Xero does not allow.
    #[track_caller]
    pub fn assert_no_violations(&self) {
        let violations = self.api.get("/_sandbox/violations").ok(200);
        assert_eq!(violations["data"], json!([]), "violations");
    }
}
