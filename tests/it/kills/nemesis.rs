//! Makes the weather in Xero, and ends the daemon at moments drawn by lot.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::host::Work;
use super::stage::Stage;
use crate::support::{idle, look_for, wall_ms};

/// How long a call is waited for that is to be struck.
const AIMS_FOR: Duration = Duration::from_millis(400);

/// What the daemon was doing when it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Opening the store, recovering, reading tenants.
    Starting,
    /// With the token on its way.
    Refreshing,
    /// With a call to Xero on its way.
    Calling,
    /// With a host's request in hand.
    Writing,
    /// None of these.
    Running,
    /// After SIGTERM.
    Stopping,
    /// It had stopped by itself after SIGTERM: no kill.
    Stopped,
}

/// What a kill is aimed at. Whether it hits is another thing: see [`Phase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Start,
    Anywhen,
    Write,
    Refresh,
    Host,
    Stop,
    Frozen,
    Late,
}

/// Ends daemons.
pub struct Nemesis {
    rng: StdRng,
    work: Work,
    /// Kills by what they hit.
    pub hits: BTreeMap<Phase, usize>,
    /// When each kill was, on the wall clock.
    pub killed_at: Vec<i64>,
    /// Calls before this place were looked at.
    seq: u64,
    /// Calls of this round.
    calls: Vec<Value>,
    delay_ms: u64,
    /// Whether faults may take minutes to settle.
    pub is_big: bool,
}

impl Nemesis {
    /// Ends nobody yet.
    pub fn new(rng: StdRng, work: &Work, is_big: bool) -> Self {
        Self {
            rng,
            work: work.clone(),
            hits: BTreeMap::new(),
            killed_at: Vec::new(),
            seq: 0,
            calls: Vec::new(),
            delay_ms: 0,
            is_big,
        }
    }

    /// How many daemons were killed.
    pub fn kills(&self) -> usize {
        self.killed_at.len()
    }

    /// Other faults, or none, for the next round.
    pub fn weather(&mut self, stage: &Stage) {
        stage.sandbox.heal();
        let everything = json!({"path": "/api.xro/2.0/*"});
        if self.rng.random_bool(0.5) {
            let faults = [
                "drop_reply_after_write",
                "drop_reply_before_write",
                "cut_body",
                "refuse_connection",
                "rate_limit",
                "error_after_write",
                "garbage_200",
                "status",
                "status",
            ];
            // The same failure twice in a row can take minutes to find out about; and where other
            // tests use the machine as well, a 429 may be heard late.
            let count = if self.is_big { faults.len() } else { 4 };
            for _ in 0..self.rng.random_range(1..4) {
                let fault = faults[self.rng.random_range(0..count)];
                let chance = [0.05, 0.15, 0.3][self.rng.random_range(0..3)];
                let mut rule = json!({"match": everything, "fault": fault, "times": null, "probability": chance});
                match fault {
                    "rate_limit" => {
                        rule["retry_after"] = json!(1);
                        rule["probability"] = json!(0.03);
                    }
                    "status" => rule["code"] = json!(if self.rng.random_bool(0.5) { 500 } else { 503 }),
                    _ => {}
                }
                stage.sandbox.fault(&rule);
            }
        }
        self.delay_ms = [0, 20, 60, 150, 300, 300][self.rng.random_range(0..6)];
        if self.delay_ms > 0 {
            let delay = json!({"match": everything, "fault": "delay", "ms": self.delay_ms, "times": null});
            stage.sandbox.fault(&delay);
        }
    }

    /// One daemon: started, and killed at some moment.
    pub fn round(&mut self, stage: &mut Stage) {
        if self.rng.random_bool(0.5) {
            self.weather(stage);
        }
        let aim = self.aim();
        stage.launch();
        if aim == Aim::Start {
            let usual_ms = stage.measured.starts.last().map_or(60, |last| last.as_millis());
            self.wait_ms(u64::try_from(usual_ms).unwrap());
        } else {
            stage.open();
            self.approach(aim, stage);
        }
        self.kill(aim, stage);
    }

    fn aim(&mut self) -> Aim {
        match self.rng.random_range(0..100) {
            0..14 => Aim::Start,
            14..22 => Aim::Anywhen,
            22..64 => Aim::Write,
            64..73 => Aim::Refresh,
            73..83 => Aim::Host,
            83..94 => Aim::Stop,
            94..98 => Aim::Frozen,
            _ if self.is_big => Aim::Late,
            _ => Aim::Anywhen,
        }
    }

    /// Waits for what is aimed at, and a little longer.
    fn approach(&mut self, aim: Aim, stage: &Stage) {
        match aim {
            Aim::Start => {}
            Aim::Anywhen => self.wait_ms(200),
            Aim::Write => self.await_write(stage, self.delay_ms + 10),
            Aim::Refresh => {
                stage.sandbox.heal();
                self.delay_ms = 60;
                let expired = json!({"match": {"path": "/api.xro/2.0/*"}, "fault": "token_expired"});
                stage.sandbox.fault(&expired);
                let token = json!({"path": "/connect/token"});
                stage.sandbox.fault(&if self.rng.random_bool(0.7) {
                    json!({"match": token, "fault": "delay", "ms": self.delay_ms})
                } else {
                    json!({"match": token, "fault": "drop_reply_after_write"})
                });
                // People's clicks are not paced, so a call goes out soon.
                self.work.clicks.store(8, Ordering::Relaxed);
                self.await_call(stage, |call| call["path"] == "/connect/token");
                self.work.clicks.store(0, Ordering::Relaxed);
                self.wait_ms(70);
            }
            Aim::Host => {
                look_for(Duration::from_millis(200), || {
                    (self.work.writing.load(Ordering::Relaxed) > 0).then_some(())
                });
                idle(Duration::from_micros(self.rng.random_range(0..4_000)));
            }
            Aim::Stop => {
                self.wait_ms(150);
                stage.signal(Signal::TERM);
                self.wait_ms(80);
            }
            Aim::Frozen => {
                self.wait_ms(100);
                stage.signal(Signal::STOP);
                self.wait_ms(30);
                if self.rng.random_bool(0.5) {
                    stage.signal(Signal::CONT);
                    self.wait_ms(30);
                }
            }
            Aim::Late => {
                self.wait_ms(50);
                stage.sandbox.signal(Signal::STOP);
                self.wait_ms(150);
            }
        }
    }

    fn kill(&mut self, aim: Aim, stage: &mut Stage) {
        let was_ready = stage.is_ready();
        let is_writing = self.work.writing.load(Ordering::Relaxed) > 0;
        let at = wall_ms();
        let was_running = stage.kill();
        if aim == Aim::Late {
            stage.sandbox.signal(Signal::CONT);
        }
        self.look_at_calls(stage);
        let is_open = |call: &Value| {
            let began = call["at_ms"].as_i64().unwrap();
            let took = if call["fault"] == "delay" { self.delay_ms } else { 2 };
            began <= at && at <= began + i64::try_from(took).unwrap()
        };
        let open: Vec<Value> = self.calls.drain(..).filter(is_open).collect();
        let phase = match aim {
            Aim::Stop if !was_running => Phase::Stopped,
            _ if !was_ready => Phase::Starting,
            Aim::Stop => Phase::Stopping,
            _ if open.iter().any(|call| call["path"] == "/connect/token") => Phase::Refreshing,
            _ if aim == Aim::Late || !open.is_empty() => Phase::Calling,
            _ if is_writing => Phase::Writing,
            _ => Phase::Running,
        };
        *self.hits.entry(phase).or_default() += 1;
        if was_running {
            self.killed_at.push(at);
        }
    }

    /// Waits until a write arrives at Xero, and up to so much longer.
    pub fn await_write(&mut self, stage: &Stage, then_ms: u64) {
        self.await_call(stage, |call| call["method"] != "GET");
        self.wait_ms(then_ms);
    }

    /// Looks at Xero's log until such a call arrives, for a while.
    fn await_call(&mut self, stage: &Stage, fits: impl Fn(&Value) -> bool) {
        self.look_at_calls(stage);
        let before = self.calls.len();
        look_for(AIMS_FOR, || {
            self.look_at_calls(stage);
            self.calls.iter().skip(before).any(&fits).then_some(())
        });
    }

    fn look_at_calls(&mut self, stage: &Stage) {
        let answer = stage.sandbox.api.get(&format!("/_sandbox/requests?since={}", self.seq));
        self.calls.extend_from_slice(answer.ok(200)["data"].as_array().unwrap());
        self.seq = self.calls.last().map_or(self.seq, |call| call["seq"].as_u64().unwrap());
    }

    fn wait_ms(&mut self, most: u64) {
        idle(Duration::from_millis(self.rng.random_range(0..=most)));
    }
}
