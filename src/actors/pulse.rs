//! Whether the threads tenants live on still take turns. One handler that never returns stalls all
//! tenants of its thread, and nothing else notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::{Actor, Addr, ArbiterHandle, Context, Handler, Message};

/// One actor per thread that answers when it is asked.
pub struct Pulses(Vec<Wrist>);

struct Wrist {
    beater: Addr<Beater>,
    is_asked: Arc<AtomicBool>,
}

impl Pulses {
    /// Starts one on each thread.
    #[must_use]
    pub fn start(arbiters: &[ArbiterHandle]) -> Self {
        let start = |arbiter: &ArbiterHandle| {
            let is_asked: Arc<AtomicBool> = Arc::default();
            let for_beater = Arc::clone(&is_asked);
            Wrist { beater: Beater::start_in_arbiter(arbiter, move |_| Beater(for_beater)), is_asked }
        };
        Self(arbiters.iter().map(start).collect())
    }

    /// Asks every thread that has answered; to be called at even intervals.
    pub fn ask(&self) {
        for wrist in &self.0 {
            if !wrist.is_asked.swap(true, Ordering::AcqRel) {
                wrist.beater.do_send(Beat);
            }
        }
    }

    /// Whether every thread has answered since it was last asked.
    #[must_use]
    pub fn all_answered(&self) -> bool {
        self.0.iter().all(|wrist| !wrist.is_asked.load(Ordering::Acquire))
    }
}

struct Beater(Arc<AtomicBool>);

impl Actor for Beater {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Beat;

impl Handler<Beat> for Beater {
    type Result = ();

    fn handle(&mut self, _message: Beat, _ctx: &mut Context<Self>) {
        self.0.store(false, Ordering::Release);
    }
}
