//! How long ten thousand tenants take to start, and what they weigh. Run by hand, in release:
//! `cargo test --release --lib actors::tests::many -- --ignored --nocapture`

use std::sync::Arc;

use super::world::World;
use crate::model::connection::Connection;
use crate::model::document::Currency;
use crate::model::ids::{GrantId, TenantId, XeroTenantId};
use crate::model::row::{Settings, Tenant};
use crate::model::time::Timestamp;
use crate::model::write::Write;
use crate::store::rows::{Rows, batch};
use crate::store::{MemStore, Store, Urgency};

const TENANTS: u128 = 10_000;

#[actix::test]
#[ignore = "a measurement"]
async fn ten_thousand_tenants_start() {
    let store = MemStore::new(Arc::new(Rows), [7; 16], 1);
    for first in (0..TENANTS).step_by(500) {
        let writes: Vec<Write> = (first..first + 500)
            .map(|nth| Write::Tenant(Box::new(tenant(nth))))
            .collect();
        store.commit(&[batch(&writes, Urgency::Result).unwrap()]).unwrap();
    }
    let before_kib = resident_kib();
    let began = tokio::time::Instant::now();
    let world = World::over(store, Arc::default(), Arc::default()).await;
    let started = began.elapsed();
    super::world::until(|| (world.ports.board.all().len() == 10_000).then_some(())).await;
    println!(
        "10,000 tenants: in the registry after {started:?}, all shown after {:?}, {} KiB more resident (rows in memory before: {before_kib} KiB)",
        began.elapsed(),
        resident_kib().saturating_sub(before_kib),
    );
    world.end();
}

pub fn tenant(nth: u128) -> Tenant {
    Tenant {
        credits: None,
        id: TenantId::from_parts(1_790_000_000_000, nth.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        xero_id: XeroTenantId(uuid::Uuid::from_u128(nth + 1)),
        name: format!("Organisation {nth} Limited"),
        grant: GrantId::from_parts(1_790_000_000_000, nth),
        time_zone: "GMTSTANDARDTIME".to_owned(),
        base_currency: Some(Currency::GBP),
        short_code: Some("!abc12".to_owned()),
        connected_at: Timestamp(1_790_000_000_000),
        connection: Connection::fresh(Timestamp(1_790_000_000_000)),
        settings: Settings::default(),
        fixed: Vec::new(),
    }
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
