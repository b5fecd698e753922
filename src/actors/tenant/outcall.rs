//! Calls that leave the process: borrow a token, wait for the app's budget, call, report back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::actor::TenantActor;
use super::rows::HandOver;
use crate::actors::control::Refused;
use crate::engine::effect::{Call, CallId, RowsWanted};
use crate::engine::event::{ConnectionEvent, Event};
use crate::engine::tenant::LEAVE_WITHIN_MS;
use crate::model::connection::ConnectionCause;
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::xero::{Answer, AnswerMeta};
use crate::store::Urgency;
use crate::store::reader::ReadError;

/// Longest pause between two tries to learn whether Xero still lists a connection.
const CHECK_PAUSE_MAX: Duration = Duration::from_secs(60);

/// Longest wait for a token and a place in the app's budget; the machine asks the same of all waits
/// together.
const LEAVE_WITHIN: Duration = Duration::from_millis(LEAVE_WITHIN_MS);

impl TenantActor {
    pub(super) fn call_xero(&mut self, call: Call, ctx: &mut Context<Self>) {
        if self.is_draining() {
            // Its attempt is durable: after the restart it is found out what became of it.
            return;
        }
        let draining = Arc::clone(&self.draining);
        let ports = Arc::clone(&self.ports);
        let (grant, xero_id) = (self.machine.tenant().grant, self.machine.tenant().xero_id);
        let Call {
            id,
            class,
            request,
            rows,
        } = call;
        self.calls.insert(id, rows);
        let leaving = async move {
            let leave = async {
                let borrowed = ports.keyring.borrow(grant).await?;
                ports.app_budget.acquire(class).await;
                Ok(borrowed)
            };
            match tokio::time::timeout(LEAVE_WITHIN, leave).await {
                Ok(borrowed) => borrowed,
                Err(_elapsed) => Err(crowded()),
            }
        };
        let calling = leaving.into_actor(self).then(move |borrowed, actor, _| {
            // Time passed since the call was decided: what it rests on may hold no more.
            let borrowed = borrowed.and_then(|borrowed| {
                actor.machine.may_leave(actor.ports.clock.now(), id)?;
                Ok(borrowed)
            });
            let is_draining = draining.load(Ordering::Relaxed);
            let ports = Arc::clone(&actor.ports);
            let calling = async move {
                let borrowed = match borrowed {
                    Ok(_) if is_draining => return not_sent(stopping()),
                    Ok(borrowed) => borrowed,
                    Err(failure) => return not_sent(failure),
                };
                let answer = ports.api.call(xero_id, borrowed.token.clone(), request).await;
                if matches!(&answer.result, Err(failure) if failure.kind == FailureKind::TokenRejected) {
                    ports.keyring.invalidate(grant, borrowed.token);
                }
                answer
            };
            calling.into_actor(actor)
        });
        ctx.spawn(calling.map(move |answer, actor, ctx| {
            // Every call is answered once; an answer to none is the machine's to count.
            let wanted = actor.calls.remove(&id);
            if let Err(error) = actor.hand_over(id, answer, wanted, ctx) {
                tracing::error!(tenant = %actor.tenant, %error, "rows could not be read; the tenant starts again");
                actor.give_up_when_settled(Refused::Store(error.to_string()), ctx);
            }
        }));
    }

    /// Feeds an answer with the rows that go with it.
    fn hand_over(
        &mut self,
        call: CallId,
        answer: Answer,
        wanted: Option<RowsWanted>,
        ctx: &mut Context<Self>,
    ) -> Result<(), ReadError> {
        let mut answer = HandOver::new(call, wanted, answer);
        while let Some(event) = answer.next(&self.view())? {
            self.feed(event, Urgency::Result, ctx);
        }
        Ok(())
    }

    pub(super) fn check_connection(&mut self, ctx: &mut Context<Self>) {
        let ports = Arc::clone(&self.ports);
        let (grant, xero_id) = (self.machine.tenant().grant, self.machine.tenant().xero_id);
        let checking = async move {
            let mut pause = Duration::from_secs(1);
            loop {
                match ports.keyring.connections(grant).await {
                    Ok(listed) if listed.iter().any(|connection| connection.tenant == xero_id) => {
                        return ConnectionEvent::Listed;
                    }
                    Ok(_) => return ConnectionEvent::NotListed(ConnectionCause::AppRevoked),
                    Err(failure) if failure.kind == FailureKind::GrantRejected => {
                        return ConnectionEvent::GrantLost(ConnectionCause::GrantDead);
                    }
                    Err(_) => {
                        tokio::time::sleep(pause).await;
                        pause = pause.saturating_mul(2).min(CHECK_PAUSE_MAX);
                    }
                }
            }
        };
        ctx.spawn(checking.into_actor(self).map(move |event, actor, ctx| {
            // An answer about another grant than the present one says nothing about this connection.
            if actor.machine.tenant().grant == grant {
                actor.feed(Event::Connection(event), Urgency::Result, ctx);
            }
        }));
    }
}

fn stopping() -> Failure {
    held_back(FailureKind::Unavailable, "the daemon is stopping")
}

fn crowded() -> Failure {
    held_back(
        FailureKind::Throttled,
        "no token or no place in the app's budget came in time",
    )
}

fn held_back(kind: FailureKind, message: &str) -> Failure {
    Failure {
        kind,
        remedy: Remedy::RetryWithBackoff,
        received: Received::No,
        status: None,
        message: message.to_owned(),
        validation: Vec::new(),
    }
}

/// The call never left: whatever stood in the way of a token tells nothing about the document.
pub(super) fn not_sent(mut failure: Failure) -> Answer {
    failure.received = Received::No;
    failure.kind = match failure.kind {
        FailureKind::Refused | FailureKind::NotFound | FailureKind::KeyMismatch | FailureKind::Garbled => {
            FailureKind::Unavailable
        }
        kind => kind,
    };
    Answer {
        result: Err(failure),
        meta: AnswerMeta::default(),
    }
}
