//! A connection that is kept, as a host with a pool of them has it, and many of them at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use super::api::{Answer, Api};

/// One connection.
pub struct KeptAlive {
    api: Api,
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl KeptAlive {
    /// Connects.
    pub fn open(api: &Api) -> Self {
        let stream = TcpStream::connect(&api.addr).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            api: api.clone(),
            stream,
            bytes: Vec::new(),
        }
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let mut request = self.api.head(method, path, &[], body);
        request.push_str(body);
        self.stream.write_all(request.as_bytes()).unwrap();
        self.bytes.clear();
        let mut chunk = [0; 64 * 1_024];
        loop {
            let length = self.stream.read(&mut chunk).unwrap();
            assert!(length > 0, "the daemon closed the connection");
            self.bytes.extend_from_slice(&chunk[..length]);
            if let Some(answer) = Answer::read(&self.bytes) {
                return answer;
            }
        }
    }

    /// Writes a document; when the tenant is busy, again.
    pub fn put(&mut self, path: &str, body: &Value) {
        let body = body.to_string();
        loop {
            let answer = self.send("PUT", path, &body);
            match answer.status {
                201 => return,
                429 => thread::yield_now(),
                _ => panic!("{path}: {}", answer.text),
            }
        }
    }
}

/// Does `work` with each number below `total`, over so many connections at once.
pub fn share_out(api: &Api, connections: usize, total: usize, work: impl Fn(&mut KeptAlive, usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut connection = KeptAlive::open(api);
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= total {
                        return;
                    }
                    work(&mut connection, nth);
                }
            });
        }
    });
}
