//! A sandbox and a daemon as processes, with the settings that are shipped.

use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{ConfigFile, House, Sandbox, sale, until};

/// The folder all data lies in: on the disk of the build, which is a real one where `/tmp` often is
/// not.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// So many organisations, connected.
pub fn open(organisations: usize, settings: impl FnOnce(ConfigFile) -> ConfigFile) -> House {
    let folder = TempDir::with_prefix_in("bench-", root()).unwrap();
    let mut sandbox = Sandbox::start_with(&["--empty"]);
    for nth in 1..organisations {
        let made = sandbox.control("tenants", &json!({"name": format!("Organisation {nth} Ltd")}));
        sandbox.tenants.push(made["tenant_id"].as_str().unwrap().to_owned());
    }
    let config = settings(ConfigFile::shipped(folder.path(), &sandbox));
    House::of(folder, sandbox, config)
}

/// Writes one document of each organisation and waits until it is in Xero: then its chart and the
/// contact of all further ones are known.
pub fn warm(house: &House) {
    for tenant in &house.tenants {
        house.daemon.put(tenant, "WARM", &sale("WARM")).ok(201);
    }
    for tenant in &house.tenants {
        settled(house, tenant, 1, 120);
    }
}

/// Waits until so many documents of an organisation are green, and nothing else is there.
pub fn settled(house: &House, tenant: &str, total: usize, seconds: u64) {
    let counts = house.daemon.settled(tenant, total.try_into().unwrap(), seconds);
    assert_eq!(counts["synced"], total, "{counts}");
}

/// Puts another limit of calls a minute into force.
pub fn set_minute_limit(house: &mut House, calls: u32) {
    house.config = house.config.clone().set_raw("xero.limits.minute", &calls.to_string());
    house.config.write();
    house.daemon.process.signal(rustix::process::Signal::HUP);
    let path = format!("/v1/tenants/{}", house.ours());
    until(30, "the limit to be in force", || {
        let tenant = house.daemon.api.get(&path).ok(200);
        (tenant["budget"]["minute"]["limit"] == calls).then_some(())
    });
}
