//! Requests about consent and tokens, with the tokens and codes of the moment or with none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use counterfoil::sandbox::Request;

use super::body;
use super::draw::Draw;
use super::held::{ACCESS, CODE, CONNECTION, OTHER, REFRESH};
use super::query::percent_encoded;
use super::request::{App, Known, METHODS, headers};

/// A verifier, and its challenge of the method S256.
const PROOF: (&str, &str) = (
    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv",
    "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM",
);

const PLACES: [&str; 8] = [
    "http://localhost/cb",
    "http://localhost/cb",
    "http://localhost/cb",
    "https://example.com/cb?a=1",
    "http://localhost/#f",
    "javascript:alert(1)",
    "http://localhost/\r\nSet-Cookie: a=1",
    "",
];

const SCOPES: [&str; 8] = [
    "offline_access accounting.transactions",
    "openid profile email offline_access accounting.invoices accounting.payments",
    "offline_access accounting.contacts.read accounting.settings",
    "accounting.contacts",
    "openid",
    "accounting.nope",
    "offline_access\u{1F600}",
    "",
];

/// A request to the places that stand before the API.
pub fn identity(draw: &mut Draw, known: &Known) -> Request {
    let (method, path, form) = match draw.below(16) {
        0..=5 => ("POST", "/connect/token".to_owned(), token(draw, known)),
        6..=8 => ("GET", authorize(draw), ask(draw, known)),
        9..=11 => {
            let mut form = ask(draw, known);
            form.push(("decision", draw.one(&["allow", "allow", "deny", ""]).to_owned()));
            for _ in 0..draw.below(3) {
                form.push(("tenant", draw.one(&known.tenants)));
            }
            ("POST", authorize(draw), form)
        }
        12 => {
            let event = [("authEventId", known.id(draw, "authEventId"))];
            (
                "GET",
                draw.one(&["/connections", "/Connections"]).to_owned(),
                event[draw.below(2)..].to_vec(),
            )
        }
        13 => (
            "DELETE",
            format!("/connections/{}", connection(draw, known)),
            Vec::new(),
        ),
        14 => ("POST", "/connect/revocation".to_owned(), revocation(draw, known)),
        _ => ("GET", "/.well-known/openid-configuration".to_owned(), Vec::new()),
    };
    let method = if draw.percent(97) { method } else { draw.one(&METHODS) };
    let mut form = encoded(&form).into_bytes();
    if draw.percent(15) {
        body::spoil(draw, &mut form);
    }
    let mut headers = headers(draw, known);
    if path.starts_with("/connect/") {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        let App { id, secret } = app(draw, known);
        if draw.percent(30) {
            let pair = STANDARD.encode(format!("{id}:{secret}"));
            headers.push(("Authorization".to_owned(), format!("Basic {pair}")));
        }
    }
    let is_query = method == "GET" || draw.percent(5);
    Request {
        method: method.to_owned(),
        path,
        query: if is_query {
            String::from_utf8_lossy(&form).into_owned()
        } else {
            String::new()
        },
        headers,
        body: if is_query { bytes::Bytes::new() } else { form.into() },
    }
}

/// Mostly the first app, now and then another one or none.
fn app(draw: &mut Draw, known: &Known) -> App {
    match draw.below(12) {
        0 => App {
            id: "nobody".to_owned(),
            secret: String::new(),
        },
        1 => App {
            secret: "wrong".to_owned(),
            ..draw.one(&known.apps)
        },
        2..=4 => draw.one(&known.apps),
        _ => known.apps[0].clone(),
    }
}

fn token(draw: &mut Draw, known: &Known) -> Vec<(&'static str, String)> {
    let App { id, secret } = app(draw, known);
    let mut form = vec![("client_id", id), ("client_secret", secret)];
    let grant = draw.one(&[
        "refresh_token",
        "refresh_token",
        "authorization_code",
        "authorization_code",
        "client_credentials",
        "nope",
    ]);
    form.push(("grant_type", grant.to_owned()));
    match grant {
        "refresh_token" => {
            let stranger = draw.stranger();
            let token = draw.one(&[REFRESH, REFRESH, REFRESH, ACCESS, &stranger]).to_owned();
            form.push(("refresh_token", token));
        }
        "authorization_code" => {
            let stranger = draw.stranger();
            form.push(("code", draw.one(&[CODE, CODE, CODE, &stranger]).to_owned()));
            form.push(("redirect_uri", draw.one(&PLACES).to_owned()));
            if draw.percent(60) {
                form.push(("code_verifier", draw.one(&[PROOF.0, PROOF.0, PROOF.1, "v"]).to_owned()));
            }
        }
        _ if draw.percent(40) => form.push(("scope", draw.one(&SCOPES).to_owned())),
        _ => {}
    }
    form
}

fn authorize(draw: &mut Draw) -> String {
    draw.one(&[
        "/identity/connect/authorize",
        "/connect/authorize",
        "/Identity/Connect/Authorize/",
    ])
    .to_owned()
}

fn ask(draw: &mut Draw, known: &Known) -> Vec<(&'static str, String)> {
    let app = app(draw, known).id;
    let mut form = vec![
        ("client_id", app),
        (
            "response_type",
            draw.one(&["code", "code", "code", "token", ""]).to_owned(),
        ),
        ("redirect_uri", draw.one(&PLACES).to_owned()),
        ("scope", draw.one(&SCOPES).to_owned()),
        (
            "state",
            draw.one(&["s", "\r\nX: y", "<script>", "\u{1F600}", ""]).to_owned(),
        ),
    ];
    if draw.percent(40) {
        form.push(("code_challenge", draw.one(&[PROOF.1, PROOF.1, "x"]).to_owned()));
        form.push(("code_challenge_method", draw.one(&["S256", "S256", "plain"]).to_owned()));
    }
    if draw.percent(20) {
        form.push(("nonce", "n\"}".to_owned()));
    }
    form
}

fn connection(draw: &mut Draw, known: &Known) -> String {
    match draw.below(4) {
        0 => draw.one(&known.tenants),
        1 => known.id(draw, "authEventId"),
        _ => CONNECTION.to_owned(),
    }
}

fn revocation(draw: &mut Draw, known: &Known) -> Vec<(&'static str, String)> {
    let App { id, secret } = app(draw, known);
    let token = draw.one(&[REFRESH, ACCESS, OTHER, "nothing", ""]).to_owned();
    vec![("client_id", id), ("client_secret", secret), ("token", token)]
}

/// Tokens of the moment stay readable, so that they can be put in.
fn encoded(form: &[(&str, String)]) -> String {
    let pair = |(name, value): &(&str, String)| {
        let value = match value.as_str() {
            held if held.starts_with('<') && held.ends_with('>') && held != "<script>" => held.to_owned(),
            other => percent_encoded(other.as_bytes()),
        };
        format!("{name}={value}")
    };
    form.iter().map(pair).collect::<Vec<_>>().join("&")
}
