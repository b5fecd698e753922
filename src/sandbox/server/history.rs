//! A sandbox that goes on where it was: everything the world was told is written down, in order,
//! and told again at the next start. The world is deterministic, so it becomes the same world.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::sandbox::clock::{Clock, Instants};
use crate::sandbox::outbox::Receipt;
use crate::sandbox::seed::Seed;
use crate::sandbox::wire::{CallId, Request};
use crate::sandbox::world::{Setup, World};

/// The file that is being written.
#[derive(Debug)]
pub(super) struct History {
    file: File,
}

#[derive(Serialize, Deserialize)]
enum Entry {
    Began {
        at: (i64, i64),
        rng_seed: u64,
        is_empty: bool,
    },
    Asked {
        at: (i64, i64),
        request: Asked,
    },
    Answered {
        at: (i64, i64),
        call: u64,
    },
    TookDeliveries {
        at: (i64, i64),
    },
    Delivered {
        at: (i64, i64),
        id: u64,
        status: Option<u16>,
        is_empty: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct Asked {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl History {
    /// Opens the history at `path` and the world it tells of; a missing one begins with `setup`.
    ///
    /// # Errors
    /// When the file cannot be read or written, holds something else, or is in use.
    pub(super) fn open(path: &Path, setup: &Setup, clock: &Clock) -> io::Result<(World, Self)> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_held| {
            io::Error::new(
                io::ErrorKind::ResourceBusy,
                format!("{} is in use by another sandbox", path.display()),
            )
        })?;
        let mut lines = Vec::new();
        let mut kept_bytes = 0_u64;
        let mut reader = BufReader::new(file.try_clone()?);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            // A last line without its end was cut off by a kill, before anybody was answered.
            if !line.ends_with('\n') {
                break;
            }
            kept_bytes = kept_bytes.saturating_add(u64::try_from(line.len()).unwrap_or(0));
            let entry: Entry = serde_json::from_str(&line).map_err(|error| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{}: not a sandbox's history: {error}", path.display()),
                )
            })?;
            lines.push(entry);
            line.clear();
        }
        file.set_len(kept_bytes)?;
        let mut history = Self { file };
        let world = if lines.is_empty() {
            let now = clock.instants();
            let is_empty = setup.seed == Seed::Empty;
            history.write(&Entry::Began {
                at: pair(now),
                rng_seed: setup.rng_seed,
                is_empty,
            })?;
            World::new(setup, now)
        } else {
            let (world, cut_off, last) = relive(lines, setup, clock)?;
            // Whoever reads this again must not take them for calls beside those that follow.
            for call in cut_off {
                history.answered(last, call)?;
            }
            world
        };
        Ok((world, history))
    }

    /// Writes down a request before the world answers it.
    pub(super) fn asked(&mut self, now: Instants, request: &Request) -> io::Result<()> {
        let request = Asked {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: STANDARD.encode(&request.body),
        };
        self.write(&Entry::Asked { at: pair(now), request })
    }

    /// Writes down that an answer is on its way.
    pub(super) fn answered(&mut self, now: Instants, call: CallId) -> io::Result<()> {
        self.write(&Entry::Answered {
            at: pair(now),
            call: call.0,
        })
    }

    /// Writes down that due webhooks were taken.
    pub(super) fn took_deliveries(&mut self, now: Instants) -> io::Result<()> {
        self.write(&Entry::TookDeliveries { at: pair(now) })
    }

    /// Writes down what came of a webhook.
    pub(super) fn delivered(&mut self, now: Instants, id: u64, receipt: Receipt) -> io::Result<()> {
        let Receipt { status, is_empty } = receipt;
        self.write(&Entry::Delivered {
            at: pair(now),
            id,
            status,
            is_empty,
        })
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

/// The world that these entries tell of, the calls that were under way at its end, and that end.
fn relive(entries: Vec<Entry>, setup: &Setup, clock: &Clock) -> io::Result<(World, Vec<CallId>, Instants)> {
    let mut entries = entries.into_iter();
    let Some(Entry::Began { at, rng_seed, is_empty }) = entries.next() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a sandbox's history has no beginning",
        ));
    };
    let seed = if is_empty { Seed::Empty } else { Seed::Demo };
    let setup = Setup {
        seed,
        rng_seed,
        ..setup.clone()
    };
    let mut world = World::new(&setup, instants(at));
    let mut open = Vec::new();
    let mut last = instants(at);
    for entry in entries {
        match entry {
            Entry::Began { .. } => {}
            Entry::Asked { at, request } => {
                last = instants(at);
                let body = STANDARD.decode(&request.body).unwrap_or_default();
                let request = Request {
                    method: request.method,
                    path: request.path,
                    query: request.query,
                    headers: request.headers,
                    body: Bytes::from(body),
                };
                let outcome = world.respond(last, &request);
                open.extend(outcome.call);
                if let Some(step) = outcome.clock {
                    clock.apply(step);
                }
            }
            Entry::Answered { at, call } => {
                last = instants(at);
                open.retain(|open| open.0 != call);
                world.answered(CallId(call), last);
            }
            Entry::TookDeliveries { at } => {
                last = instants(at);
                // They were sent in the earlier life.
                drop(world.take_deliveries(last));
            }
            Entry::Delivered {
                at,
                id,
                status,
                is_empty,
            } => {
                last = instants(at);
                world.delivered(id, Receipt { status, is_empty }, last);
            }
        }
    }
    // Calls that were under way when the earlier life ended are over.
    for call in &open {
        world.answered(*call, last);
    }
    // Webhooks that were under way then are sent again.
    world.recall_deliveries();
    Ok((world, open, last))
}

const fn pair(at: Instants) -> (i64, i64) {
    (at.real_ms, at.document_ms)
}

const fn instants((real_ms, document_ms): (i64, i64)) -> Instants {
    Instants { real_ms, document_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, tenant: Option<&str>) -> Request {
        let named = tenant.map(|id| ("xero-tenant-id".to_owned(), id.to_owned()));
        Request {
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: named.into_iter().collect(),
            body: Bytes::new(),
        }
    }

    #[test]
    fn calls_that_a_kill_cut_off_are_under_way_in_no_later_life() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let (clock, setup) = (Clock::new(), Setup::default());
        for life in 0..3 {
            let (mut world, mut history) = History::open(&path, &setup, &clock).unwrap();
            let tenant = world.tenants()[0].tenant_id.to_string();
            let request = get("/api.xro/2.0/Organisation", Some(&tenant));
            for _five in 0..5 {
                let now = clock.instants();
                history.asked(now, &request).unwrap();
                assert!(world.respond(now, &request).call.is_some());
            }
            let told = world.respond(clock.instants(), &get("/_sandbox/violations", None));
            let told: serde_json::Value = serde_json::from_slice(&told.answer.body).unwrap();
            assert_eq!(told["data"], serde_json::json!([]), "life {life}");
        }
    }
}
