use serde_json::{Value, json};

use super::double::NOW;
use super::fixture::World;
use crate::engine::status::HookState;

#[test]
fn ux_41_status_and_tenant_tell_whether_webhooks_come() {
    let world = World::start();
    let status = world.client.get("/v1/status").json();
    assert_eq!(
        status["webhooks"],
        json!({
            "status": "waiting", "last_received_at": null, "silent_since": null, "gaps": 0, "last_gap_at": null,
            "keys": [{"source": "/etc/counterfoil/webhook_key", "last_used_at": null}],
        })
    );
    assert_eq!(status["warnings"], json!([]));
    let tenant = world.client.get(&world.below("")).json();
    let webhooks = &tenant["webhooks"];
    assert_eq!(
        (&webhooks["status"], &webhooks["lag_p95_s"]),
        (&json!("on"), &json!(0.412))
    );
    assert_eq!(webhooks["last_received_at"], NOW.to_rfc3339());
}

#[test]
fn a_silent_webhook_is_a_warning_that_says_what_to_do() {
    let world = World::start();
    let warn = |state: HookState, last| -> Value {
        let mut hooks = world.hooks.lock().expect("unpoisoned");
        hooks.state = state;
        hooks.last_received_at = last;
        drop(hooks);
        world.client.get("/v1/status").json()["warnings"].clone()
    };
    for state in [HookState::Off, HookState::Waiting, HookState::On] {
        assert_eq!(warn(state, None), json!([]));
    }
    let warning = &warn(HookState::Silent, Some(NOW))[0];
    let message = warning["message"].as_str().expect("a text");
    assert!(message.contains("Xero may have disabled the webhook"), "{message}");
    assert!(message.contains(&NOW.to_rfc3339()), "{message}");
    assert!(
        warning["fix"]
            .as_str()
            .expect("a text")
            .contains("docs/how-to/receive-webhooks.md")
    );
    let never = &warn(HookState::Silent, None)[0];
    assert!(never["message"].as_str().expect("a text").contains("since the start"));
}
