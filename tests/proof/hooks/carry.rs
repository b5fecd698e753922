//! Carries webhooks: what Xero sends takes its fate, what arrives is verified, read and rung, and
//! the actor takes it.

use counterfoil::actors::tenant::rows;
use counterfoil::observe::labels::HookResult;
use counterfoil::sandbox::outbox::{Delivery, Receipt};
use counterfoil::store::Urgency;
use counterfoil::xero::webhook::Keys;
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::forge::{Forgery, forge};
use super::post::{Desk, Dies, Parcel, Post};
use crate::draw::{Draw, draw};
use crate::fault::Fault;
use crate::simulation::Simulation;

/// Most that a delivery is late, and that its second copy is behind the first.
const LATE_MAX_MS: u64 = 300_000;
const COPY_MAX_MS: u64 = 180_000;
/// The actor is told of its bell within this.
const TOLD_WITHIN_MS: u64 = 50;

/// What happens next.
enum Next {
    Arrives(usize),
    Sends,
    Looks,
    Told,
}

impl Simulation {
    /// When something about webhooks happens next.
    pub fn post_at(&self) -> Option<u64> {
        let post = self.post.as_ref()?;
        post.next_at(self.sends_at(), self.shell.is_some())
    }

    fn sends_at(&self) -> Option<u64> {
        let due_ms = self.wire.world.next_delivery_ms()?;
        let ahead_ms = due_ms.saturating_sub(self.clock.xero().document_ms);
        Some(self.clock.at + u64::try_from(ahead_ms).unwrap_or(0))
    }

    /// What is due about webhooks, if anything is. Tells whether it was more than a look in vain.
    pub fn step_post(&mut self) -> Option<bool> {
        let at = self.clock.at;
        let sends = self.sends_at().is_some_and(|due| due <= at);
        let is_alive = self.shell.is_some();
        let post = self.post.as_ref()?;
        let desk = post.desk.as_ref();
        let next = if let Some(index) = post.under_way.iter().position(|parcel| parcel.at <= at) {
            Next::Arrives(index)
        } else if sends {
            Next::Sends
        } else if desk.is_some_and(|desk| is_alive && desk.told_at.is_some_and(|told| told <= at)) {
            Next::Told
        } else if desk.is_some_and(|desk| desk.look_at <= at) {
            Next::Looks
        } else {
            return None;
        };
        match next {
            Next::Arrives(index) => self.arrive(index),
            Next::Sends => self.send(),
            Next::Told => {
                self.answer_bell();
            }
            Next::Looks => {
                let now = self.clock.now();
                if let Some(post) = self.post.as_mut() {
                    post.look(at, now);
                }
                return Some(self.answer_bell());
            }
        }
        Some(true)
    }

    /// Xero sends what is due.
    fn send(&mut self) {
        let now = self.clock.xero();
        for delivery in self.wire.world.take_deliveries(now) {
            let Some(post) = self.post.as_mut() else { return };
            post.count += 1;
            let nth = post.count;
            let mut rng = draw(self.seed, Draw::Hook, nth);
            let is_lost = post.draws_loss(&mut rng);
            let words = format!("webhook {nth}");
            if is_lost {
                post.judge.lost(&delivery.body);
                let receipt = Receipt {
                    status: Some(200),
                    is_empty: true,
                };
                self.wire.world.delivered(delivery.id, receipt, now);
                self.say(|| format!("{words} is lost"));
                continue;
            }
            let strikes = self.faults_strike;
            post.dispatch(delivery, &mut rng, (self.clock.at, self.wire.tenant), strikes);
            let last = post.under_way.len();
            let arrives: Vec<u64> = post.under_way.iter().map(|parcel| parcel.at).collect();
            self.say(|| format!("{words} leaves, {last} are under way until {arrives:?}"));
        }
    }

    /// One arrives at our door.
    fn arrive(&mut self, index: usize) {
        let (at, now) = (self.clock.at, self.clock.now());
        let Some(mut post) = self.post.take() else { return };
        let parcel = post.under_way.swap_remove(index);
        post.set(now);
        let status = post.answer(&parcel);
        if let Some(id) = parcel.id {
            let receipt = Receipt { status, is_empty: true };
            self.wire.world.delivered(id, receipt, self.clock.xero());
        }
        if status == Some(200) && parcel.forgery.is_none() {
            post.judge.answered(&parcel.body, at);
        }
        self.say(|| {
            format!(
                "webhook arrives, is answered {status:?} {:?} {:?}: {}",
                parcel.forgery,
                parcel.dies,
                String::from_utf8_lossy(&parcel.body)
            )
        });
        self.post = Some(post);
        if status != Some(200) {
            return;
        }
        match parcel.dies {
            Some(Dies::Unread) => return self.die(1_000, Fault::Crash),
            Some(Dies::Within(effects)) => self.dies_in = Some(effects),
            Some(Dies::Rung) | None => {}
        }
        self.take_in(&parcel);
        if parcel.dies == Some(Dies::Rung) {
            self.die(1_000, Fault::Crash);
        }
    }

    /// The porter reads it and rings.
    fn take_in(&mut self, parcel: &Parcel) {
        // What was rung before is taken by an actor that runs.
        let takes = self.shell.as_ref().is_some_and(|shell| !shell.is_draining);
        let must_be_still = takes
            && self.post.as_ref().is_some_and(|post| {
                let rings_nobody = matches!(parcel.forgery, Some(Forgery::UnknownTenant));
                !post.judge.is_fresh(&parcel.body) || rings_nobody
            });
        if must_be_still {
            self.answer_bell();
        }
        let (at, now) = (self.clock.at, self.clock.now());
        let Some(mut post) = self.post.take() else { return };
        post.deliver(parcel, (at, now));
        if let Some(desk) = post.desk.as_mut().filter(|_| must_be_still) {
            assert!(
                desk.bell.take().is_none(),
                "55: a webhook that came twice or is about nobody rings"
            );
        }
        let told_ms = draw(self.seed, Draw::Hook, post.count | 1 << 40).random_range(0..TOLD_WITHIN_MS);
        if let Some(desk) = post.desk.as_mut() {
            desk.told_at.get_or_insert(at + told_ms);
        }
        self.post = Some(post);
    }

    /// The actor takes what was rung, as it does after every event. Tells whether anything was.
    pub fn answer_bell(&mut self) -> bool {
        let Some(desk) = self.post.as_mut().and_then(|post| post.desk.as_mut()) else {
            return false;
        };
        let Some(shell) = self.shell.as_ref() else {
            return false;
        };
        desk.told_at = None;
        if shell.is_draining {
            return false;
        }
        let Some(ring) = desk.bell.take() else { return false };
        let rung = rows::rung(&shell.view(), ring).expect("rows can be read");
        self.feed(rung, Urgency::Result);
        true
    }
}

impl Post {
    fn draws_loss(&mut self, rng: &mut StdRng) -> bool {
        let is_stopped = self.knobs.stop_after > 0 && self.count > self.knobs.stop_after;
        let is_unlucky = rng.random_ratio(self.knobs.lost, 100) || is_stopped;
        if self.lose_next > 0 {
            self.lose_next -= 1;
            return true;
        }
        self.is_cut || (is_unlucky && !self.is_well)
    }

    /// Puts a delivery on its way, and what accompanies it.
    fn dispatch(&mut self, delivery: Delivery, rng: &mut StdRng, (at, tenant): (u64, uuid::Uuid), strikes: bool) {
        let knobs = self.knobs;
        let is_bad = !self.is_well;
        let mut arrives = at + rng.random_range(20..500);
        if is_bad && rng.random_ratio(knobs.late, 100) {
            arrives += rng.random_range(1_000..LATE_MAX_MS);
        }
        if is_bad && knobs.shuffle_ms > 0 {
            arrives += rng.random_range(0..knobs.shuffle_ms);
        }
        let mut dies = self.dies_next.take();
        if is_bad && strikes && rng.random_ratio(knobs.deadly, 100) {
            dies = Some([Dies::Unread, Dies::Rung, Dies::Within(rng.random_range(0..6))][rng.random_range(0..3)]);
        }
        if is_bad && rng.random_ratio(knobs.forged, 100) {
            let ours = super::judge::read(&delivery.body).first_document();
            let forged = forge(rng, &self.key, tenant, (&delivery.body, ours));
            if let Some(stranger) = forged.stranger {
                self.judge.names_stranger(stranger);
            }
            self.under_way.push(Parcel {
                at: at + rng.random_range(20..5_000),
                body: forged.body,
                signature: forged.signature,
                id: None,
                forgery: Some(forged.forgery),
                dies: None,
            });
        }
        if is_bad && rng.random_ratio(knobs.doubled, 100) {
            self.under_way.push(Parcel {
                at: arrives + rng.random_range(0..COPY_MAX_MS),
                body: delivery.body.clone(),
                signature: delivery.signature.clone(),
                id: None,
                forgery: None,
                dies: None,
            });
        }
        self.under_way.push(Parcel {
            at: arrives,
            body: delivery.body,
            signature: delivery.signature,
            id: Some(delivery.id),
            forgery: None,
            dies,
        });
    }

    /// What the listener answers: 200 once the signature fits, 401 if it does not; nobody answers for
    /// a process that is not there.
    fn answer(&self, parcel: &Parcel) -> Option<u16> {
        let Desk { porter, .. } = self.desk.as_ref()?;
        let signed = Keys::signature(parcel.signature.as_bytes());
        let signed = signed.and_then(|signature| porter.keys().verify(&parcel.body, signature));
        let is_ours = parcel.forgery.is_none_or(Forgery::is_signed);
        assert_eq!(
            signed.is_some(),
            is_ours,
            "55: a body with {:?} is taken, or one of Xero is not",
            parcel.forgery
        );
        if signed.is_none() {
            porter.refused(HookResult::BadSignature);
            return Some(401);
        }
        Some(200)
    }

    /// The porter gets it.
    fn deliver(&mut self, parcel: &Parcel, (at, now): (u64, counterfoil::model::time::Now)) {
        let Some(desk) = self.desk.as_ref() else { return };
        let signature = Keys::signature(parcel.signature.as_bytes()).expect("it was read before");
        let signed = desk.porter.keys().verify(&parcel.body, signature);
        let signed = signed.expect("it was verified before");
        let was_fresh = self.judge.is_fresh(&parcel.body);
        desk.porter.delivered(signed, &parcel.body, now);
        let is_readable = parcel.forgery != Some(Forgery::Unreadable);
        self.judge.heard(&parcel.body, at, is_readable);
        assert!(
            !was_fresh || !self.is_silent(),
            "57: webhooks are called silent although one came"
        );
    }
}
