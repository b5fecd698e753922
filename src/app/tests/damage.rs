//! Rows that cannot be read: they cost one organisation its work, not the daemon its start.

use std::sync::Arc;

use super::daemon::{STOP, ask, config, draft, parts};
use crate::actors::control::{ConnectImport, Control, Refused};
use crate::app::daemon::Daemon;
use crate::config::Config;
use crate::model::ids::IntentId;
use crate::model::row::Tenant;
use crate::model::secret::SecretString;
use crate::sandbox;
use crate::store::rows::{Rows, keys};
use crate::store::{Batch, DiskStore, Op, OpenOptions, Store};

/// Overwrites a row with something that is none, in a stopped daemon's store.
fn spoil(config: &Config, key: Vec<u8>) {
    let boot_id = crate::store::marker::current_boot_id().unwrap();
    let mut options = OpenOptions::new(&config.store.path, [0; 16], 1, boot_id);
    options.reserve_bytes = 0;
    options.ballast_bytes = 0;
    let (store, _) = DiskStore::open(options, Arc::new(Rows)).unwrap();
    let value = b"\x01\x00{}".to_vec();
    let batch = Batch {
        ops: vec![Op::Put { key, value }],
        ..Batch::default()
    };
    store.commit(&[batch]).unwrap();
    store.close().unwrap();
}

async fn is_served(daemon: &Daemon, tenant: &Tenant, number: &str) -> Result<(), Refused> {
    let written = daemon
        .door()
        .put_invoice(
            tenant.id,
            number.to_owned(),
            draft(tenant, number, "200"),
            "token:test".to_owned(),
        )
        .await;
    written.map(drop)
}

#[actix::test]
async fn a_row_that_cannot_be_read_parks_its_tenant_and_nobody_else() {
    crate::xero::client::install_tls();
    let folder = tempfile::tempdir().unwrap();
    let xero = sandbox::start(sandbox::Options::default()).await.unwrap();
    let config = config(folder.path(), &xero, &[]);
    let daemon = Daemon::start(parts(config.clone()).0).await.unwrap();
    let order = ConnectImport {
        refresh_token: SecretString::from(xero.refresh_token.as_str()),
        tenants: None,
        observe: true,
        requested_by: "token:test".to_owned(),
    };
    let tenants = daemon.connect(order).await.unwrap();
    let [.., one, other] = tenants.as_slice() else {
        panic!("two organisations");
    };
    is_served(&daemon, one, "N-1").await.unwrap();
    daemon.stop(STOP).await.unwrap();

    // Something it works on; then the tenant itself.
    let work = keys::intent(one.id, IntentId::from_parts(1, 1));
    for (key, runs) in [(work, tenants.len()), (keys::tenant(one.id), tenants.len() - 1)] {
        spoil(&config, key);
        let (parts, metrics) = parts(config.clone());
        let daemon = Daemon::start(parts).await.unwrap();
        assert_eq!(daemon.tenants_count, runs);
        match is_served(&daemon, one, "N-2").await {
            Err(Refused::Parked(why)) => assert!(why.contains("is damaged"), "{why}"),
            other => panic!("{other:?}"),
        }
        assert!(metrics.render().contains("counterfoil_tenants_parked 1\n"));
        is_served(&daemon, other, &format!("N-{runs}")).await.unwrap();
        // The list has those that can be read.
        let list =
            "GET /v1/tenants HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer TOKEN\r\nconnection: close\r\n\r\n";
        let answer = ask(&daemon, list).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(&other.id.to_string()), "{answer}");
        daemon.stop(STOP).await.unwrap();
    }
    xero.stop().await;
}
