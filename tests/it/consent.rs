//! Connecting through Xero's consent page, as a person does: with a client that fills the forms.

use serde_json::{Value, json};

use crate::support::browser::open;
use crate::support::{Daemon, Empty, Sandbox, sale, until};

#[test]
fn ux_43_a_person_consents_chooses_one_of_two_organisations_and_it_works() {
    let place = Empty::new();
    let begun = place.begin(&json!({}));
    assert_eq!(begun["status"], "waiting");
    assert!(begun["expires_at"].is_string());
    let page = place.consent_page(&begun);
    assert!(
        page.answer.text.contains("accounting.invoices"),
        "the granular set is asked for"
    );
    assert!(
        !page.answer.text.contains("code_challenge\""),
        "a web app proves itself by its secret"
    );
    let page = place.come_back(&place.allow(&begun, &[0, 1]));
    page.says(200, &["Acme Ltd", "Bluebird Foods", "Not connected yet"]);
    assert!(
        !page.answer.text.contains("\" checked>\n<span><strong>Acme"),
        "nothing is chosen beforehand"
    );
    assert_eq!(place.attempt(&begun)["status"], "choosing");
    assert!(place.tenants().is_empty(), "nothing is connected before it is chosen");
    let nothing = page.answer_form(&[("decision", "connect")]);
    nothing.says(422, &["Choose at least one organisation"]);

    let done = place.choose(&page, &[1]);
    done.says(200, &["Connected: Bluebird Foods", "You can close this tab."]);
    assert!(!done.answer.text.contains("Acme"));
    let attempt = place.attempt(&begun);
    assert_eq!(
        (&attempt["status"], &attempt["tenants"][0]["name"]),
        (&json!("connected"), &json!("Bluebird Foods"))
    );
    assert_eq!(place.tenants().len(), 1);
    let again = page.answer_form(&[("decision", "connect"), ("tenant", &place.sandbox.tenants[0])]);
    again.onwards().says(200, &["Connected: Bluebird Foods"]);
    assert_eq!(place.tenants().len(), 1, "a form that is sent twice changes nothing");

    place.daemon.put(&place.ours(1), "SO-1", &sale("INV-1")).ok(201);
    place.daemon.badge(&place.ours(1), "SO-1", "synced");
    place.sandbox.assert_no_violations();
}

#[test]
fn ux_16_a_refusal_on_xeros_page_connects_nothing_and_the_next_attempt_works() {
    let place = Empty::new();
    let begun = place.begin(&json!({}));
    let back = place
        .consent_page(&begun)
        .answer_form(&[("decision", "deny")])
        .location();
    open(&back).says(
        422,
        &["There is no consent", "choose Allow access", "counterfoil connect"],
    );
    let attempt = place.attempt(&begun);
    assert_eq!(
        (&attempt["status"], &attempt["problem"]["code"]),
        (&json!("refused"), &json!("consent_refused"))
    );
    assert!(place.tenants().is_empty());
    assert_eq!(place.connect(&json!({}), &[0])["status"], "connected");
}

#[test]
fn a_state_works_once_in_time_and_only_where_it_was_made() {
    let place = Empty::new();
    let begun = place.begin(&json!({}));
    let back = place.allow(&begun, &[0]);
    let forged = back.replace("state=", "state=x");
    open(&forged).says(404, &["This sign-in was not started here", "What to do"]);
    let page = place.come_back(&back);
    open(&back).says(409, &["This sign-in was used already"]);
    // Whoever has the code and a state of their own cannot use it either.
    let (_, query) = back.split_once('?').unwrap();
    let code = query.split('&').find(|pair| pair.starts_with("code=")).unwrap();
    let other = place.begin(&json!({}));
    let url = other["authorize_url"].as_str().unwrap();
    let (_, state) = url.split_once("&state=").unwrap();
    open(&format!("{}?{code}&state={state}", back.split('?').next().unwrap()))
        .says(422, &["Xero does not take the code", "a code works once"]);
    place.choose(&page, &[0]).says(200, &["Connected: Acme Ltd"]);
    assert_eq!(place.tenants().len(), 1);
}

#[test]
fn ux_42_what_waited_goes_out_exactly_once_after_a_reconnection() {
    let place = Empty::new();
    place.connect(&json!({}), &[0, 1]);
    let ours = place.ours(0);
    place.daemon.put(&ours, "SO-1", &sale("INV-1")).ok(201);
    place.daemon.badge(&ours, "SO-1", "synced");
    place
        .sandbox
        .trigger("grant.revoke", &place.sandbox.tenants[0], &json!({}));
    place.sandbox.control("clock", &json!({"advance_s": 3_600}));
    place.daemon.put(&ours, "SO-2", &sale("INV-2")).ok(201);
    let red = place.daemon.badge(&ours, "SO-2", "failed");
    assert_eq!(red["sync"]["reason"]["code"], "connection_not_active");
    place.reaches(0, "requires_reauth");
    place.reaches(1, "requires_reauth");

    // Nobody can come back with another organisation in its place.
    let begun = place.begin(&json!({"tenant": ours}));
    let other = open(&place.allow(&begun, &[1]));
    other.says(
        409,
        &[
            "This is another organisation",
            "Acme Ltd was to be connected again",
            "Bluebird Foods instead",
        ],
    );
    assert_eq!(place.attempt(&begun)["problem"]["code"], "other_organisation");
    assert_eq!(place.state(0), "requires_reauth");

    let begun = place.begin(&json!({"tenant": ours}));
    let page = place.come_back(&place.allow(&begun, &[0]));
    page.says(200, &["Acme Ltd", "Connects again", " checked>"]);
    assert!(!page.answer.text.contains("Bluebird"), "only the one that is wanted");
    place.choose(&page, &[0]).says(200, &["Connected: Acme Ltd"]);
    place.reaches(0, "active");
    assert_eq!(place.ours(0), ours, "it keeps its id and its rows");
    place.daemon.badge(&ours, "SO-2", "synced");
    assert_eq!(place.sandbox.documents(&place.sandbox.tenants[0]).len(), 2);
    assert_eq!(
        place.sandbox.only(&place.sandbox.tenants[0], "INV-2")["versions"],
        1,
        "exactly once"
    );
    place.sandbox.assert_no_violations();
}

#[test]
fn a_second_consent_of_the_same_user_keeps_what_the_first_one_connected() {
    let place = Empty::new();
    place.connect(&json!({}), &[0]);
    place.connect(&json!({}), &[1]);
    // Longer than Xero takes a token that was replaced.
    for at in [0, 1] {
        place.sandbox.control("clock", &json!({"advance_s": 3_600}));
        let (ours, host_ref) = (place.ours(at), format!("SO-{at}"));
        place.daemon.put(&ours, &host_ref, &sale("INV-1")).ok(201);
        place.daemon.badge(&ours, &host_ref, "synced");
    }
    assert_eq!((place.state(0), place.state(1)), ("active".into(), "active".into()));
}

#[test]
fn without_a_browser_the_address_is_pasted_and_the_organisation_named() {
    let place = Empty::new();
    let begun = place.begin(&json!({"observe": true, "scopes": "legacy"}));
    assert!(
        place
            .consent_page(&begun)
            .answer
            .text
            .contains("accounting.transactions")
    );
    let back = place.allow(&begun, &[0, 1]);
    let bad = place
        .daemon
        .api
        .post("/v1/connect:complete", &json!({"redirected_url": "http://localhost/"}));
    assert_eq!((bad.status, bad.problem().as_str()), (422, "validation_failed"));
    let came = place
        .daemon
        .api
        .post("/v1/connect:complete", &json!({"redirected_url": back}))
        .ok(200);
    assert_eq!(came["organisations"].as_array().unwrap().len(), 2);
    let order = json!({"choice": came["choice"], "tenant_ids": [place.sandbox.tenants[0]]});
    let done = place.daemon.api.post("/v1/connect:choose", &order).ok(200);
    assert_eq!(done["status"], "connected");
    assert_eq!(done["tenants"][0]["auto_sync"]["enabled"], false, "it only watches");
    let replayed = place
        .daemon
        .api
        .post("/v1/connect:complete", &json!({"redirected_url": back}));
    assert_eq!(replayed.problem(), "connect_state_used");
    let guessed = json!({"choice": "guessed", "tenant_ids": [place.sandbox.tenants[1]]});
    assert_eq!(
        place.daemon.api.post("/v1/connect:choose", &guessed).problem(),
        "connect_state_unknown"
    );
    assert_eq!(place.tenants().len(), 1);
}

#[test]
fn disconnecting_ends_the_connection_at_xero_and_the_consent_with_the_last_one() {
    let place = Empty::new();
    place.connect(&json!({}), &[0, 1]);
    let before = place.connected_at_xero().len();
    let path = |at: usize| format!("/v1/tenants/{}/connection", place.ours(at));
    let ended = place.daemon.api.send("DELETE", &path(0), &[], "").ok(200);
    assert_eq!(ended["ended_at_xero"], "connection");
    assert_eq!(ended["tenant"]["connection"]["state"], "disconnected");
    assert_eq!(ended["tenant"]["connection"]["reason"], "disconnected_by_person");
    assert_eq!(place.connected_at_xero().len(), before - 1);
    place.daemon.put(&place.ours(0), "SO-1", &sale("INV-1")).ok(201);
    place.daemon.badge(&place.ours(0), "SO-1", "failed");
    place.daemon.put(&place.ours(1), "SO-1", &sale("INV-1")).ok(201);
    place.daemon.badge(&place.ours(1), "SO-1", "synced");

    let ended = place.daemon.api.send("DELETE", &path(1), &[], "").ok(200);
    assert_eq!(ended["ended_at_xero"], "consent");
    let again = place.daemon.api.send("DELETE", &path(1), &[], "").ok(200);
    assert_eq!(again["ended_at_xero"], "nothing_left", "it can be repeated");
    let grants = place.sandbox.api.get("/_sandbox/grants").ok(200);
    let ours = grants["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|grant| grant["revoked"] == true);
    assert!(ours.count() >= 1, "{grants}");

    let done = place.connect(&json!({}), &[0]);
    assert_eq!(done["tenants"][0]["id"], place.ours(0), "from scratch, with its rows");
    place.reaches(0, "active");
    assert!(
        place.sandbox.documents(&place.sandbox.tenants[0]).is_empty(),
        "what was red is history"
    );
}

#[test]
fn an_app_without_a_secret_proves_each_code_by_a_challenge() {
    let place = Empty::with(|config, sandbox| {
        let app = sandbox.control("apps", &json!({"kind": "pkce", "name": "Desk app"}));
        let config = config.set("xero.client_id", app["client_id"].as_str().unwrap());
        config.set("xero.app_type", "pkce").without("xero.client_secret_file")
    });
    let begun = place.begin(&json!({}));
    let url = begun["authorize_url"].as_str().unwrap();
    assert!(url.contains("&code_challenge_method=S256&code_challenge="), "{url}");
    let page = place.come_back(&place.allow(&begun, &[0]));
    place.choose(&page, &[0]).says(200, &["Connected: Acme Ltd"]);
    place.sandbox.control("clock", &json!({"advance_s": 3_600}));
    place.daemon.put(&place.ours(0), "SO-1", &sale("INV-1")).ok(201);
    place.daemon.badge(&place.ours(0), "SO-1", "synced");
}

#[test]
fn a_custom_connection_is_connected_without_a_person_and_keeps_getting_tokens() {
    let place = Empty::with(|config, sandbox| {
        let order = json!({"kind": "custom", "name": "Own", "tenant_id": sandbox.tenants[0]});
        let app = sandbox.control("apps", &order);
        let secret = config.path.with_file_name("custom-secret");
        std::fs::write(&secret, app["client_secret"].as_str().unwrap()).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret, private).unwrap();
        let config = config.set("xero.client_id", app["client_id"].as_str().unwrap());
        let config = config.set("xero.client_secret_file", &secret.display().to_string());
        config.set("xero.app_type", "custom")
    });
    let done = place.begin(&json!({}));
    assert_eq!(
        (&done["status"], &done["authorize_url"]),
        (&json!("connected"), &Value::Null)
    );
    assert_eq!(done["tenants"][0]["name"], "Acme Ltd");
    assert_eq!(
        place.begin(&json!({}))["tenants"][0]["id"],
        done["tenants"][0]["id"],
        "it can be repeated"
    );
    for n in 1..=2 {
        place.sandbox.control("clock", &json!({"advance_s": 3_600}));
        let (host_ref, number) = (format!("SO-{n}"), format!("INV-{n}"));
        place.daemon.put(&place.ours(0), &host_ref, &sale(&number)).ok(201);
        place.daemon.badge(&place.ours(0), &host_ref, "synced");
    }
}

/// Token calls that Xero answered well since then.
fn tokens_given(sandbox: &Sandbox, since: u64) -> usize {
    let calls = sandbox.api.get(&format!("/_sandbox/requests?since={since}")).ok(200);
    let is_given = |call: &&Value| {
        let is_whole = call["fault"].is_null() || call["fault"] == "delay";
        call["path"] == "/connect/token" && call["status"] == 200 && is_whole
    };
    calls["data"].as_array().unwrap().iter().filter(is_given).count()
}

impl Empty {
    /// The first organisation still works after longer than Xero takes a token that was replaced,
    /// and the next attempt connects the second one and doubles nothing.
    #[track_caller]
    fn goes_on(&self) {
        self.sandbox.control("clock", &json!({"advance_s": 3_600}));
        self.daemon.put(&self.ours(0), "SO-1", &sale("INV-1")).ok(201);
        self.daemon.badge(&self.ours(0), "SO-1", "synced");
        assert_eq!(self.tenants().len(), 1);
        self.connect(&json!({}), &[0, 1]);
        assert_eq!(self.tenants().len(), 2);
        assert_eq!((self.state(0), self.state(1)), ("active".into(), "active".into()));
    }
}

#[test]
fn a_kill_between_redemption_and_save_loses_and_doubles_nothing() {
    let mut place = Empty::new();
    place.connect(&json!({}), &[0]);
    let back = place.allow(&place.begin(&json!({})), &[0, 1]);
    let since = place.sandbox.latest_seq();
    // Xero redeems the code at once, and its answer does not come.
    place.sandbox.fault(&json!({
        "match": {"path": "/connect/token"}, "fault": "delay", "ms": 25_000, "times": null,
    }));
    let path = back.split_at(back.find("/xero").unwrap()).1.to_owned();
    let (api, asked) = (place.daemon.api.clone(), path.clone());
    let waiting = std::thread::spawn(move || api.try_send("GET", &asked, &[], "").is_err());
    until(30, "the code to be redeemed", || {
        (tokens_given(&place.sandbox, since) > 0).then_some(())
    });
    place.daemon.process.kill();
    assert!(waiting.join().unwrap(), "nobody was answered");
    place.sandbox.heal();
    let since = place.sandbox.latest_seq();
    place.daemon = Daemon::start_as_written(&place.config);
    until(30, "what was connected to be made sure of", || {
        (tokens_given(&place.sandbox, since) > 0).then_some(())
    });
    let back = format!("http://{}{path}", place.daemon.api.addr);
    open(&back).says(404, &["This sign-in was not started here", "restarted meanwhile"]);
    place.goes_on();
}

#[test]
fn a_lost_answer_to_a_code_costs_nothing_that_was_connected() {
    let place = Empty::new();
    place.connect(&json!({}), &[0]);
    let begun = place.begin(&json!({}));
    let back = place.allow(&begun, &[0, 1]);
    let since = place.sandbox.latest_seq();
    place.sandbox.fault(&json!({
        "match": {"path": "/connect/token"}, "fault": "drop_reply_after_write", "times": 1,
    }));
    open(&back).says(504, &["Xero did not answer in time"]);
    assert_eq!(place.attempt(&begun)["status"], "refused");
    until(30, "what was connected to be made sure of", || {
        (tokens_given(&place.sandbox, since) > 0).then_some(())
    });
    place.goes_on();
}
