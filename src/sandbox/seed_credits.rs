//! The credit notes and the overpayment of the demo.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::api::{Call, bank_transactions, credit_notes};
use super::books::Books;
use super::query::page::{SIZE_MAX, SinceIs};
use super::wire::{Json, Params, Request};

/// Credit an organisation starts with.
#[derive(Debug, Clone, Copy)]
pub struct SeedCredit {
    /// `ACCRECCREDIT`, `ACCPAYCREDIT` or a type of bank transaction.
    pub kind: &'static str,
    /// `CreditNoteNumber`, or the reference of a bank transaction; outside Xero's own series.
    pub number: &'static str,
    /// One of the organisation's contacts.
    pub contact: &'static str,
    /// `DRAFT` or `AUTHORISED`.
    pub status: &'static str,
    /// Without tax.
    pub amount: &'static str,
    /// What the line is coded to; empty for overpayments.
    pub account: &'static str,
}

/// Of "Acme Ltd".
pub const DEMO_CREDITS: [SeedCredit; 4] = [
    SeedCredit {
        kind: "ACCRECCREDIT",
        number: "CN-R-101",
        contact: "Ridgeway University",
        status: "AUTHORISED",
        amount: "250.00",
        account: "200",
    },
    SeedCredit {
        kind: "ACCRECCREDIT",
        number: "CN-R-102",
        contact: "Basket Case",
        status: "DRAFT",
        amount: "40.00",
        account: "200",
    },
    SeedCredit {
        kind: "ACCPAYCREDIT",
        number: "NC-77",
        contact: "Net Connect",
        status: "AUTHORISED",
        amount: "54.13",
        account: "463",
    },
    SeedCredit {
        kind: "RECEIVE-OVERPAYMENT",
        number: "Paid twice",
        contact: "City Limousines",
        status: "AUTHORISED",
        amount: "60.00",
        account: "",
    },
];

/// Enters them. Their ids come from the organisation's own, so that the world's chance goes on as
/// if they were not there.
pub fn add_credits(credits: &[SeedCredit], books: &mut Books, now_ms: i64) {
    let (seed, _) = books.organisation.id.as_u64_pair();
    let mut rng = StdRng::seed_from_u64(seed);
    let bank = books.accounts.iter().find(|account| account.account_type == "BANK");
    let bank = bank.map(|account| account.id.to_string()).unwrap_or_default();
    let request = Request::default();
    let mut call = Call {
        books,
        rng: &mut rng,
        now_ms,
        request: &request,
        params: Params::default(),
        since_is: SinceIs::default(),
        page_most: SIZE_MAX,
    };
    for credit in credits {
        let element = element(credit, &bank);
        let entered = match credit.kind {
            "ACCRECCREDIT" | "ACCPAYCREDIT" => credit_notes::apply(&mut call, &element, None),
            _ => bank_transactions::apply(&mut call, &element),
        };
        // After a reset the account of a sample may be gone, because the chart stays as it is.
        if let Err(reasons) = entered {
            tracing::info!(number = credit.number, ?reasons, "a sample credit was left out");
        }
    }
}

fn element(credit: &SeedCredit, bank: &str) -> Json {
    let text = |key: &str, value: &str| (key.to_owned(), Json::Text(value.to_owned()));
    let mut line = vec![
        text("Description", "Opening balance"),
        text("UnitAmount", credit.amount),
    ];
    if !credit.account.is_empty() {
        line.push(text("AccountCode", credit.account));
    }
    Json::Map(vec![
        text("Type", credit.kind),
        text("CreditNoteNumber", credit.number),
        text("Reference", credit.number),
        text("Status", credit.status),
        ("Contact".to_owned(), Json::Map(vec![text("Name", credit.contact)])),
        ("BankAccount".to_owned(), Json::Map(vec![text("AccountID", bank)])),
        ("LineItems".to_owned(), Json::List(vec![Json::Map(line)])),
    ])
}
