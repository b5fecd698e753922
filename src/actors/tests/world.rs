//! Real actors, storage thread and machine over a store in memory and a Xero of a few lines.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Addr, Arbiter};
use bytes::Bytes;
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;

use crate::actors::app_budget::{AppBudget, AppLimits};
use crate::actors::connect::{AppKind, ConnectSettings, Desk};
use crate::actors::control::{Accepted, ConnectImport, Control, Refused};
use crate::actors::door::Door;
use crate::actors::doorbell::{Porter, PorterParts};
use crate::actors::intake::Intake;
use crate::actors::keyring::port::GrantStore;
use crate::actors::keyring::seal::Sealer;
use crate::actors::keyring::{Keyring, KeyringParts};
use crate::actors::ports::{Ports, SharedPolicy};
use crate::actors::registry::{Door as TenantDoor, Registry};
use crate::actors::supervisor::{Run, Supervisor};
use crate::engine::policy::{Policy, PullPolicy};
use crate::model::document::{Currency, Draft, HostStatus, InvoiceKind, Line, LineAmountTypes, Party};
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::{GrantId, TenantId, XeroContactId, XeroInvoiceId, XeroTenantId};
use crate::model::row::{Badge, GrantRow, Invoice, StreamKind, Tenant};
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Clock, Entropy, Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::{
    Account, Answer, AnswerMeta, Element, Encode, InvoiceChange, Organisation, OutgoingContact, OutgoingInvoice, Reply,
    Request, ScopeSet, WriteTarget, XeroConnection, XeroContact, XeroInvoice, XeroLine,
};
use crate::observe::board::Board;
use crate::observe::metrics::Metrics;
use crate::observe::notices::Reporter;
use crate::store::reader::Reader;
use crate::store::rows::{Rows, batch};
use crate::store::{Lane, MemStore, Store, Urgency, Writer, WriterOptions};
use crate::xero::api::{Code, Identity, TokenPair, XeroApi};

/// Longest wait for anything in a test.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct TestClock(tokio::time::Instant);

impl Clock for TestClock {
    fn now(&self) -> Now {
        let elapsed_ms = u64::try_from(self.0.elapsed().as_millis()).unwrap();
        let wall = Timestamp(1_790_000_000_000 + i64::try_from(elapsed_ms).unwrap());
        Now {
            wall,
            mono: Mono(1_000_000 + elapsed_ms),
        }
    }
    fn boot_id(&self) -> &str {
        "boot"
    }
}

#[derive(Default)]
pub struct Counting(AtomicU32);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(4) {
            let next = self
                .0
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(2_654_435_761)
                .to_be_bytes();
            let length = chunk.len();
            chunk.copy_from_slice(&next[..length]);
        }
    }
}

/// What Xero is told to do with a call, by the resource's label and whether it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Panic,
    Forbid,
    Hang,
}

type Body = Vec<OutgoingInvoice>;

/// Xero: makes what it is sent, and remembers what it was asked.
#[derive(Default)]
pub struct Xero {
    pub log: Mutex<Vec<String>>,
    pub made: Mutex<Vec<XeroInvoice>>,
    pub moods: Mutex<Vec<(Option<XeroTenantId>, &'static str, Mood)>>,
    pub listed: Mutex<Vec<XeroTenantId>>,
    /// Rotates at each refresh.
    pub live_token: Mutex<String>,
    pub refreshes: AtomicU32,
    bodies: Mutex<HashMap<Bytes, Body>>,
    contacts: Mutex<HashMap<Bytes, Vec<OutgoingContact>>>,
    answers: Mutex<HashMap<String, Reply>>,
    answering: tokio::sync::Notify,
    /// What must be true of the store whenever a write arrives.
    check: Mutex<Option<Check>>,
}

type Check = Box<dyn Fn(&Bytes, &str) + Send>;

pub struct Port(pub Arc<Xero>);

impl Encode for Port {
    fn create_invoices(&self, invoices: &[OutgoingInvoice]) -> Bytes {
        let numbers: Vec<&str> = invoices.iter().map(|invoice| invoice.url.as_str()).collect();
        let body = Bytes::from(format!("create {}", numbers.join(" ")));
        self.0.bodies.lock().unwrap().insert(body.clone(), invoices.to_vec());
        body
    }
    fn change_invoice(&self, id: XeroInvoiceId, change: &InvoiceChange) -> Bytes {
        Bytes::from(format!("change {id} {}", change.lines.iter().flatten().count()))
    }
    fn create_contacts(&self, contacts: &[OutgoingContact]) -> Bytes {
        let names: Vec<&str> = contacts.iter().map(|contact| contact.number.as_str()).collect();
        let body = Bytes::from(format!("contacts {}", names.join(" ")));
        self.0.contacts.lock().unwrap().insert(body.clone(), contacts.to_vec());
        body
    }
}

impl XeroApi for Port {
    fn call(&self, tenant: XeroTenantId, _token: SecretString, request: Request) -> BoxFuture<'static, Answer> {
        let xero = Arc::clone(&self.0);
        async move {
            let label = if request.is_write() {
                format!("{} write", request.resource())
            } else {
                request.resource().to_owned()
            };
            xero.log.lock().unwrap().push(label.clone());
            let mood = {
                let mut moods = xero.moods.lock().unwrap();
                let fits = |(of, what, _): &(Option<XeroTenantId>, &str, Mood)| {
                    of.is_none_or(|of| of == tenant) && (*what == label || *what == "*")
                };
                let at = moods.iter().position(fits);
                at.map(|at| {
                    if moods[at].2 == Mood::Forbid {
                        moods[at].2
                    } else {
                        moods.remove(at).2
                    }
                })
            };
            match mood {
                Some(Mood::Panic) => panic!("a defect of the client"),
                Some(Mood::Hang) => xero.answering.notified().await,
                Some(Mood::Forbid) => {
                    return Answer {
                        result: Err(failed(FailureKind::TenantRejected, Remedy::CheckConnection)),
                        meta: AnswerMeta::default(),
                    };
                }
                None => {}
            }
            Answer {
                result: Ok(xero.answer(request)),
                meta: AnswerMeta::default(),
            }
        }
        .boxed()
    }
}

fn failed(kind: FailureKind, remedy: Remedy) -> Failure {
    Failure {
        kind,
        remedy,
        received: Received::No,
        status: Some(403),
        message: "refused".into(),
        validation: Vec::new(),
    }
}

impl Xero {
    pub fn release(&self) {
        self.answering.notify_waiters();
    }

    pub fn expect(&self, check: impl Fn(&Bytes, &str) + Send + 'static) {
        *self.check.lock().unwrap() = Some(Box::new(check));
    }

    pub fn writes(&self) -> usize {
        self.log
            .lock()
            .unwrap()
            .iter()
            .filter(|line| *line == "invoices write")
            .count()
    }

    fn answer(&self, request: Request) -> Reply {
        match request {
            Request::Organisation => Reply::Organisation(Organisation {
                name: "Acme".into(),
                base_currency: Currency::GBP,
                time_zone: "GMTSTANDARDTIME".into(),
                short_code: None,
                period_lock_date: None,
                end_of_year_lock_date: None,
            }),
            Request::Accounts => Reply::Accounts(vec![Account {
                code: Some("200".into()),
                name: "Sales".into(),
                account_type: "REVENUE".into(),
                tax_type: Some("NONE".into()),
                is_active: true,
                system_account: None,
            }]),
            Request::TaxRates => Reply::TaxRates(Vec::new()),
            Request::FindContacts { .. } => Reply::Contacts(Vec::new()),
            Request::InvoicesById(ids) => self.found(|invoice| ids.contains(&invoice.id)),
            Request::InvoicesByNumber(numbers) => self.found(|invoice| numbers.contains(&invoice.number)),
            Request::MadeByUs { .. }
            | Request::Summaries { .. }
            | Request::Changes {
                stream: StreamKind::Invoices,
                ..
            } => self.found(|_| true),
            Request::Changes { .. } => Reply::Changes {
                found: Vec::new(),
                page_count: 1,
            },
            Request::Write { target, body, key } => {
                if let Some(check) = &*self.check.lock().unwrap() {
                    check(&body, &key);
                }
                // As Xero: a key that was seen is answered again, without acting.
                if let Some(answer) = self.answers.lock().unwrap().get(&key) {
                    return answer.clone();
                }
                let answer = self.write(target, &body);
                self.answers.lock().unwrap().insert(key, answer.clone());
                answer
            }
        }
    }

    fn found(&self, fits: impl Fn(&XeroInvoice) -> bool) -> Reply {
        let found = self
            .made
            .lock()
            .unwrap()
            .iter()
            .filter(|invoice| fits(invoice))
            .cloned()
            .collect();
        Reply::Invoices { found, page_count: 1 }
    }

    fn write(&self, target: WriteTarget, body: &Bytes) -> Reply {
        match target {
            WriteTarget::CreateContacts => {
                let asked = self.contacts.lock().unwrap().get(body).cloned().unwrap();
                let made = asked.into_iter().map(|contact| XeroContact {
                    id: XeroContactId(uuid::Uuid::new_v4()),
                    name: contact.name,
                    number: Some(contact.number),
                    email: None,
                    account_number: None,
                    is_archived: false,
                    merged_into: None,
                    errors: Vec::new(),
                });
                Reply::Contacts(made.collect())
            }
            WriteTarget::ChangeInvoice(id) => {
                let made = self.made.lock().unwrap();
                let invoice = made.iter().find(|invoice| invoice.id == id).cloned().unwrap();
                Reply::Written(vec![Element {
                    invoice,
                    errors: Vec::new(),
                    warnings: Vec::new(),
                }])
            }
            WriteTarget::CreateInvoices => {
                let asked = self.bodies.lock().unwrap().get(body).cloned().unwrap();
                let elements: Vec<Element> = asked
                    .iter()
                    .map(|invoice| Element {
                        invoice: made(invoice),
                        errors: Vec::new(),
                        warnings: Vec::new(),
                    })
                    .collect();
                self.made
                    .lock()
                    .unwrap()
                    .extend(elements.iter().map(|element| element.invoice.clone()));
                Reply::Written(elements)
            }
        }
    }
}

fn made(invoice: &OutgoingInvoice) -> XeroInvoice {
    let line = |line: &crate::model::xero::OutgoingLine| XeroLine {
        id: Some(crate::model::ids::LineItemId(uuid::Uuid::new_v4())),
        description: line.description.clone(),
        quantity: line.quantity,
        unit_amount: line.unit_amount,
        account_code: line.account_code.clone(),
        tax_type: line.tax_type.clone(),
        tax_amount: Decimal::ZERO,
        line_amount: line.quantity * line.unit_amount,
        item_code: None,
        discount_rate: None,
    };
    let lines: Vec<XeroLine> = invoice.lines.iter().map(line).collect();
    let total = lines.iter().map(|line| line.line_amount).sum();
    XeroInvoice {
        id: XeroInvoiceId(uuid::Uuid::new_v4()),
        kind: Some(invoice.kind),
        number: invoice.number.clone(),
        reference: String::new(),
        status: invoice.status.clone(),
        contact_id: Some(invoice.contact),
        contact_name: "Party".into(),
        date: Some(invoice.date),
        due_date: invoice.due_date,
        currency: Some(invoice.currency),
        line_amount_types: invoice.line_amount_types,
        lines,
        url: Some(invoice.url.clone()),
        sub_total: total,
        total_tax: Decimal::ZERO,
        total,
        cis_deduction: Decimal::ZERO,
        amount_due: total,
        amount_paid: Decimal::ZERO,
        amount_credited: Decimal::ZERO,
        payments: Vec::new(),
        credits: Vec::new(),
        updated: Timestamp(1_790_000_000_000),
    }
}

impl Identity for Port {
    fn refresh(&self, token: SecretString) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        let xero = Arc::clone(&self.0);
        async move {
            let mut live = xero.live_token.lock().unwrap();
            if *live != token.expose_secret() {
                return Err(failed(FailureKind::GrantRejected, Remedy::Reconnect));
            }
            let count = xero.refreshes.fetch_add(1, Ordering::Relaxed);
            *live = format!("refresh-{count}");
            Ok(TokenPair {
                access: format!("access-{count}").into(),
                refresh: live.clone().into(),
                expires_in_s: 1_800,
                scope: None,
                user: None,
            })
        }
        .boxed()
    }
    fn redeem(&self, _code: Code) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        std::future::ready(Err(failed(FailureKind::GrantRejected, Remedy::Reconnect))).boxed()
    }
    fn revoke(&self, _refresh: SecretString) -> BoxFuture<'static, Result<(), Failure>> {
        std::future::ready(Ok(())).boxed()
    }
    fn connections(&self, _access: SecretString) -> BoxFuture<'static, Result<Vec<XeroConnection>, Failure>> {
        self.0.log.lock().unwrap().push("connections".into());
        let listed = self.0.listed.lock().unwrap().clone();
        let connection = |tenant: XeroTenantId| XeroConnection {
            connection_id: "c".into(),
            tenant,
            tenant_type: "ORGANISATION".into(),
            name: Some("Acme".into()),
        };
        std::future::ready(Ok(listed.into_iter().map(connection).collect())).boxed()
    }
    fn disconnect(&self, _access: SecretString, _id: String) -> BoxFuture<'static, Result<(), Failure>> {
        std::future::ready(Ok(())).boxed()
    }
}

/// Grants that live as long as the test.
#[derive(Default)]
pub struct Grants(pub Mutex<HashMap<GrantId, GrantRow>>);

impl GrantStore for Grants {
    fn save(&self, row: GrantRow) -> BoxFuture<'static, Result<(), String>> {
        self.0.lock().unwrap().insert(row.id, row);
        std::future::ready(Ok(())).boxed()
    }
    fn replace(&self, row: GrantRow, gone: GrantId) -> BoxFuture<'static, Result<(), String>> {
        let (saved, removed) = (self.save(row).now_or_never().unwrap(), gone);
        if saved.is_ok() {
            self.remove(removed).now_or_never().unwrap().unwrap();
        }
        std::future::ready(saved).boxed()
    }
    fn load_all(&self) -> BoxFuture<'static, Result<Vec<GrantRow>, String>> {
        let rows = self.0.lock().unwrap().values().cloned().collect();
        std::future::ready(Ok(rows)).boxed()
    }
    fn remove(&self, grant: GrantId) -> BoxFuture<'static, Result<(), String>> {
        self.0.lock().unwrap().remove(&grant);
        std::future::ready(Ok(())).boxed()
    }
}

pub struct World {
    pub store: MemStore,
    pub xero: Arc<Xero>,
    pub grants: Arc<Grants>,
    pub ports: Arc<Ports>,
    pub door: Door,
    pub metrics: Metrics,
    pub supervisor: Addr<Supervisor>,
    arbiters: Vec<Arbiter>,
}

impl World {
    pub async fn new() -> Self {
        Self::over(
            MemStore::new(Arc::new(Rows), [7; 16], 1),
            Arc::default(),
            Arc::default(),
        )
        .await
    }

    /// Another life over the same rows, as after a crash.
    pub async fn over(store: MemStore, xero: Arc<Xero>, grants: Arc<Grants>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(TestClock(tokio::time::Instant::now()));
        let entropy: Arc<dyn Entropy> = Arc::new(Counting::default());
        let reader = Reader::new(Arc::new(store.clone()));
        let options = WriterOptions {
            idle_after: Duration::from_millis(5),
            reopen_every: Duration::from_millis(5),
            ..WriterOptions::default()
        };
        let writer = Writer::start(Arc::new(store.clone()), options).unwrap();
        let arbiters: Vec<Arbiter> = (0..2).map(|_| Arbiter::new()).collect();
        let handles: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
        let parts = KeyringParts {
            store: grants.clone(),
            identity: Arc::new(Port(Arc::clone(&xero))),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            sealer: Sealer::new(&[9; 32], Arc::clone(&entropy)),
        };
        let keyring = Keyring::start(&handles[0], parts).await.unwrap();
        let board = Board::default();
        let metrics = Metrics::new(board.clone(), clock.now().wall, &[]);
        let policy = Policy {
            batch_wait_ms: 5,
            pull: PullPolicy::NEVER,
            ..Policy::default()
        };
        let registry = Registry::default();
        let porter = Arc::new(Porter::new(PorterParts {
            registry: registry.clone(),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
        }));
        let ports = Arc::new(Ports {
            api: Arc::new(Port(Arc::clone(&xero))),
            encode: Arc::new(Port(Arc::clone(&xero))),
            reader: reader.clone(),
            writer,
            clock,
            entropy,
            keyring,
            app_budget: AppBudget::new(AppLimits::default()),
            board,
            reporter: Reporter::new(metrics.clone()),
            policy: SharedPolicy::new(policy),
            intake: Intake::default(),
            link_base: "https://app.example/d".into(),
            registry,
            porter,
            arbiters: handles,
        });
        let supervisor = Supervisor::new(Arc::clone(&ports), metrics.clone()).start();
        supervisor.send(Run(reader.tenants().unwrap())).await.unwrap();
        let door = Door::new(Arc::clone(&ports), supervisor.clone(), desk());
        Self {
            store,
            xero,
            grants,
            ports,
            door,
            metrics,
            supervisor,
            arbiters,
        }
    }

    /// A tenant, connected by the ordinary way.
    pub async fn tenant(&self, number: u128) -> Tenant {
        let id = organisation(number);
        self.xero.listed.lock().unwrap().push(id);
        let mut tenants = self.import("seed", Some(vec![id])).await.unwrap();
        tenants.remove(0)
    }

    pub async fn import(&self, token: &str, tenants: Option<Vec<XeroTenantId>>) -> Result<Vec<Tenant>, Refused> {
        if token == "seed" {
            let mut live = self.xero.live_token.lock().unwrap();
            if live.is_empty() {
                *live = "seed".to_owned();
            }
        }
        let order = ConnectImport {
            refresh_token: token.to_owned().into(),
            tenants,
            observe: false,
            requested_by: "token:test".to_owned(),
        };
        let connected = self.door.connect_import(order).await?;
        Ok(connected.into_iter().map(|connected| connected.tenant).collect())
    }

    pub async fn put(&self, tenant: &Tenant, number: &str) -> Result<Accepted, Refused> {
        self.door
            .put_invoice(tenant.id, number.to_owned(), draft(number), "token:test".to_owned())
            .await
    }

    /// As hosts do: again while busy. The disk has room again at once.
    pub async fn put_until_taken(&self, tenant: &Tenant, number: &str) -> Accepted {
        for _ in 0..2_000 {
            match self.put(tenant, number).await {
                Ok(accepted) => return accepted,
                Err(Refused::DiskReserve(_)) => self.ports.intake.open(),
                Err(Refused::Busy | Refused::Store(_)) => {}
                Err(other) => panic!("{other}"),
            }
            pause().await;
        }
        panic!("never taken");
    }

    pub fn row(&self, tenant: &Tenant, number: &str) -> Option<Invoice> {
        self.ports.reader.invoice_by_ref(tenant.id, number).unwrap()
    }

    pub async fn synced(&self, tenant: &Tenant, number: &str) -> Invoice {
        until(|| {
            self.row(tenant, number)
                .filter(|row| row.sync.badge == Some(Badge::Synced))
        })
        .await
    }

    pub fn door_of(&self, tenant: TenantId) -> Option<TenantDoor> {
        self.ports.registry.door(tenant)
    }

    /// Commits rows behind the actors' backs.
    pub async fn commit(&self, writes: &[Write]) {
        let done = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&done);
        let lane = Lane {
            id: [250; 16],
            generation: crate::actors::lane::fresh_generation(),
        };
        let batch = batch(writes, Urgency::Result).unwrap();
        self.ports
            .writer
            .submit(lane, batch, move |result| {
                result.unwrap();
                tell.store(true, Ordering::Release);
            })
            .unwrap();
        until(|| done.load(Ordering::Acquire).then_some(())).await;
    }

    pub fn end(self) {
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
        self.store.heal();
        self.ports.writer.stop();
        self.store.close().unwrap();
    }
}

pub fn organisation(number: u128) -> XeroTenantId {
    XeroTenantId(uuid::Uuid::from_u128(number))
}

/// Waits for something that other threads bring about.
pub async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            pause().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes true")
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

pub fn draft(number: &str) -> Draft {
    Draft {
        kind: InvoiceKind::Sales,
        number: number.to_owned(),
        contact: Party {
            reference: "C-1".to_owned(),
            name: "Party".to_owned(),
            email: None,
        },
        currency: Currency::GBP,
        issue_date: NaiveDate::from_ymd_opt(2026, 9, 1).unwrap(),
        due_date: None,
        due_date_rule: None,
        host_status: HostStatus::Approved,
        line_amount_types: LineAmountTypes::NoTax,
        lines: vec![Line {
            reference: None,
            description: "Work".to_owned(),
            quantity: Decimal::TWO,
            unit_price: Decimal::TEN,
            nominal_code: Some("200".to_owned()),
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

impl World {
    /// Asks until the answer is not that the tenant is being restarted.
    pub async fn put_refused(&self, tenant: &Tenant, number: &str) -> Refused {
        for _ in 0..2_000 {
            match self.put(tenant, number).await {
                Err(Refused::Busy) => pause().await,
                Err(refused) => return refused,
                Ok(_) => panic!("it was taken"),
            }
        }
        panic!("never answered");
    }
}

/// Makes an actor panic in a handler.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Crash;

impl actix::Handler<Crash> for crate::actors::tenant::TenantActor {
    type Result = ();

    fn handle(&mut self, _message: Crash, _ctx: &mut actix::Context<Self>) {
        panic!("a defect of a handler");
    }
}

impl World {
    pub fn door_put(&self, tenant: &Tenant, number: &str) -> BoxFuture<'static, Result<Accepted, Refused>> {
        self.door
            .put_invoice(tenant.id, number.to_owned(), draft(number), "token:test".to_owned())
    }
}

/// Keeps an actor busy until its other end is dropped.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Block(pub std::sync::mpsc::Receiver<()>);

impl actix::Handler<Block> for crate::actors::tenant::TenantActor {
    type Result = ();

    fn handle(&mut self, message: Block, _ctx: &mut actix::Context<Self>) {
        let _dropped = message.0.recv();
    }
}

/// Connecting as a web app, with people coming back to this machine.
fn desk() -> Arc<Desk> {
    Arc::new(Desk::new(ConnectSettings {
        login_url: "https://login.xero.com".into(),
        client_id: "client".into(),
        app: AppKind::Web,
        scopes: ScopeSet::Granular,
        redirect_uri: Some("http://localhost:7626/xero/callback".into()),
    }))
}
