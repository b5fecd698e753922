//! One full and one bare sample of every row, and small builders for lists.

use bytes::Bytes;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::model::connection::{Connection, ConnectionCause, ConnectionState, Gate};
use crate::model::document::{Currency, Draft, HostStatus, InvoiceKind, Line, LineAmountTypes, Party};
use crate::model::ids::{
    AuditId, BatchId, EventId, GrantId, IntentId, InvoiceId, LineItemId, Marker, OperationId, PaymentId, TenantId,
    XeroContactId, XeroCreditId, XeroInvoiceId, XeroPaymentId, XeroTenantId,
};
use crate::model::reason::ReasonCode;
use crate::model::row::{
    Acknowledged, Alert, Audit, AutoSync, Back, Badge, Batch, CallMinute, Cause, Change, Chart, Class, Common,
    ContactMatch, ContactRow, Credit, Difference, Disposition, Event, FollowUp, GrantRow, Intent, Invoice, Job,
    JobKind, JobStep, Link, LinkOrder, LinkTo, Mapping, MappingKind, Member, Operation, OperationItem, OperationState,
    Payment, ReasonGiven, Receipt, Reconciled, Scan, Sent, Settings, Stream, StreamKind, Sync, Tenant, Variance,
    VarianceLevel, WaitCause, Waiting, WorkOrderLink,
};
use crate::model::time::Timestamp;
use crate::model::xero::{Account, CreditKind, Organisation, TaxRate, WriteTarget, XeroInvoice, XeroLine, XeroStatus};

pub const AT: Timestamp = Timestamp(1_767_312_123_457);

pub fn tenant_id(n: u128) -> TenantId {
    TenantId::from_parts(1, n)
}

pub fn invoice_id(n: u64) -> InvoiceId {
    InvoiceId::from_parts(n, 0xAB)
}

pub fn operation_id(n: u64) -> OperationId {
    OperationId::from_parts(n, 0xCD)
}

pub fn guid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

pub fn date(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}

pub fn draft(number: &str, name: &str) -> Draft {
    Draft {
        kind: InvoiceKind::Sales,
        number: number.to_owned(),
        contact: Party {
            reference: "C-7".to_owned(),
            name: name.to_owned(),
            email: None,
        },
        currency: Currency::GBP,
        issue_date: date(1, 2),
        due_date: None,
        due_date_rule: None,
        host_status: HostStatus::Approved,
        line_amount_types: LineAmountTypes::Exclusive,
        lines: vec![Line {
            reference: None,
            description: "Widgets".to_owned(),
            quantity: dec("2"),
            unit_price: dec("12.50"),
            nominal_code: None,
            tax_type: None,
            tax_amount: None,
            item_code: None,
            discount_percent: None,
        }],
        reference: None,
        host_url: None,
        created_at: None,
        channel: None,
        location: None,
        work_order_ref: None,
    }
}

/// An invoice the host has just written.
pub fn invoice(tenant: TenantId, n: u64) -> Invoice {
    let host_ref = format!("SO-{n}");
    Invoice {
        id: invoice_id(n),
        tenant,
        marker: Marker::derive(XeroTenantId(guid(9)), &host_ref, 1),
        host_ref,
        rev: 1,
        version: 1,
        draft: draft(&format!("INV-{n}"), "Acme Ltd"),
        accepted_at: AT,
        updated_at: AT,
        sync: Sync::default(),
        link: None,
        common: None,
        copy: None,
        sent: None,
        on_request: false,
        create_was_sent: false,
        back: Back::default(),
    }
}

pub fn red(mut invoice: Invoice, code: ReasonCode, subject: Option<&str>) -> Invoice {
    invoice.sync.badge = Some(Badge::Failed);
    invoice.sync.reason = Some(ReasonGiven {
        code,
        detail: "because".to_owned(),
        subject: subject.map(str::to_owned),
        since: AT,
    });
    invoice
}

pub fn badged(mut invoice: Invoice, badge: Option<Badge>) -> Invoice {
    invoice.sync.badge = badge;
    invoice.sync.reason = None;
    invoice
}

pub fn xero_invoice(total: &str) -> XeroInvoice {
    XeroInvoice {
        id: XeroInvoiceId(guid(0x51)),
        kind: Some(InvoiceKind::Sales),
        number: "INV-1".to_owned(),
        reference: "PO 5".to_owned(),
        status: XeroStatus::Authorised,
        contact_id: Some(XeroContactId(guid(0x61))),
        contact_name: "Acme Ltd".to_owned(),
        date: Some(date(1, 2)),
        due_date: Some(date(2, 1)),
        currency: Some(Currency::GBP),
        line_amount_types: LineAmountTypes::Inclusive,
        lines: vec![XeroLine {
            id: Some(LineItemId(guid(0x71))),
            description: "Widgets".to_owned(),
            quantity: dec("2.0000"),
            unit_amount: dec("12.50"),
            account_code: Some("200".to_owned()),
            tax_type: Some("OUTPUT2".to_owned()),
            tax_amount: dec("5.00"),
            line_amount: dec("25.00"),
            item_code: None,
            discount_rate: Some(dec("0")),
        }],
        url: Some("https://host.example/i/1?cf=0".to_owned()),
        sub_total: dec("25.00"),
        total_tax: dec("5.00"),
        total: dec(total),
        cis_deduction: dec("0"),
        amount_due: dec("30.00"),
        amount_paid: dec("0.00"),
        amount_credited: dec("0.00"),
        payments: Vec::new(),
        credits: Vec::new(),
        updated: AT,
    }
}

/// Every optional part filled in; no part equals another.
pub fn full_invoice(tenant: TenantId) -> Invoice {
    let mut now = draft("INV-1", "Acme Ltd");
    now.contact.email = Some("a@acme.example".to_owned());
    now.due_date = Some(date(2, 1));
    now.due_date_rule = Some("end_of_month".to_owned());
    now.lines[0] = Line {
        reference: Some("L1".to_owned()),
        description: "Widgets \u{00e9}".to_owned(),
        quantity: dec("2.0000"),
        unit_price: dec("99999999.9999"),
        nominal_code: Some("4000".to_owned()),
        tax_type: Some("OUTPUT2".to_owned()),
        tax_amount: Some(dec("5.00")),
        item_code: Some("W".to_owned()),
        discount_percent: Some(dec("2.5")),
    };
    now.reference = Some("PO 5".to_owned());
    now.host_url = Some("https://host.example/i/1".to_owned());
    now.created_at = Some(AT);
    now.channel = Some("web".to_owned());
    now.location = Some("Leeds".to_owned());
    now.work_order_ref = Some("WO-1".to_owned());
    let mut invoice = red(invoice(tenant, 1), ReasonCode::UnmappedNominalCode, Some("4000"));
    invoice.rev = 3;
    invoice.version = 9;
    invoice.draft = now;
    invoice.sync.last_synced_at = Some(AT);
    invoice.sync.queued_at = Some(AT.plus_ms(1));
    invoice.sync.retries = 2;
    invoice.sync.auto_retry = true;
    invoice.sync.waiting = Some(Waiting {
        cause: WaitCause::OutcomeUnknown,
        until: AT.plus_ms(2),
    });
    invoice.sync.asked = true;
    invoice.link = Some(Link {
        xero_id: XeroInvoiceId(guid(0x51)),
        linked_at: AT,
    });
    invoice.common = Some(Common {
        rev: 1,
        draft: draft("INV-1", "Acme"),
        xero: xero_invoice("28.00"),
        lines: vec![Some(LineItemId(guid(0x71))), None],
    });
    invoice.copy = Some(xero_invoice("30.00"));
    invoice.sent = Some(Sent {
        rev: 2,
        draft: draft("INV-1", "Acme & Co"),
        read: Some(xero_invoice("29.00")),
    });
    invoice.create_was_sent = true;
    invoice.back = full_back();
    invoice
}

/// Everything that can come back.
pub fn full_back() -> Back {
    let word = Acknowledged {
        by: "token:ann".to_owned(),
        at: AT.plus_ms(5),
        note: "seen".to_owned(),
    };
    let alert = |code, acknowledged| Alert {
        reason: ReasonGiven {
            code,
            detail: "It happened.".to_owned(),
            subject: Some("WO-1".to_owned()),
            since: AT,
        },
        acknowledged,
    };
    Back {
        payments: vec![Payment {
            id: PaymentId::from_parts(1, 2),
            xero_id: XeroPaymentId(guid(0x91)),
            amount: dec("5.00"),
            date: Some(date(1, 4)),
            reference: "paid".to_owned(),
            recorded_at: AT,
            deleted_at: Some(AT.plus_ms(3)),
        }],
        credits: vec![credit(0x92, true), credit(0x93, false)],
        variance: Some(Variance {
            level: VarianceLevel::Variance,
            differences: vec![Difference {
                path: "/due_date".to_owned(),
                local: "2026-02-01".to_owned(),
                xero: "2026-02-02".to_owned(),
                level: VarianceLevel::Variance,
                disposition: Disposition::Protected,
            }],
            since: AT,
            acknowledged: None,
        }),
        as_written: Some(Box::new(draft("INV-1", "Acme"))),
        quiet_until: Some(AT.plus_ms(300_000)),
        deferred: Some(AT.plus_ms(300_000)),
        work_order: Some(WorkOrderLink::KeptBy(invoice_id(2))),
        alerts: vec![
            alert(ReasonCode::WorkOrderAlreadyReinvoiced, None),
            alert(ReasonCode::PaymentDeleteNoMatch, Some(word)),
        ],
    }
}

/// A comparison that waits.
pub fn follow_up(tenant: TenantId) -> FollowUp {
    FollowUp {
        tenant,
        invoice: invoice_id(1),
        due: AT,
    }
}

/// What a credit note takes off an invoice, or did.
pub fn credit(id: u128, counts: bool) -> Credit {
    Credit {
        kind: CreditKind::CreditNote,
        xero_id: XeroCreditId(guid(id)),
        number: "CN-1".to_owned(),
        amount: dec("10.00"),
        date: Some(date(1, 5)),
        recorded_at: AT,
        removed_at: (!counts).then_some(AT),
    }
}

/// In step: draft, common version and copy are the same, and a change of it is on its way.
pub fn agreed_invoice(tenant: TenantId) -> Invoice {
    let mut invoice = badged(invoice(tenant, 1), Some(Badge::Synced));
    invoice.common = Some(Common {
        rev: 1,
        draft: invoice.draft.clone(),
        xero: xero_invoice("30.00"),
        lines: vec![Some(LineItemId(guid(0x71)))],
    });
    invoice.copy = Some(xero_invoice("30.00"));
    invoice.sent = Some(Sent {
        rev: 1,
        draft: invoice.draft.clone(),
        read: Some(xero_invoice("30.00")),
    });
    invoice
}

pub fn tenant() -> Tenant {
    Tenant {
        id: tenant_id(1),
        xero_id: XeroTenantId(guid(9)),
        name: "Demo Ltd".to_owned(),
        grant: GrantId::from_parts(2, 2),
        time_zone: "GMTSTANDARDTIME".to_owned(),
        base_currency: Some(Currency::GBP),
        short_code: Some("!abc".to_owned()),
        connected_at: AT,
        connection: Connection {
            state: ConnectionState::GracePeriod,
            since: AT,
            cause: Some(ConnectionCause::AppRevoked),
            deadline: Some(AT.plus_ms(9)),
            gate: Gate::CatchingUp,
        },
        settings: Settings {
            auto_sync: AutoSync {
                enabled: true,
                sales: false,
                purchases: true,
            },
            same_code_default: false,
            currencies: vec![Currency::parse("EUR").unwrap()],
            contacts_opt_out: Vec::new(),
        },
        credits: None,
        fixed: Vec::new(),
    }
}

pub fn grant() -> GrantRow {
    GrantRow {
        id: GrantId::from_parts(2, 2),
        sealed: vec![0, 1, 255],
        refreshed_at: AT,
    }
}

pub fn operation(tenant: TenantId, n: u64, state: OperationState) -> Operation {
    Operation {
        id: operation_id(n),
        tenant,
        kind: "resync".to_owned(),
        invoice: Some(invoice_id(1)),
        state,
        done: 0,
        total: 1,
        message: "Queued".to_owned(),
        reason: None,
        requested_by: "token:ops".to_owned(),
        created_at: AT,
        finished_at: None,
        tally: None,
        rest: None,
        retry_of: None,
        why: String::new(),
    }
}

pub fn full_operation() -> Operation {
    Operation {
        reason: Some(ReasonGiven {
            code: ReasonCode::XeroUnavailable,
            detail: "503".to_owned(),
            subject: None,
            since: AT,
        }),
        finished_at: Some(AT.plus_ms(5)),
        rest: Some(Box::new(job(tenant_id(1)))),
        retry_of: Some(operation_id(2)),
        ..operation(tenant_id(1), 3, OperationState::Failed)
    }
}

pub fn receipt(key: &str, at: Timestamp) -> Receipt {
    Receipt {
        key: key.to_owned(),
        request: "ee".repeat(4),
        status: 201,
        body: "{\"id\":1}".to_owned(),
        at,
    }
}

pub fn intent(tenant: TenantId, n: u64) -> Intent {
    Intent {
        id: IntentId::from_parts(n, 4),
        tenant,
        invoice: invoice_id(1),
        kind: InvoiceKind::Purchase,
        class: Class::User,
        force: true,
        queued_at: AT,
        due: AT.plus_ms(7),
        retries: 1,
        operation: Some(operation_id(3)),
        jobs: Vec::new(),
        batch: Some(BatchId::from_parts(5, 5)),
        attempts: 2,
    }
}

pub fn batch(tenant: TenantId, n: u64) -> Batch {
    Batch {
        id: BatchId::from_parts(n, 5),
        tenant,
        target: WriteTarget::ChangeInvoice(XeroInvoiceId(guid(0x51))),
        body: Bytes::from_static(b"{\"Invoices\":[]}"),
        key: "k".repeat(8),
        members: vec![Member {
            intent: IntentId::from_parts(4, 4),
            invoice: invoice_id(1),
            marker: Marker::derive(XeroTenantId(guid(9)), "SO-1", 1),
            number: "INV-1".to_owned(),
            kind: InvoiceKind::Sales,
        }],
        first_sent: AT,
        first_sent_mono_ms: 1_234,
        xero_before: None,
        last_sent: AT.plus_ms(1),
        boot_id: "boot-1".to_owned(),
        replays: 1,
    }
}

pub fn contact(tenant: TenantId, reference: &str, name: &str) -> ContactRow {
    ContactRow {
        tenant,
        reference: reference.to_owned(),
        name: name.to_owned(),
        xero_id: XeroContactId(guid(0x61)),
        how: ContactMatch::Created,
        resolved_at: AT,
        is_archived: false,
        email: None,
        account_number: None,
    }
}

pub fn chart(tenant: TenantId) -> Chart {
    Chart {
        tenant,
        read_at: AT,
        organisation: Organisation {
            name: "Demo Ltd".to_owned(),
            base_currency: Currency::GBP,
            time_zone: "GMTSTANDARDTIME".to_owned(),
            short_code: Some("!abc".to_owned()),
            period_lock_date: Some(date(1, 1)),
            end_of_year_lock_date: None,
        },
        accounts: vec![Account {
            code: Some("200".to_owned()),
            name: "Sales".to_owned(),
            account_type: "REVENUE".to_owned(),
            tax_type: Some("OUTPUT2".to_owned()),
            is_active: true,
            system_account: None,
        }],
        tax_rates: vec![TaxRate {
            tax_type: "OUTPUT2".to_owned(),
            name: "20% (VAT on Income)".to_owned(),
            effective_rate: dec("20"),
            is_active: true,
        }],
    }
}

pub fn mapping(tenant: TenantId, kind: MappingKind, key: &str, value: &str) -> Mapping {
    Mapping {
        tenant,
        kind,
        key: key.to_owned(),
        value: value.to_owned(),
        set_at: AT,
    }
}

pub fn calls(tenant: TenantId, minute: i64) -> CallMinute {
    CallMinute {
        tenant,
        minute,
        sent: 2,
        answered: vec![AT.0, AT.0 + 400],
        not_before: Some(AT.plus_ms(1_000)),
    }
}

pub fn stream(tenant: TenantId) -> Stream {
    Stream {
        tenant,
        kind: StreamKind::CreditNotes,
        from: AT,
        seen: Some(AT.plus_ms(-5)),
        saved_at: Some(AT.plus_ms(9)),
        checked: 12,
        not_linked: 3,
        owed: vec![XeroInvoiceId(Uuid::from_u128(9))],
    }
}

pub fn scan(tenant: TenantId) -> Scan {
    Scan {
        tenant,
        kind: StreamKind::Invoices,
        since: AT,
        began_at: AT.plus_ms(60_000),
        page: 7,
        seen: Some(AT.plus_ms(1)),
        checked: 2_000,
        not_linked: 1_990,
        changed: 4,
    }
}

pub fn job(tenant: TenantId) -> Job {
    Job {
        tenant,
        operation: operation_id(3),
        kind: JobKind::Refresh,
        class: Class::User,
        what: "24h".to_owned(),
        step: JobStep::Pages {
            since: AT,
            began_at: Some(AT.plus_ms(60_000)),
            page: 3,
            summary: false,
            seen: None,
        },
        ids: vec![XeroInvoiceId(uuid::Uuid::from_u128(9))],
        linked: Some(12),
        links: vec![LinkOrder {
            host_ref: "SO-1".to_owned(),
            document: LinkTo::Number("INV-1".to_owned()),
        }],
        invoices: vec![invoice_id(7)],
        is_cancelled: true,
    }
}

pub fn reconciled(tenant: TenantId) -> Reconciled {
    Reconciled {
        tenant,
        date: NaiveDate::from_ymd_opt(2026, 1, 2).unwrap(),
        operation: operation_id(3),
        began_at: AT,
    }
}

pub fn audit(tenant: TenantId) -> Audit {
    Audit {
        id: AuditId::from_parts(7, 8),
        tenant,
        at: AT,
        actor: "xero".to_owned(),
        cause: Cause::Sweep,
        action: "invoice.paid".to_owned(),
        invoice: Some(invoice_id(1)),
        host_ref: Some("SO-1".to_owned()),
        operation: None,
        reason: None,
        changes: item().changes,
    }
}

pub fn item() -> OperationItem {
    OperationItem {
        operation: operation_id(3),
        index: 258,
        invoice: Some(invoice_id(1)),
        host_ref: Some("SO-1".to_owned()),
        xero_id: Some(XeroInvoiceId(uuid::Uuid::from_u128(9))),
        document: Some(LinkTo::Number("INV-1".to_owned())),
        is_done: true,
        is_skipped: false,
        code: "passed_over".to_owned(),
        detail: "It changed.".to_owned(),
        changes: vec![Change {
            field: "totals.amount_due".to_owned(),
            before: "10.00".to_owned(),
            after: "0.00".to_owned(),
        }],
    }
}

pub fn event(tenant: TenantId, n: u64, at: Timestamp) -> Event {
    Event {
        id: EventId::from_parts(n, 6),
        tenant,
        event_type: "invoice.synced".to_owned(),
        timestamp: at,
        data: serde_json::json!({ "id": "inv_1", "n": n }),
    }
}
