//! How long after its webhook a change is in the event feed.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::clock;
use crate::figure::{Figure, count, percentile, time};
use crate::grow;
use crate::place;
use crate::run::Row;
use crate::support::{Daemon, House, until};

const TENANTS: usize = 100;
/// Webhooks to each of them, 2 s apart: an invoice that is named more than five times in 10 s is read
/// less often on purpose.
const ROUNDS: usize = 5;
/// Between two webhooks, over all organisations: 50 a second.
const EVERY: Duration = Duration::from_millis(20);
const GOAL: Duration = Duration::from_secs(1);
/// Without a call for so long, the readings that follow a start are over.
const STILL: Duration = Duration::from_secs(3);
/// After the last webhook everything must be there.
const PATIENCE: Duration = Duration::from_secs(30);

pub const ROW: Row = Row {
    name: "hooks",
    title: "From a webhook to the event feed",
    how: "100 organisations with one invoice each. Every 20 ms a payment is made in Xero on the invoice of the next organisation, and its \
          signed webhook is posted to the public listener; five to each. Measured is the time from the moment before the webhook is posted to \
          the moment a client of the feed that waits by long polls holds `payment.recorded`. 250 ms of it is the time in which webhooks are \
          folded. It begins when the readings that follow a start are over; after that the daemon reads by itself every 270 s only. Client, \
          daemon and sandbox share the machine.",
    measure,
};

/// When webhooks of an organisation were posted whose event has not come.
type Posted = std::sync::Mutex<BTreeMap<String, VecDeque<Instant>>>;

fn measure() -> Vec<Figure> {
    let mut house = place::open(TENANTS, |config| config);
    place::warm(&house);
    listen(&mut house);
    let since = quiet(&house);
    let posted = Posted::default();
    let is_over = AtomicBool::new(false);
    let (mut took, mut acknowledged) = thread::scope(|scope| {
        let following = scope.spawn(|| follow(&house, &posted, &is_over));
        let acknowledged = ring(&house, &posted);
        let ends = clock::now() + PATIENCE;
        while clock::now() < ends && posted.lock().unwrap().values().any(|open| !open.is_empty()) {
            clock::wait_until(clock::now() + Duration::from_millis(50));
        }
        is_over.store(true, Ordering::Release);
        (following.join().unwrap(), acknowledged)
    });
    assert_eq!(took.len(), TENANTS * ROUNDS, "every payment is in the feed");
    let calls = house.sandbox.calls_since(since).len();
    let p99 = percentile(&mut took, 99);
    let p50 = percentile(&mut took, 50);
    let answer = percentile(&mut acknowledged, 99);
    house.sandbox.assert_no_violations();
    vec![
        Figure::new("webhook → event in the feed, p99 of 500", time(p99))
            .goal("≤ 1 s plus Xero's own time", p99 <= GOAL)
            .beside(format!(
                "p50 {}, slowest {}",
                time(p50),
                time(percentile(&mut took, 100))
            )),
        Figure::new("webhook → its answer, p99", time(answer)).goal("≤ 1 s (Xero waits 5 s)", answer <= GOAL),
        Figure::new("calls to Xero for 500 webhooks", count(calls.try_into().unwrap())),
    ]
}

/// Waits until the readings that follow a start are over. Returns the last call's number.
fn quiet(house: &House) -> u64 {
    let mut last = house.sandbox.latest_seq();
    let mut still_since = clock::now();
    until(60, "the readings after the start", || {
        let latest = house.sandbox.latest_seq();
        if latest != last {
            (last, still_since) = (latest, clock::now());
        }
        (still_since.elapsed() > STILL).then_some(last)
    })
}

/// Starts the daemon again with a public listener.
fn listen(house: &mut House) {
    let key = house.folder().join("webhook-key");
    fs::write(&key, &house.sandbox.webhook_key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    house.config = house
        .config
        .clone()
        .set("public.listen", "127.0.0.1:0")
        .set_raw("public.webhook_key_files", &json!([key]).to_string());
    grow::stop(house);
    house.daemon = Daemon::start(&house.config);
}

/// Makes payments and posts their webhooks. Returns how long the answers took.
fn ring(house: &House, posted: &Posted) -> Vec<Duration> {
    let public = house.daemon.public();
    let ids: Vec<String> = house
        .sandbox
        .tenants
        .iter()
        .map(|tenant| {
            house.sandbox.only(tenant, "WARM")["InvoiceID"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let mut acknowledged = Vec::new();
    let began = clock::now();
    for nth in 0..TENANTS * ROUNDS {
        clock::wait_until(began + EVERY * u32::try_from(nth).unwrap());
        let at = nth % TENANTS;
        let tenant = &house.sandbox.tenants[at];
        let paid = json!({ "invoice_number": "WARM", "args": { "amount": "1.00" } });
        house.sandbox.trigger("payment.partial", tenant, &paid);
        let body = body(tenant, &ids[at], nth + 1);
        let signature = sign(&house.sandbox.webhook_key, &body);
        let now = clock::now();
        let ours = house.tenants[at].clone();
        posted.lock().unwrap().entry(ours).or_default().push_back(now);
        let answer = public.send("POST", "/xero/webhook", &[("x-xero-signature", &signature)], &body);
        assert_eq!(answer.status, 200);
        acknowledged.push(now.elapsed());
    }
    acknowledged
}

/// Follows the feed. Returns how long each payment took.
fn follow(house: &House, posted: &Posted, is_over: &AtomicBool) -> Vec<Duration> {
    let mut feed = house.daemon.feed();
    let mut took = Vec::new();
    while !is_over.load(Ordering::Acquire) {
        let events = feed.page(1);
        let now = clock::now();
        let mut posted = posted.lock().unwrap();
        for event in events.iter().filter(|event| event["type"] == "payment.recorded") {
            let tenant = event["tenant_id"].as_str().unwrap();
            let at = posted.get_mut(tenant).and_then(VecDeque::pop_front).unwrap();
            took.push(now.saturating_duration_since(at));
        }
    }
    took
}

fn body(tenant: &str, invoice: &str, number: usize) -> String {
    let event: Value = json!({
        "resourceUrl": format!("https://api.xero.com/api.xro/2.0/Invoices/{invoice}"),
        "resourceId": invoice, "eventDateUtc": "2099-01-01T00:00:00.000", "eventType": "UPDATE",
        "eventCategory": "INVOICE", "tenantId": tenant, "tenantType": "ORGANISATION",
    });
    json!({ "events": [event], "firstEventSequence": number, "lastEventSequence": number, "entropy": "X" }).to_string()
}

fn sign(key: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
