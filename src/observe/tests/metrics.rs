use std::collections::BTreeSet;
use std::time::Duration;

use super::tenants::{at_rest, tenant};
use crate::engine::status::TenantStatus;
use crate::model::connection::ConnectionState;
use crate::model::time::Timestamp;
use crate::observe::families::{FAMILIES, PREFIX};
use crate::observe::labels::{
    Badge, HttpRejection, IdempotencyOutcome, OauthOutcome, ReloadResult, RestartCause, StoreOp,
};
use crate::observe::metrics::PROCESS_FAMILIES;
use crate::observe::{Board, Metrics};

const ROUTES: &[(&str, &str)] = &[("GET", "/v1/tenants"), ("PUT", "/v1/tenants/{id}/invoices/{name}")];

fn metrics(board: &Board) -> Metrics {
    Metrics::new(board.clone(), Timestamp(1_700_000_000_999), ROUTES)
}

/// The value of one series.
#[track_caller]
fn value(text: &str, series: &str) -> String {
    let found: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
        .collect();
    assert_eq!(found.len(), 1, "{series} in\n{text}");
    found[0].to_owned()
}

#[test]
fn every_family_is_shown_from_the_start_at_0_with_few_series() {
    let text = metrics(&Board::default()).render();
    for spec in FAMILIES {
        let kind = format!("# TYPE {PREFIX}_{} {}", spec.name, spec.kind);
        assert!(text.lines().any(|line| line == kind), "{kind}");
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() < 1_500, "{} series", lines.len());
    let moved: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !line.ends_with(" 0") && !line.ends_with(" 0.0"))
        .filter(|line| !line.starts_with("process_"))
        .collect();
    assert_eq!(
        moved,
        [
            concat!("counterfoil_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            "counterfoil_start_timestamp_seconds 1700000000",
        ]
    );
    let is_plain = |line: &str| line.starts_with("# HELP ") || line.starts_with("# TYPE ") || !line.starts_with('#');
    assert!(text.lines().all(is_plain), "only what Prometheus' plain text knows");
    assert!(!text.contains(".."), "a help text ends in one full stop");
}

#[test]
fn names_say_what_they_are() {
    let mut seen = BTreeSet::new();
    for spec in FAMILIES.iter().chain(&PROCESS_FAMILIES) {
        assert!(seen.insert(spec.name), "{} is there twice", spec.name);
        assert_eq!(spec.kind == "counter", spec.name.ends_with("_total"), "{}", spec.name);
        assert!(
            spec.kind != "histogram" || spec.name.ends_with("_seconds"),
            "{}",
            spec.name
        );
        assert!(spec.help.ends_with('.') && !spec.help.is_empty(), "{}", spec.name);
        assert!(spec.labels.iter().all(|(name, _)| *name != "tenant"), "{}", spec.name);
        for (name, values) in spec.labels {
            let values = values();
            let distinct: BTreeSet<&str> = values.iter().copied().collect();
            assert!(
                !values.is_empty() && distinct.len() == values.len(),
                "{} {name}",
                spec.name
            );
        }
    }
}

#[test]
fn what_the_process_uses_is_told() {
    let text = metrics(&Board::default()).render();
    assert!(value(&text, "process_resident_memory_bytes").parse::<u64>().unwrap() > 1 << 20);
    assert!(value(&text, "process_open_fds").parse::<u64>().unwrap() > 2);
}

#[test]
fn the_board_is_read_when_somebody_looks() {
    let board = Board::default();
    let metrics = metrics(&board);
    board.set(
        tenant(1),
        TenantStatus {
            queued_count: 7,
            oldest_queued: Some(Timestamp(12_345)),
            in_flight_count: 2,
            ..at_rest(ConnectionState::Active)
        },
    );
    let text = metrics.render();
    assert_eq!(value(&text, "counterfoil_tenants{state=\"active\"}"), "1");
    assert_eq!(value(&text, "counterfoil_push_queue_depth"), "7");
    assert_eq!(value(&text, "counterfoil_push_queue_oldest_timestamp_seconds"), "12");
    assert_eq!(value(&text, "counterfoil_xero_requests_in_flight"), "2");
    board.remove(tenant(1));
    let text = metrics.render();
    assert_eq!(value(&text, "counterfoil_tenants{state=\"active\"}"), "0");
    assert_eq!(value(&text, "counterfoil_push_queue_oldest_timestamp_seconds"), "0");
}

#[test]
fn each_method_moves_its_series() {
    let metrics = metrics(&Board::default());
    metrics.config_reloaded(ReloadResult::Applied, Timestamp(5_000));
    metrics.config_reloaded(ReloadResult::Invalid, Timestamp(9_000));
    metrics.actor_restarted(RestartCause::Panic);
    metrics.set_invoices(Badge::Failed, 12);
    metrics.oauth_refreshed(OauthOutcome::InvalidGrant);
    metrics.events_appended(3);
    metrics.http_rejected(HttpRejection::Auth);
    metrics.idempotency(IdempotencyOutcome::Replayed);
    metrics.set_store_bytes(10, 20);
    metrics.store_flushed(Duration::from_millis(3));
    metrics.store_failed(StoreOp::Commit);
    metrics.http_answered("/v1/tenants", "GET", 200, Duration::from_millis(40));
    metrics.http_answered("/v1/tenants", "GET", 418, Duration::ZERO);
    metrics.http_answered("/made/up/12345", "BREW", 404, Duration::ZERO);
    let text = metrics.render();
    let rows = [
        ("config_reloads_total{result=\"applied\"}", "1"),
        ("config_reloads_total{result=\"invalid\"}", "1"),
        ("config_last_reload_success_timestamp_seconds", "5"),
        ("actor_restarts_total{cause=\"panic\"}", "1"),
        ("invoices{sync_state=\"failed\"}", "12"),
        ("oauth_refreshes_total{outcome=\"invalid_grant\"}", "1"),
        ("events_appended_total", "3"),
        ("http_rejected_total{cause=\"auth\"}", "1"),
        ("idempotency_total{outcome=\"replayed\"}", "1"),
        ("store_bytes", "10"),
        ("store_free_bytes", "20"),
        ("store_flush_seconds_count", "1"),
        ("store_flush_seconds_bucket{le=\"0.001\"}", "0"),
        ("store_flush_seconds_bucket{le=\"0.005\"}", "1"),
        ("store_errors_total{op=\"commit\"}", "1"),
        (
            "http_requests_total{route=\"/v1/tenants\",method=\"GET\",status_class=\"2xx\"}",
            "1",
        ),
        (
            "http_requests_total{route=\"/v1/tenants\",method=\"GET\",status_class=\"4xx\"}",
            "1",
        ),
        (
            "http_requests_total{route=\"other\",method=\"other\",status_class=\"404\"}",
            "1",
        ),
        ("http_request_duration_seconds_count{route=\"/v1/tenants\"}", "2"),
        ("http_request_duration_seconds_count{route=\"other\"}", "1"),
    ];
    for (series, expected) in rows {
        assert_eq!(value(&text, &format!("counterfoil_{series}")), expected, "{series}");
    }
    assert!(!text.contains("12345"), "a path nobody declared is no label");
}
