use super::lines::Lines;
use super::tenants::tenant;
use crate::engine::effect::Notice;
use crate::engine::status::Blocked;
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::document::InvoiceKind;
use crate::model::failure::{FailureKind, Limit};
use crate::model::ids::{IntentId, InvoiceId, OperationId};
use crate::model::reason::ReasonCode;
use crate::model::time::Timestamp;
use crate::observe::{Board, Metrics, Reporter};

/// Announces one notice; answers its lines (without time) and the series that moved.
fn announced(notice: &Notice) -> (Vec<String>, Vec<String>) {
    let metrics = Metrics::new(Board::default(), Timestamp(0), &[]);
    let before = metrics.render();
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .without_time()
        .with_ansi(false)
        .with_target(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        Reporter::new(metrics.clone()).announce(tenant(1), notice);
    });
    let after = metrics.render();
    let moved = after
        .lines()
        .filter(|line| !line.starts_with("process_") && !line.contains("_bucket{"))
        .filter(|line| !before.lines().any(|old| old == *line))
        .map(|line| line.replace("counterfoil_", ""))
        .collect();
    let text = lines.text();
    (text.lines().map(|line| line.trim().to_owned()).collect(), moved)
}

#[track_caller]
fn check(notice: &Notice, line: &str, moved: &[&str]) {
    let (lines, mut series) = announced(notice);
    let expected = line.replace("TEN", &format!("tenant={}", tenant(1)));
    assert_eq!(lines, [expected]);
    // Series of one family come in any order.
    let mut moved: Vec<&str> = moved.to_vec();
    series.sort();
    moved.sort_unstable();
    assert_eq!(series, moved);
}

fn invoice() -> InvoiceId {
    InvoiceId::from_parts(1, 1)
}

#[test]
fn notices_about_documents_become_one_line_and_their_metric() {
    let id = invoice();
    check(
        &Notice::Accepted {
            invoice: id,
            created: true,
        },
        &format!("INFO document accepted TEN invoice={id} result=\"created\""),
        &["host_writes_total{result=\"created\"} 1"],
    );
    check(
        &Notice::Synced {
            invoice: id,
            kind: InvoiceKind::Sales,
            latency_ms: 1_500,
        },
        &format!("INFO document synced TEN invoice={id} kind=\"sales\" latency_ms=1500"),
        &[
            "pushes_total{kind=\"sales\",outcome=\"ok\"} 1",
            "push_latency_seconds_sum 1.5",
            "push_latency_seconds_count 1",
        ],
    );
    check(
        &Notice::Failed {
            invoice: id,
            kind: InvoiceKind::Purchase,
            code: ReasonCode::PeriodLocked,
        },
        &format!("INFO document failed TEN invoice={id} kind=\"purchase\" reason=\"period_locked\""),
        &[
            "pushes_total{kind=\"purchase\",outcome=\"failed\"} 1",
            "push_failures_total{reason=\"period_locked\"} 1",
        ],
    );
    check(
        &Notice::Failed {
            invoice: id,
            kind: InvoiceKind::Sales,
            code: ReasonCode::NeedsReview,
        },
        &format!("WARN document failed TEN invoice={id} kind=\"sales\" reason=\"needs_review\""),
        &[
            "pushes_total{kind=\"sales\",outcome=\"failed\"} 1",
            "push_failures_total{reason=\"needs_review\"} 1",
        ],
    );
}

#[test]
fn notices_about_attempts_and_operations_become_one_line_and_their_metric() {
    let intent = IntentId::from_parts(2, 2);
    check(
        &Notice::RetryScheduled {
            intent,
            retry: 2,
            delay_ms: 10_000,
        },
        &format!("INFO retry scheduled TEN intent={intent} retry=2 delay_ms=10000"),
        &["retries_total 1"],
    );
    check(
        &Notice::OutcomeUnknown {
            members_count: 50,
            kind: FailureKind::TimedOut,
        },
        "INFO outcome unknown TEN members_count=50 failure=\"timed_out\"",
        &["push_outcomes_unknown_total{failure=\"timed_out\"} 50"],
    );
    check(
        &Notice::OutcomeSettled {
            members_count: 50,
            how: "look_up",
        },
        "INFO outcome settled TEN members_count=50 how=\"look_up\"",
        &["push_outcomes_settled_total{how=\"look_up\"} 50"],
    );
    check(
        &Notice::OutcomeSettled {
            members_count: 1,
            how: "divination",
        },
        "INFO outcome settled TEN members_count=1 how=\"divination\"",
        &["push_outcomes_settled_total{how=\"other\"} 1"],
    );
    let operation = OperationId::from_parts(3, 3);
    check(
        &Notice::OperationFinished {
            operation,
            succeeded: false,
        },
        &format!("INFO operation finished TEN operation={operation} outcome=\"failed\""),
        &["operations_total{outcome=\"failed\"} 1"],
    );
}

#[test]
fn notices_about_traffic_become_one_line_and_their_metric() {
    check(
        &Notice::Called {
            resource: "invoices",
            is_write: true,
            failure: None,
            bytes_count: 812,
            took_ms: 500,
        },
        "DEBUG xero called TEN resource=\"invoices\" access=\"write\" outcome=\"ok\" bytes_count=812 took_ms=500",
        &[
            "xero_requests_total{resource=\"invoices\",access=\"write\",outcome=\"ok\"} 1",
            "xero_request_duration_seconds_sum{resource=\"invoices\"} 0.5",
            "xero_request_duration_seconds_count{resource=\"invoices\"} 1",
            "xero_response_bytes_total{resource=\"invoices\"} 812",
        ],
    );
    check(
        &Notice::Throttled {
            limit: Limit::Day,
            wait_ms: 60_000,
        },
        "INFO xero throttled us TEN limit=\"day\" wait_ms=60000",
        &["xero_rate_limited_total{limit=\"day\"} 1"],
    );
    check(
        &Notice::BreakerOpened,
        "WARN xero keeps failing, calls stop TEN",
        &["xero_breaker_changes_total{to=\"open\"} 1"],
    );
    check(
        &Notice::BreakerClosed,
        "INFO xero answers again TEN",
        &["xero_breaker_changes_total{to=\"closed\"} 1"],
    );
    check(
        &Notice::SendGate(Some(Blocked::CatchingUp)),
        "DEBUG send gate changed TEN gate=\"catching_up\"",
        &["send_gate_changes_total{to=\"catching_up\"} 1"],
    );
    check(
        &Notice::SendGate(None),
        "DEBUG send gate changed TEN gate=\"open\"",
        &["send_gate_changes_total{to=\"open\"} 1"],
    );
    check(
        &Notice::StaleAnswer,
        "DEBUG stale answer ignored TEN",
        &["stale_answers_total 1"],
    );
}

#[test]
fn notices_about_webhooks_become_one_line_and_their_metric() {
    check(
        &Notice::Rung {
            read_count: 5,
            folded_count: 4,
            known_count: 3,
            not_followed_count: 2,
            crowded_count: 1,
        },
        "DEBUG webhook rang TEN read_count=5 folded_count=4 known_count=3 not_followed_count=2 crowded_count=1",
        &[
            "xero_webhook_invoices_total{outcome=\"read\"} 5",
            "xero_webhook_invoices_total{outcome=\"folded\"} 4",
            "xero_webhook_invoices_total{outcome=\"known\"} 3",
            "xero_webhook_invoices_total{outcome=\"not_followed\"} 2",
            "xero_webhook_invoices_total{outcome=\"crowded\"} 1",
        ],
    );
    check(
        &Notice::HookTaken { took_ms: 500 },
        "DEBUG change of a webhook taken TEN took_ms=500",
        &["xero_webhook_lag_seconds_sum 0.5", "xero_webhook_lag_seconds_count 1"],
    );
    check(
        &Notice::Unannounced {
            count: 3,
            latest: crate::model::time::Timestamp(0),
        },
        "DEBUG changes found that no webhook announced TEN count=3 latest=1970-01-01T00:00:00.000Z",
        &["xero_unannounced_changes_total 3"],
    );
}

#[test]
fn a_connection_that_leaves_active_is_a_warning() {
    check(
        &Notice::ConnectionChanged {
            from: ConnectionState::Active,
            to: ConnectionState::RequiresReauth,
            cause: Some(ConnectionCause::GrantDead),
        },
        "WARN connection changed TEN from=\"active\" to=\"requires_reauth\" cause=\"grant_dead\"",
        &["tenant_state_transitions_total{to=\"requires_reauth\",cause=\"grant_dead\"} 1"],
    );
    check(
        &Notice::ConnectionChanged {
            from: ConnectionState::GracePeriod,
            to: ConnectionState::Active,
            cause: None,
        },
        "INFO connection changed TEN from=\"grace_period\" to=\"active\" cause=\"none\"",
        &["tenant_state_transitions_total{to=\"active\",cause=\"none\"} 1"],
    );
}

#[test]
fn an_illegal_event_is_an_error_and_shows_nothing_of_what_it_held() {
    check(
        &Notice::IllegalEvent {
            state: "Disconnected { since: 5 }".to_owned(),
            event: "HostWrote { draft: Draft { contact: \"J Smith\" } }".to_owned(),
        },
        "ERROR event does not fit the state TEN state=\"Disconnected\" event=\"HostWrote\"",
        &["illegal_events_total 1"],
    );
}

#[test]
fn every_label_of_the_model_has_its_series() {
    for code in ReasonCode::ALL {
        let notice = Notice::Failed {
            invoice: invoice(),
            kind: InvoiceKind::Sales,
            code: *code,
        };
        let (_, moved) = announced(&notice);
        assert!(moved.contains(&format!("push_failures_total{{reason=\"{}\"}} 1", code.code())));
    }
}
