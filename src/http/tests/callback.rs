//! The callback page over the double.

use std::sync::Arc;

use bytes::Bytes;

use super::double::House;
use crate::http::callback::{CALLBACK_PATH, Callback};
use crate::http::state::{Access, Mount, MountedReply, MountedRequest};

struct Visit {
    status: u16,
    headers: Vec<(String, String)>,
    html: String,
}

fn visit(house: &Arc<House>, method: &str, query: &str, body: &str) -> Visit {
    let control: Arc<dyn crate::actors::control::Control> = house.clone();
    let callback = Callback(control);
    assert_eq!(callback.accepts(method, CALLBACK_PATH), Some((Access::Open, 64 << 10)));
    let request = MountedRequest {
        method: method.into(),
        path: CALLBACK_PATH.into(),
        query: query.into(),
        headers: Vec::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        caller: "open".into(),
    };
    let MountedReply { status, headers, body } =
        futures_util::FutureExt::now_or_never(callback.answer(request)).unwrap();
    Visit {
        status,
        headers,
        html: String::from_utf8(body.to_vec()).unwrap(),
    }
}

impl Visit {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    #[track_caller]
    fn says(&self, status: u16, texts: &[&str]) {
        assert_eq!(self.status, status, "{}", self.html);
        for text in texts {
            assert!(self.html.contains(text), "{text} is not in {}", self.html);
        }
    }
}

#[test]
fn only_two_requests_are_answered() {
    let callback = Callback(House::new());
    for (method, path) in [("PUT", CALLBACK_PATH), ("GET", "/xero/callback/"), ("GET", "/xero")] {
        assert!(callback.accepts(method, path).is_none(), "{method} {path}");
    }
}

#[test]
fn a_code_leads_to_a_page_that_can_be_reloaded_and_names_it_no_more() {
    let came = visit(&House::new(), "GET", "code=c-1&scope=x&state=good", "");
    assert_eq!((came.status, came.header("location")), (303, "callback?choice=ticket"));
    let page = visit(&House::new(), "GET", "choice=ticket", "");
    page.says(200, &["Choose organisations", "Again Ltd", "Connects again"]);
    assert!(!page.html.contains("c-1"));
}

#[test]
fn names_are_shown_as_text_and_nothing_but_the_page_itself_is_allowed() {
    let page = visit(&House::new(), "GET", "choice=ticket", "");
    page.says(200, &["&lt;b&gt;&quot;Smith&quot; &amp; Sons&#39;&lt;/b&gt;"]);
    assert!(!page.html.contains("<b>") && !page.html.contains("<script") && !page.html.contains(" style="));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("frame-ancestors 'none'"));
    let (_, rest) = page.html.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(style.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
    assert!(policy.contains(&hash), "the style is the one that is allowed");
}

#[test]
fn of_several_organisations_only_those_are_ticked_that_connect_again() {
    let page = visit(&House::new(), "GET", "choice=ticket", "");
    let ticked: Vec<&str> = page
        .html
        .lines()
        .filter(|line| line.contains("\"tenant\"") && line.contains(" checked"))
        .collect();
    assert_eq!(ticked.len(), 1);
    assert!(ticked[0].contains("Again Ltd"));
}

#[test]
fn what_is_chosen_is_connected_and_nothing_is_not() {
    let house = House::new();
    let one = "00000000-0000-0000-0000-000000000001";
    let nothing = visit(&house, "POST", "", "choice=ticket&decision=connect&sending=auto");
    nothing.says(422, &["Choose at least one organisation, or cancel."]);
    let strange = visit(&house, "POST", "", "choice=ticket&decision=connect&tenant=x");
    assert_eq!(strange.status, 422);
    assert!(house.rows().chosen.is_empty());
    let chosen = visit(
        &house,
        "POST",
        "",
        &format!("choice=ticket&tenant={one}&sending=observe&decision=connect"),
    );
    assert_eq!(
        (chosen.status, chosen.header("location")),
        (303, "callback?choice=ticket")
    );
    let cancelled = visit(
        &house,
        "POST",
        "",
        &format!("choice=ticket&tenant={one}&decision=cancel"),
    );
    assert_eq!(cancelled.status, 303);
    let rows = house.rows();
    assert_eq!(rows.chosen[0], (vec![one.parse().unwrap()], true));
    assert_eq!(rows.chosen[1], (Vec::new(), false));
}

#[test]
fn ux_20_each_way_to_fail_has_its_own_page_with_the_next_step() {
    let house = House::new();
    let cases = [
        ("error=access_denied&state=good", 422, "There is no consent"),
        ("code=c&state=used", 409, "This sign-in was used already"),
        ("code=c&state=late", 410, "This sign-in has expired"),
        ("code=c&state=other", 404, "This sign-in was not started here"),
        ("choice=guessed", 404, "This sign-in was not started here"),
    ];
    for (query, status, title) in cases {
        let page = visit(&house, "GET", query, "");
        page.says(status, &[title, "What to do", "counterfoil connect"]);
    }
    for query in ["", "code=c", "state=good", "code=%zz&state=good"] {
        visit(&house, "GET", query, "").says(400, &["There is nothing to do here", "counterfoil connect"]);
    }
    let forged = visit(
        &house,
        "POST",
        "",
        "choice=guessed&tenant=00000000-0000-0000-0000-000000000001&decision=connect",
    );
    forged.says(404, &["This sign-in was not started here"]);
    visit(&house, "POST", "", "tenant=x").says(400, &["There is nothing to do here"]);
}
