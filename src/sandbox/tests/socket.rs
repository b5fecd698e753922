//! The same over a real socket.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::sandbox::webhooks::sign;
use crate::sandbox::{Handle, Options, start};

fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut out = Vec::new();
    // A broken connection may end in an error after the bytes that did arrive.
    stream.read_to_end(&mut out).ok();
    String::from_utf8_lossy(&out).into_owned()
}

async fn ask(address: SocketAddr, head: String, body: String) -> String {
    let request = format!(
        "{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::task::spawn_blocking(move || exchange(address, &request))
        .await
        .unwrap()
}

async fn bearer(handle: &Handle) -> String {
    let body = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
        handle.refresh_token, handle.client_id, handle.client_secret
    );
    let answer = ask(handle.address, "POST /connect/token HTTP/1.1".into(), body).await;
    let json = answer.split("\r\n\r\n").nth(1).unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    json["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serves_drops_and_cuts() {
    let handle = start(Options::default()).await.unwrap();
    let token = bearer(&handle).await;
    let tenant = handle.tenants[0].tenant_id;
    let head = format!(
        "GET /api.xro/2.0/Contacts HTTP/1.1\r\nAccept: application/json\r\n\
         Authorization: Bearer {token}\r\nXero-Tenant-Id: {tenant}"
    );
    let whole = ask(handle.address, head.clone(), String::new()).await;
    assert!(whole.starts_with("HTTP/1.1 200"), "{whole}");
    assert!(whole.contains("City Limousines"), "{whole}");

    for (fault, check) in [
        ("drop_reply_after_write", 0),
        ("refuse_connection", 0),
        ("cut_body", whole.len() / 2),
    ] {
        let body = format!(r#"{{"fault":"{fault}"}}"#);
        let added = ask(handle.address, "POST /_sandbox/faults HTTP/1.1".into(), body).await;
        assert!(added.starts_with("HTTP/1.1 201"), "{added}");
        let broken = ask(handle.address, head.clone(), String::new()).await;
        if check == 0 {
            assert_eq!(broken, "", "{fault}");
        } else {
            assert!(broken.starts_with("HTTP/1.1 200"), "{broken}");
            assert!(broken.len() < whole.len() && broken.len() > check / 2, "{fault}");
        }
    }

    let moved = r#"{"advance_s":1801}"#.to_owned();
    ask(handle.address, "POST /_sandbox/clock HTTP/1.1".into(), moved).await;
    let late = ask(handle.address, head, String::new()).await;
    assert!(
        late.starts_with("HTTP/1.1 401") && late.contains("TokenExpired"),
        "{late}"
    );
    handle.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_36_webhooks_reach_their_subscriber() {
    let handle = start(Options::default()).await.unwrap();
    let subscriber = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", subscriber.local_addr().unwrap());
    let received = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = subscriber.accept().unwrap();
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        while !bytes.ends_with(b"\"}") {
            let read = stream.read(&mut chunk).unwrap();
            bytes.extend_from_slice(&chunk[..read]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        String::from_utf8(bytes).unwrap()
    });
    let hook = format!(r#"{{"url":"{url}"}}"#);
    ask(handle.address, "POST /_sandbox/webhooks HTTP/1.1".into(), hook).await;
    let tenant = handle.tenants[0].tenant_id;
    let made = format!(r#"{{"scenario":"contact.create","tenant_id":"{tenant}","args":{{"name":"Hook"}}}}"#);
    ask(handle.address, "POST /_sandbox/trigger HTTP/1.1".into(), made).await;
    let received = received.await.unwrap();
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    let signature = sign(&handle.webhook_key, body.as_bytes());
    assert!(head.contains(&format!("x-xero-signature: {signature}")), "{received}");
    assert!(body.contains("\"eventCategory\":\"CONTACT\""), "{received}");
    handle.stop().await;
}
