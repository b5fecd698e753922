//! Signals as orders: TERM and INT stop in good order, a second INT at once, HUP reloads.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Stop in good order.
    Stop,
    /// Stop at once: whoever asked is not willing to wait.
    StopNow,
    /// Read the configuration again.
    Reload,
}

/// The signals of this process as a stream of orders.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    is_stopping: bool,
}

impl Signals {
    /// Takes the signals over. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            is_stopping: false,
        })
    }

    /// The next order. Once stopping, reloads are not given any more, TERM changes nothing and INT
    /// means at once.
    pub async fn next(&mut self) -> Order {
        loop {
            let order = tokio::select! {
                Some(()) = self.terminate.recv() => Order::Stop,
                Some(()) = self.interrupt.recv() => if self.is_stopping { Order::StopNow } else { Order::Stop },
                Some(()) = self.hang_up.recv() => Order::Reload,
                else => Order::StopNow,
            };
            if order == Order::StopNow || !self.is_stopping {
                self.is_stopping |= order != Order::Reload;
                return order;
            }
        }
    }
}
