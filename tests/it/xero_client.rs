//! The client against a scripted socket: what goes over the wire, and what each way of failing
//! there becomes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use counterfoil::model::failure::{Failure, FailureKind, Limit, Received, Remedy};
use counterfoil::model::ids::{XeroInvoiceId, XeroTenantId};
use counterfoil::model::secret::{ExposeSecret, SecretString};
use counterfoil::model::xero::{Answer, Reply, Request, WriteTarget};
use counterfoil::xero::api::{Identity, XeroApi};
use counterfoil::xero::client::{AppProof, ClientError, ClientSettings, Timeouts, XeroClient, install_tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

const CANARY: &str = "canary-7d1f";

/// What the server does with a request.
#[derive(Debug, Clone)]
enum Act {
    /// Sends these bytes and keeps the connection.
    Send(Vec<u8>),
    /// Sends these bytes and closes.
    SendAndClose(Vec<u8>),
    /// Closes without an answer.
    Close,
    /// Never answers.
    Hang,
}

/// A server that does one act a request, in order, and keeps what it was sent.
struct Scripted {
    address: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    connections_count: usize,
    requests: Vec<String>,
}

impl Scripted {
    async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let acts = Arc::new(Mutex::new(acts.into_iter()));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections_count += 1;
                tokio::spawn(serve(stream, Arc::clone(&acts), Arc::clone(&shared)));
            }
        });
        Self { address, seen }
    }

    fn client(&self) -> XeroClient {
        client(&format!("http://{}", self.address))
    }

    fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }

    fn connections_count(&self) -> usize {
        self.seen.lock().unwrap().connections_count
    }
}

async fn serve(mut stream: TcpStream, acts: Arc<Mutex<std::vec::IntoIter<Act>>>, seen: Arc<Mutex<Seen>>) {
    while let Some(request) = read_request(&mut stream).await {
        seen.lock().unwrap().requests.push(request);
        let act = acts.lock().unwrap().next().unwrap_or(Act::Close);
        match act {
            Act::Send(bytes) => stream.write_all(&bytes).await.unwrap(),
            Act::SendAndClose(bytes) => {
                let _gone_is_fine = stream.write_all(&bytes).await;
                return;
            }
            Act::Close => return,
            Act::Hang => std::future::pending().await,
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| {
                    line.strip_prefix("content-length: ")
                        .map(|n| n.parse::<usize>().unwrap())
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn client(base: &str) -> XeroClient {
    install_tls();
    XeroClient::new(ClientSettings {
        api_url: format!("{base}/"),
        identity_url: base.to_owned(),
        client_id: "id".into(),
        proof: AppProof::Secret(SecretString::from(format!("secret-{CANARY}"))),
        timeouts: Timeouts {
            connect: Duration::from_secs(1),
            read: Duration::from_secs(1),
            write: Duration::from_secs(2),
            unacknowledged: Duration::from_secs(5),
        },
    })
    .unwrap()
}

fn tenant() -> XeroTenantId {
    XeroTenantId(Uuid::from_u128(11))
}

fn write() -> Request {
    Request::Write {
        target: WriteTarget::CreateInvoices,
        body: Bytes::from_static(br#"{"Invoices":[{"InvoiceNumber":"1"}]}"#),
        key: "cf-key-1".into(),
    }
}

async fn call(client: &XeroClient, request: Request) -> Answer {
    client
        .call(tenant(), SecretString::from(format!("token-{CANARY}")), request)
        .await
}

fn failed(answer: Answer) -> Failure {
    let failure = answer.result.unwrap_err();
    assert!(!format!("{failure:?}").contains(CANARY));
    failure
}

#[tokio::test]
async fn a_write_goes_out_as_it_was_frozen() {
    let body = r#"{"Invoices":[{"InvoiceID":"8a3fdcc9-83eb-4fdd-83e0-52ec1b40b072","Total":1.50}]}"#;
    let server = Scripted::start(vec![Act::Send(http("200 OK", "X-MinLimit-Remaining: 57\r\n", body))]).await;
    let answer = call(&server.client(), write()).await;
    assert!(matches!(answer.result, Ok(Reply::Written(elements)) if elements.len() == 1));
    assert_eq!(answer.meta.minute_remaining, Some(57));
    assert_eq!(answer.meta.bytes_count, u64::try_from(body.len()).unwrap());
    let request = server.requests().remove(0);
    let (head, sent) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("PUT /api.xro/2.0/Invoices?summarizeErrors=false&unitdp=4 HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(sent, r#"{"Invoices":[{"InvoiceNumber":"1"}]}"#);
    let head = head.to_ascii_lowercase();
    for line in [
        "idempotency-key: cf-key-1",
        "content-type: application/json",
        "accept: application/json",
        &format!("authorization: bearer token-{CANARY}"),
        &format!("xero-tenant-id: {}", tenant()),
        &format!("user-agent: counterfoil/{}", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(head.lines().any(|found| found == line), "{line} is missing in {head}");
    }
}

#[tokio::test]
async fn writes_never_share_a_connection_and_reads_do() {
    let organisations = http("200 OK", "", r#"{"Organisations":[{"BaseCurrency":"GBP"}]}"#);
    let server = Scripted::start(vec![Act::Send(organisations.clone()), Act::Send(organisations)]).await;
    let client = server.client();
    for _ in 0..2 {
        assert!(call(&client, Request::Organisation).await.result.is_ok());
    }
    assert_eq!(server.connections_count(), 1);
    let written = http("200 OK", "", r#"{"Invoices":[]}"#);
    let server = Scripted::start(vec![Act::Send(written.clone()), Act::Send(written)]).await;
    let client = server.client();
    for _ in 0..2 {
        assert!(call(&client, write()).await.result.is_ok());
    }
    assert_eq!(server.connections_count(), 2);
}

#[tokio::test]
async fn a_refused_connection_was_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = failed(call(&client(&base), write()).await);
    assert_eq!(
        (failure.kind, failure.received),
        (FailureKind::Unavailable, Received::No)
    );
}

#[tokio::test]
async fn an_unknown_name_was_never_sent() {
    let failure = failed(call(&client("http://no-such-host.invalid"), write()).await);
    assert_eq!(
        (failure.kind, failure.received),
        (FailureKind::Unavailable, Received::No)
    );
}

#[tokio::test]
async fn a_server_without_tls_was_never_told_anything() {
    let server = Scripted::start(vec![]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let mut rest = Vec::new();
        let _reset_is_fine = stream.read_to_end(&mut rest).await;
    });
    let failure = failed(call(&client(&base), write()).await);
    assert_eq!(failure.received, Received::No);
    assert_eq!(failure.message, "xero's certificate could not be verified");
    assert_eq!(server.connections_count(), 0);
}

#[tokio::test]
async fn whatever_breaks_after_sending_is_unknown_and_sent_once() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Invoices\":[".to_vec();
    let half_head = b"HTTP/1.1 200 OK\r\nContent-Le".to_vec();
    let not_http = b"SSH-2.0-OpenSSH_9.6\r\n".to_vec();
    let bad_gzip = http("200 OK", "Content-Encoding: gzip\r\n", "this is not gzip");
    for (act, status) in [
        (Act::Close, None),
        (Act::SendAndClose(half_head), None),
        (Act::SendAndClose(not_http), None),
        (Act::SendAndClose(cut), Some(200)),
        (Act::Send(bad_gzip), Some(200)),
        (Act::Hang, None),
    ] {
        let server = Scripted::start(vec![act.clone(), Act::Close]).await;
        let failure = failed(call(&server.client(), write()).await);
        assert_eq!(failure.received, Received::Unknown, "{act:?}");
        assert_eq!(failure.status, status, "{act:?}");
        assert_eq!(failure.remedy, Remedy::RetryWithBackoff, "{act:?}");
        assert_eq!(server.requests().len(), 1, "{act:?}");
    }
}

#[tokio::test]
async fn a_read_that_breaks_is_not_repeated_either() {
    for act in [Act::Close, Act::Hang] {
        let server = Scripted::start(vec![act, Act::Close]).await;
        let failure = failed(call(&server.client(), Request::Accounts).await);
        assert_eq!((failure.kind, failure.received), (FailureKind::TimedOut, Received::No));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let mut body = b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n".to_vec();
    body.resize(body.len() + 17 * 1024 * 1024, b' ');
    let server = Scripted::start(vec![Act::Send(body)]).await;
    let failure = failed(call(&server.client(), write()).await);
    assert_eq!(
        (failure.kind, failure.received),
        (FailureKind::Garbled, Received::Unknown)
    );
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let elsewhere = Scripted::start(vec![]).await;
    let location = format!("Location: http://{}/steal\r\n", elsewhere.address);
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let server = Scripted::start(vec![Act::Send(http(status, &location, ""))]).await;
        let failure = failed(call(&server.client(), write()).await);
        assert_eq!(
            (failure.kind, failure.received),
            (FailureKind::Garbled, Received::UnknownAnswered)
        );
    }
    assert_eq!(elsewhere.connections_count(), 0);
}

#[tokio::test]
async fn a_garbled_answer_was_read_completely() {
    for body in ["<html>proxy</html>", "", "{\"Invoices\":["] {
        let server = Scripted::start(vec![Act::Send(http("200 OK", "", body))]).await;
        let failure = failed(call(&server.client(), write()).await);
        assert_eq!(
            (failure.kind, failure.received),
            (FailureKind::Garbled, Received::UnknownAnswered)
        );
    }
}

#[tokio::test]
async fn a_limit_is_known_from_the_head_alone() {
    let head = b"HTTP/1.1 429 Too Many\r\nX-Rate-Limit-Problem: minute\r\nRetry-After: 9\r\nContent-Length: 50\r\n\r\n";
    let server = Scripted::start(vec![Act::SendAndClose(head.to_vec())]).await;
    let failure = failed(call(&server.client(), write()).await);
    assert_eq!(failure.received, Received::No);
    let remedy = Remedy::WaitForLimit {
        limit: Limit::Minute,
        retry_after_ms: Some(9_000),
    };
    assert_eq!(failure.remedy, remedy);
}

#[tokio::test]
async fn nothing_newer_is_an_empty_page() {
    let server = Scripted::start(vec![Act::Send(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec())]).await;
    let request = Request::MadeByUs {
        kind: counterfoil::model::document::InvoiceKind::Sales,
        since: counterfoil::model::time::Timestamp(1_588_633_397_999),
        page: 1,
    };
    let answer = call(&server.client(), request).await;
    assert_eq!(
        answer.result,
        Ok(Reply::Invoices {
            found: vec![],
            page_count: 0
        })
    );
    let head = server.requests().remove(0).to_ascii_lowercase();
    assert!(
        head.contains("\r\nif-modified-since: 2020-05-04t23:03:17\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn an_empty_write_is_not_sent() {
    let server = Scripted::start(vec![]).await;
    let request = Request::Write {
        target: WriteTarget::ChangeInvoice(XeroInvoiceId(Uuid::from_u128(1))),
        body: Bytes::new(),
        key: "k".into(),
    };
    assert_eq!(failed(call(&server.client(), request).await).received, Received::No);
    assert_eq!(server.connections_count(), 0);
}

#[tokio::test]
async fn a_look_up_for_nothing_finds_nothing_without_a_call() {
    let server = Scripted::start(vec![]).await;
    let answer = call(&server.client(), Request::InvoicesById(vec![])).await;
    let nothing = Reply::Invoices {
        found: vec![],
        page_count: 0,
    };
    assert_eq!(answer.result, Ok(nothing));
    assert_eq!(server.connections_count(), 0);
}

#[tokio::test]
async fn a_refresh_authenticates_the_app_and_returns_the_pair() {
    let pair = r#"{"access_token":"a","refresh_token":"r2","expires_in":1800,"token_type":"Bearer"}"#;
    let dead = http("400 Bad Request", "", r#"{"error":"invalid_grant"}"#);
    let server = Scripted::start(vec![Act::Send(http("200 OK", "", pair)), Act::Send(dead), Act::Close]).await;
    let client = server.client();
    let refreshed = client.refresh(SecretString::from("r 1&x")).await.unwrap();
    assert_eq!(
        (refreshed.access.expose_secret(), refreshed.refresh.expose_secret()),
        ("a", "r2")
    );
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /connect/token HTTP/1.1\r\n"), "{request}");
    assert!(
        request.ends_with("\r\n\r\ngrant_type=refresh_token&refresh_token=r+1%26x"),
        "{request}"
    );
    assert!(
        request.contains("uthorization: Basic aWQ6c2VjcmV0LWNhbmFyeS03ZDFm\r\n"),
        "{request}"
    );
    let refused = client.refresh(SecretString::from(CANARY)).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::GrantRejected);
    assert!(!format!("{refused:?}").contains(CANARY));
    assert_eq!(
        client.refresh(SecretString::from("x")).await.unwrap_err().received,
        Received::Unknown
    );
}

#[tokio::test]
async fn connections_are_listed_and_ended() {
    let list = r#"[{"id":"c 1","tenantId":"8a3fdcc9-83eb-4fdd-83e0-52ec1b40b072","tenantType":"ORGANISATION"}]"#;
    let gone = http("404 Not Found", "Content-Type: text/html\r\n", "");
    let forbidden = http("403 Forbidden", "", "{}");
    let server = Scripted::start(vec![
        Act::Send(http("200 OK", "", list)),
        Act::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        Act::Send(gone),
        Act::Send(forbidden),
    ])
    .await;
    let client = server.client();
    let token = || SecretString::from("t");
    assert_eq!(client.connections(token()).await.unwrap().len(), 1);
    client.disconnect(token(), "c 1".into()).await.unwrap();
    client.disconnect(token(), "c 1".into()).await.unwrap();
    let refused = client.disconnect(token(), "c 1".into()).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::TenantRejected);
    assert!(server.requests()[0].starts_with("GET /connections HTTP/1.1\r\n"));
    assert!(server.requests()[1].starts_with("DELETE /connections/c%201 HTTP/1.1\r\n"));
}

#[test]
fn bad_addresses_are_refused() {
    install_tls();
    for url in ["", "api.xero.com", "ftp://api.xero.com", "file:///etc/passwd"] {
        let settings = ClientSettings {
            api_url: url.into(),
            identity_url: "https://identity.xero.com".into(),
            client_id: String::new(),
            proof: AppProof::Secret(SecretString::from("")),
            timeouts: Timeouts::default(),
        };
        assert_eq!(XeroClient::new(settings).err(), Some(ClientError::BadUrl(url.into())));
    }
}

#[cfg(feature = "mutations")]
#[test]
#[ignore = "it breaks a rule in the whole process: see docs/explanation/how-it-is-proven.md"]
fn mutations_turn_writes_never_share_a_connection_and_reads_do_red() {
    use counterfoil::model::mutation::{Rule, turns_red};
    assert!(turns_red(
        Rule::WriteAlone,
        writes_never_share_a_connection_and_reads_do
    ));
}
