//! A daemon that gives prepared answers, and the whole command line run against it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::cli::{DemoArgs, Ends, Outside, Programs, RescueArgs, SandboxArgs, ServeArgs, run};
use crate::model::time::{Clock, Now, Timestamp};

/// 2026-03-12T14:05:11Z
pub const NOW: Timestamp = Timestamp(1_773_324_311_000);

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub line: String,
    pub head: String,
    pub body: String,
}

/// Answers in order for each request line; the last one again and again.
pub struct Daemon {
    pub addr: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Daemon {
    pub fn new(answers: &[(&str, u16, Value)]) -> Self {
        let texts = answers
            .iter()
            .map(|(line, status, body)| ((*line).to_owned(), *status, body.to_string()));
        Self::raw(texts.collect())
    }

    pub fn raw(answers: Vec<(String, u16, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&stream.expect("a connection"), &answers, &record);
            }
        });
        Self { addr, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("the record").clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

fn answer(mut stream: &TcpStream, answers: &[(String, u16, String)], record: &Mutex<Vec<Seen>>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("a request");
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        head.push_str(&header);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let before = {
        let mut record = record.lock().expect("the record");
        let before = record.iter().filter(|seen| seen.line == line).count();
        record.push(Seen {
            line: line.clone(),
            head,
            body: String::from_utf8(body).expect("text"),
        });
        before
    };
    let fitting: Vec<_> = answers.iter().filter(|(known, _, _)| *known == line).collect();
    let missing = (
        "".to_owned(),
        404,
        r#"{"code":"route_not_found","title":"No such path"}"#.to_owned(),
    );
    let (_, status, text) = fitting.get(before).or(fitting.last()).copied().unwrap_or(&missing);
    let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    stream.write_all(reply.as_bytes()).expect("an answer");
}

/// What a run printed and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Printed {
    pub code: u8,
    pub out: String,
    pub err: String,
}

/// The environment.
pub type Variables<'a> = &'a [(&'a str, &'a str)];

/// How the command line is run.
#[derive(Default)]
pub struct Setting<'a> {
    pub input: &'a str,
    pub ends: Ends,
    pub variables: Variables<'a>,
}

/// Runs a command against the daemon, in a pipe.
pub fn typed(daemon: &Daemon, words: &[&str]) -> Printed {
    typed_in(&Setting::default(), daemon, words)
}

pub fn typed_in(setting: &Setting<'_>, daemon: &Daemon, words: &[&str]) -> Printed {
    let mut args = vec!["--addr", &daemon.addr];
    args.extend(words);
    alone_in(setting, &args)
}

/// Runs a command that needs no daemon.
pub fn alone(words: &[&str]) -> Printed {
    alone_in(&Setting::default(), words)
}

pub fn alone_in(setting: &Setting<'_>, words: &[&str]) -> Printed {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_into(setting, words, &mut out, &mut err);
    Printed {
        code,
        out: String::from_utf8(out).expect("text"),
        err: String::from_utf8(err).expect("text"),
    }
}

pub fn run_into(setting: &Setting<'_>, words: &[&str], out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let variables = setting
        .variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let outside = Outside {
        programs: &Told,
        clock: &Still,
        variables: variables.collect::<BTreeMap<_, _>>(),
        input: &mut Cursor::new(setting.input.to_owned()),
        out,
        err,
        ends: setting.ends,
    };
    run(
        std::iter::once("counterfoil")
            .chain(words.iter().copied())
            .map(Into::into),
        outside,
    )
}

/// Programs that end with what they were told.
struct Told;

impl Programs for Told {
    fn serve(&self, args: ServeArgs) -> i32 {
        assert_eq!(args.config.as_deref(), Some("/etc/c.toml".as_ref()));
        40
    }

    fn demo(&self, args: DemoArgs) -> i32 {
        assert_eq!((args.port, args.xero_port, args.json), (0, 7627, true));
        41
    }

    fn sandbox(&self, args: SandboxArgs) -> i32 {
        assert_eq!((args.port, args.empty, args.json), (7627, true, false));
        assert_eq!(args.history.as_deref(), Some("world".as_ref()));
        42
    }

    fn rescue(&self, args: RescueArgs) -> i32 {
        assert_eq!(args.config, None);
        assert_eq!((args.to.to_str(), args.json), (Some("/new"), true));
        43
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Now {
        Now {
            wall: NOW,
            ..Now::default()
        }
    }

    fn boot_id(&self) -> &str {
        "test"
    }
}
