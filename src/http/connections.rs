//! How many connections there are, and which one goes when there are too many.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::state::Caps;

/// The connections that are open.
pub struct Connections {
    open: Mutex<Open>,
    connections_max: usize,
    per_peer_max: usize,
}

#[derive(Default)]
struct Open {
    next: u64,
    slots: BTreeMap<u64, Arc<Mark>>,
}

struct Mark {
    peer: Option<IpAddr>,
    is_proven: AtomicBool,
    evicted: Notify,
}

impl Connections {
    /// None yet.
    pub fn new(caps: &Caps) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            connections_max: caps.connections_max,
            per_peer_max: caps.connections_per_peer_max,
        })
    }

    /// Lets a connection in, at the cost of the oldest one without a valid token if need be;
    /// `None` = there are too many. `peer` is its address where it has one.
    pub fn admit(self: &Arc<Self>, peer: Option<IpAddr>) -> Option<Slot> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = peer.filter(|address| !is_shared(*address));
        if peer.is_some() {
            let from_peer = open.slots.values().filter(|mark| mark.peer == peer).count();
            if from_peer >= self.per_peer_max {
                return None;
            }
        }
        if open.slots.len() >= self.connections_max {
            let oldest = open
                .slots
                .iter()
                .find(|(_, mark)| !mark.is_proven.load(Ordering::Acquire))
                .map(|(id, _)| *id)?;
            if let Some(mark) = open.slots.remove(&oldest) {
                mark.evicted.notify_one();
            }
        }
        let id = open.next;
        open.next += 1;
        let mark = Arc::new(Mark {
            peer,
            is_proven: AtomicBool::new(false),
            evicted: Notify::new(),
        });
        open.slots.insert(id, Arc::clone(&mark));
        Some(Slot {
            id,
            mark,
            home: Arc::clone(self),
        })
    }
}

/// Every local application comes from these, so they say nothing about who it is.
fn is_shared(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::LOCALHOST) || address == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

/// The place of one connection; it is free again when this is dropped.
pub struct Slot {
    id: u64,
    mark: Arc<Mark>,
    home: Arc<Connections>,
}

impl Slot {
    /// The connection has shown who it is: it no longer goes for others.
    pub fn prove(&self) {
        self.mark.is_proven.store(true, Ordering::Release);
    }

    /// Comes back when the connection has to go.
    pub async fn evicted(&self) {
        self.mark.evicted.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.home.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.slots.remove(&self.id);
    }
}
