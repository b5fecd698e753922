//! The five states of a connection: each is reached, says what it means and what resolves it, and is
//! left; what waited meanwhile goes out exactly once.

use serde_json::{Value, json};

use crate::support::{Empty, sale, until};

/// A connection that was green once, and what it says now.
struct Place {
    house: Empty,
    ours: String,
    theirs: String,
    documents: usize,
}

impl Place {
    fn new() -> Self {
        let house = Empty::new();
        house.connect(&json!({}), &[0]);
        let (ours, theirs) = (house.ours(0), house.sandbox.tenants[0].clone());
        let mut place = Self {
            house,
            ours,
            theirs,
            documents: 0,
        };
        place.goes_out("FIRST");
        place
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}{rest}", self.ours)
    }

    fn tenant(&self) -> Value {
        self.house.daemon.api.get(&self.path("")).ok(200)
    }

    fn put(&self, name: &str) -> Value {
        self.house.daemon.put(&self.ours, name, &sale(name)).ok(201)
    }

    /// A document that is written now is in Xero soon, once.
    fn goes_out(&mut self, name: &str) {
        self.put(name);
        self.arrives(name);
    }

    fn arrives(&mut self, name: &str) {
        self.house.daemon.badge(&self.ours, name, "synced");
        self.documents += 1;
        assert_eq!(self.house.sandbox.documents(&self.theirs).len(), self.documents);
        assert_eq!(self.house.sandbox.only(&self.theirs, name)["versions"], 1);
    }

    /// A document that is written now is kept, red, and tells what stands in the way.
    fn waits(&self, name: &str, state: &str, words: &str) {
        self.put(name);
        let red = self.house.daemon.badge(&self.ours, name, "failed");
        let reason = &red["sync"]["reason"];
        assert_eq!(
            (&reason["code"], &reason["title"]),
            (&json!("connection_not_active"), &json!("Connection not active"))
        );
        let detail = reason["detail"].as_str().unwrap();
        assert!(detail.contains(state) && detail.contains(words), "{detail}");
        assert_eq!(self.house.sandbox.documents(&self.theirs).len(), self.documents);
    }

    /// The state as the organisation, the whole and the command line show it.
    fn shows(&self, state: &str, action: &str, banner: &str) {
        self.house.reaches(0, state);
        let shown = &self.tenant()["connection"];
        assert_eq!(
            (&shown["actions"], &shown["resolve"]["action"]),
            (&json!([action]), &json!(action)),
            "{shown:#}"
        );
        assert!(shown["banner"].as_str().unwrap().contains(banner), "{shown:#}");
        let status = self.house.daemon.api.get("/v1/status").ok(200);
        let warning = &status["warnings"][0];
        assert!(warning["message"].as_str().unwrap().contains(state), "{status:#}");
        let fix = warning["fix"].as_str().unwrap();
        assert!(fix.contains("counterfoil tenants resolve 'Acme Ltd'"), "{fix}");
    }

    fn is_active(&self) {
        self.house.reaches(0, "active");
        let shown = &self.tenant()["connection"];
        assert_eq!(
            (&shown["actions"], &shown["banner"], &shown["resolve"]),
            (&json!([]), &Value::Null, &Value::Null)
        );
    }

    fn resolve(&self) -> Value {
        let path = self.path("/connection:resolve");
        self.house.daemon.api.post(&path, &json!({})).ok(200)
    }

    /// Follows the link that resolves the state, allows the organisation and chooses it.
    fn reconnect(&self, action: &str) {
        let told = self.resolve();
        assert_eq!(told["action"], action, "{told:#}");
        let begun = &told["connect"];
        assert_eq!(told["url"], begun["authorize_url"]);
        let page = self.house.come_back(&self.house.allow(begun, &[0]));
        self.house.choose(&page, &[0]).says(200, &["Connected: Acme Ltd"]);
    }
}

#[test]
fn ux_55_credits_that_are_used_up_hold_what_is_written_and_a_top_up_sends_it_once() {
    let mut place = Place::new();
    let credits = place.path("/credits");
    let api = &place.house.daemon.api;
    let set = |body: &Value| api.put(&credits, body);
    let url = "https://app.example.com/billing";
    let told = set(&json!({"left": 2, "top_up_url": url})).ok(200);
    assert_eq!(told, json!({"state": "available", "left": 2, "top_up_url": url}));
    for bad in [
        json!({}),
        json!({"left": -1}),
        json!({"left": 1, "state": "available"}),
        json!({"state": "enough"}),
        json!({"left": 1, "top_up_url": "here"}),
    ] {
        let refused = set(&bad);
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (422, "validation_failed"),
            "{bad}"
        );
    }
    let nothing = api.post(&place.path("/connection:resolve"), &json!({}));
    assert_eq!(
        (nothing.status, nothing.problem().as_str()),
        (409, "nothing_to_resolve")
    );

    place.put("SECOND");
    place.put("THIRD");
    place.arrives_both();
    place.shows(
        "pending_credits",
        "top_up",
        "The sync credits of this organisation are used up",
    );
    assert_eq!(place.tenant()["credits"]["state"], "used_up");
    assert_eq!(place.resolve()["url"], url);
    place.waits("FOURTH", "pending_credits", "Top up the credits");
    // Reading goes on.
    let paid = json!({"invoice_number": "FIRST", "args": {"amount": "5.00"}});
    place.house.sandbox.trigger("payment.partial", &place.theirs, &paid);
    let refresh = json!({"window": "15m"});
    place.house.daemon.api.post(&place.path("/refreshes"), &refresh).ok(202);
    until(20, "the payment to be here", || {
        let shown = place.house.daemon.invoice(&place.ours, "FIRST");
        (shown["totals"]["amount_paid"] == "5.00").then_some(())
    });

    place.house.daemon.api.put(&credits, &json!({"left": null})).ok(200);
    place.arrives("FOURTH");
    place.is_active();
    place.house.sandbox.assert_no_violations();
}

impl Place {
    fn arrives_both(&mut self) {
        self.house.daemon.badge(&self.ours, "SECOND", "synced");
        self.house.daemon.badge(&self.ours, "THIRD", "synced");
        self.documents += 2;
    }
}

#[test]
fn ux_55_every_other_state_says_what_it_means_and_its_link_resolves_it() {
    let mut place = Place::new();
    // The consent is revoked.
    place.house.sandbox.trigger("grant.revoke", &place.theirs, &json!({}));
    place.house.sandbox.control("clock", &json!({"advance_s": 3_600}));
    place.waits("SECOND", "requires_reauth", "Reconnect to Xero");
    place.shows("requires_reauth", "reconnect", "Xero no longer accepts the consent");
    place.reconnect("reconnect");
    place.arrives("SECOND");
    place.is_active();

    // The organisation removes the app.
    place
        .house
        .sandbox
        .trigger("connection.revoke", &place.theirs, &json!({}));
    place.put("THIRD");
    place.house.reaches(0, "grace_period");
    place.waits("FOURTH", "grace_period", "Xero connection has been dropped");
    place.shows("grace_period", "reconnect", "Xero connection has been dropped");
    let shown = &place.tenant()["connection"];
    assert_eq!(shown["reason"], "app_revoked");
    assert!(shown["expires_at"].is_string(), "{shown:#}");
    place.reconnect("reconnect");
    place.house.daemon.badge(&place.ours, "THIRD", "synced");
    place.house.daemon.badge(&place.ours, "FOURTH", "synced");
    place.documents += 2;
    place.is_active();

    // A person ends it: what is written then is kept, red, and history afterwards.
    let path = place.path("/connection");
    place.house.daemon.api.send("DELETE", &path, &[], "").ok(200);
    place.waits("FIFTH", "disconnected", "Reconnect from scratch");
    place.shows("disconnected", "reconnect_from_scratch", "The connection was ended");
    place.reconnect("reconnect_from_scratch");
    place.is_active();
    let operation = place.house.daemon.resync(&place.ours, "FIFTH");
    assert_eq!(place.house.daemon.operation(&operation)["state"], "succeeded");
    place.arrives("FIFTH");
    place.goes_out("SIXTH");
    place.house.sandbox.assert_no_violations();
}

#[test]
fn ux_20a_credits_are_remembered_over_a_reconnection_and_a_restart() {
    let mut place = Place::new();
    let credits = place.path("/credits");
    place
        .house
        .daemon
        .api
        .put(&credits, &json!({"state": "used_up"}))
        .ok(200);
    place.house.sandbox.trigger("grant.revoke", &place.theirs, &json!({}));
    place.house.sandbox.control("clock", &json!({"advance_s": 3_600}));
    let refresh = json!({"window": "15m"});
    place.house.daemon.api.post(&place.path("/refreshes"), &refresh).ok(202);
    place.shows("requires_reauth", "reconnect", "Xero connection has been dropped");
    place.reconnect("reconnect");
    place.waits("SECOND", "pending_credits", "Top up the credits");
    place.house.daemon.process.kill();
    place.house.daemon = crate::support::Daemon::start(&place.house.config);
    place.shows("pending_credits", "top_up", "nothing is sent");
    place
        .house
        .daemon
        .api
        .put(&credits, &json!({"state": "available"}))
        .ok(200);
    place.arrives("SECOND");
    place.is_active();
}
