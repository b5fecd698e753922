use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::actors::keyring::seal::{SealError, Sealer};
use crate::actors::keyring::tokens::{Access, Durable};
use crate::model::ids::GrantId;
use crate::model::row::GrantRow;
use crate::model::secret::ExposeSecret;
use crate::model::time::{Entropy, Timestamp};

/// Different bytes each time.
#[derive(Default)]
pub struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

pub fn sealer(key: u8) -> Sealer {
    Sealer::new(&[key; 32], Arc::new(Counting::default()))
}

fn durable() -> Durable {
    Durable {
        current: "refresh-canary".into(),
        previous: Some("previous-canary".into()),
        given: Some("given-canary".into()),
        access: Some(Access {
            token: "access-canary".into(),
            expires_at: Timestamp(5),
        }),
        refreshed_at: Timestamp(7),
        user: None,
        is_unsure: true,
    }
}

#[test]
fn what_was_sealed_opens_and_hides_everything() {
    let id = GrantId::from_parts(1, 2);
    let sealer = sealer(1);
    let row = sealer.seal(id, &durable()).unwrap();
    assert!(!String::from_utf8_lossy(&row.sealed).contains("canary"));
    assert_eq!(row.refreshed_at, Timestamp(7));
    let opened = sealer.open(&row).unwrap();
    assert_eq!(opened.current.expose_secret(), "refresh-canary");
    assert!(opened.is_unsure);
    assert_eq!(opened.previous.unwrap().expose_secret(), "previous-canary");
    assert_eq!(opened.given.unwrap().expose_secret(), "given-canary");
    let access = opened.access.unwrap();
    assert_eq!(
        (access.token.expose_secret(), access.expires_at),
        ("access-canary", Timestamp(5))
    );
    let bare = Durable {
        previous: None,
        access: None,
        ..durable()
    };
    let opened = sealer.open(&sealer.seal(id, &bare).unwrap()).unwrap();
    assert!(opened.previous.is_none() && opened.access.is_none());
}

#[test]
fn the_same_tokens_never_seal_alike() {
    let id = GrantId::from_parts(1, 2);
    let sealer = sealer(1);
    assert_ne!(
        sealer.seal(id, &durable()).unwrap().sealed,
        sealer.seal(id, &durable()).unwrap().sealed
    );
}

#[test]
fn another_key_another_grant_or_any_flipped_bit_does_not_open() {
    let id = GrantId::from_parts(1, 2);
    let row = sealer(1).seal(id, &durable()).unwrap();
    assert_eq!(sealer(2).open(&row).unwrap_err(), SealError::WrongKeyOrDamaged);
    let moved = GrantRow {
        id: GrantId::from_parts(1, 3),
        ..row.clone()
    };
    assert_eq!(sealer(1).open(&moved).unwrap_err(), SealError::WrongKeyOrDamaged);
    for at in 0..row.sealed.len() {
        let mut damaged = row.clone();
        damaged.sealed[at] ^= 1;
        let wanted = if at == 0 {
            SealError::UnknownFormat
        } else {
            SealError::WrongKeyOrDamaged
        };
        assert_eq!(sealer(1).open(&damaged).unwrap_err(), wanted, "byte {at}");
    }
    for length in 0..25 {
        let cut = GrantRow {
            sealed: row.sealed[..length].to_vec(),
            ..row.clone()
        };
        assert_eq!(sealer(1).open(&cut).unwrap_err(), SealError::UnknownFormat, "{length}");
    }
}
