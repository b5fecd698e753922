//! What the sandbox simulates of Xero, what it does not, and how we know what Xero does.
//! `docs/reference/sandbox.md` holds the same table; a test compares them.

use std::fmt::Write as _;

/// How it is known that Xero behaves so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A recording of the live Xero shows it.
    Recorded,
    /// Xero's published specification or documentation says it.
    Specified,
    /// Users or integrators report it.
    Reported,
    /// Nobody says; the sandbox does the likeliest.
    Assumed,
}

/// One behaviour of Xero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// Tests of it are called `behaviour_<number>_…`.
    pub number: u8,
    /// What it is about.
    pub title: &'static str,
    /// What the sandbox does.
    pub simulated: &'static str,
    /// How it is known, the best first.
    pub evidence: &'static [Evidence],
    /// What Xero does and the sandbox does not; empty when nothing is known to be missing.
    pub missing: &'static str,
}

use Evidence::{Assumed, Recorded, Reported, Specified};

/// Every behaviour, in order.
pub const CAPABILITIES: [Capability; 36] = [
    Capability {
        number: 1,
        title: "Consent and tokens",
        simulated: "A consent page with a choice of organisations; codes that work once, for five minutes, with PKCE (S256); \
rotating refresh tokens with 30 minutes of grace (can be switched off) that die after 60 idle days; access tokens of 30 minutes; \
revocation; custom connections; identity tokens with openid; credentials as Basic or in the form",
        evidence: &[Recorded, Specified, Reported],
        missing: "Signing in, several people, a key to check token signatures with, the refusal of http://127.0.0.1 as an address to return \
to, the scope app.connections",
    },
    Capability {
        number: 2,
        title: "Connections",
        simulated: "The bare list with seven decimals and no zone, in any letter case of the path; the filter authEventId; deleting by \
the connection's own id; a connection that comes back keeps its birth",
        evidence: &[Recorded, Specified],
        missing: "Practices, the cap of connections of a pricing tier, two uncertified apps an organisation",
    },
    Capability {
        number: 3,
        title: "Refused credentials",
        simulated: "401 TokenExpired with the time, 401 for an unknown token, 403 for an organisation that is not connected, 401 \
AuthorizationUnsuccessful with insufficient_scope; broad and granular scopes side by side, reading and writing apart",
        evidence: &[Recorded, Reported],
        missing: "Roles of users, the day on which broad scopes end, the older answers with fewer or lower-case keys",
    },
    Capability {
        number: 4,
        title: "Envelope of answers",
        simulated: "Id (also in the header), Status, ProviderName, DateTimeUTC, pagination when paged, then the collection; no null; \
406 unless JSON is accepted",
        evidence: &[Recorded],
        missing: "XML",
    },
    Capability {
        number: 5,
        title: "Raw form",
        simulated: "CRLF pretty print, escaped slashes in dates, money with two decimals, quantities with four, rates with six, unit \
prices with two or four (unitdp)",
        evidence: &[Recorded],
        missing: "",
    },
    Capability {
        number: 6,
        title: "What requests may look like",
        simulated: "Four forms of dates, booleans in any case, bodies on GET, paths in any case, a wrapped list, a bare list or one bare \
object, keys in any case",
        evidence: &[Recorded, Specified],
        missing: "",
    },
    Capability {
        number: 7,
        title: "Headers",
        simulated: "The three meters, the correlation id, Cache-Control and Content-Type on every call of an organisation",
        evidence: &[Recorded],
        missing: "Server, security and cookie headers",
    },
    Capability {
        number: 8,
        title: "Not found",
        simulated: "404 as HTML, without JSON",
        evidence: &[Recorded],
        missing: "",
    },
    Capability {
        number: 9,
        title: "Limits",
        simulated: "60 a minute and 5,000 a day for an app and an organisation, 5 at once, 10,000 a minute for an app, all adjustable, in \
rolling windows; 429 with an empty body, the limit's word, the three meters and Retry-After (none for concurrency)",
        evidence: &[Recorded, Specified, Reported, Assumed],
        missing: "Windows that start at a fixed time, as a newer page says; the free first half hour of Rapid Sync; limits of a tier by name",
    },
    Capability {
        number: 10,
        title: "Outages",
        simulated: "503 as plain text in its three wordings, 500 as JSON, for all or for chosen calls, for a number of calls or seconds",
        evidence: &[Specified, Reported],
        missing: "",
    },
    Capability {
        number: 11,
        title: "Faults on demand",
        simulated: "Refused connections, answers lost before or after the write, cut bodies, delays, any status, 401 and 429 in mid-run, \
500 after the write, a proxy's HTML; for chosen methods, paths and organisations, by count, turn or chance",
        evidence: &[Reported, Assumed],
        missing: "Faults of TLS and DNS",
    },
    Capability {
        number: 12,
        title: "Idempotency-Key",
        simulated: "Kept six minutes from the first call, one store for each app, at most 128 characters, compared with method, URL and body; \
answers are replayed, errors too; another request is a 400; limits are counted first",
        evidence: &[Specified, Reported],
        missing: "A second call that waits for the first. The text of the refusal is reported by one integrator",
    },
    Capability {
        number: 13,
        title: "Paging",
        simulated: "page from 1 and pageSize up to 1,000 with full lines and pagination; everything without lines when there is no page; an \
empty page past the end; reference lists ignore page",
        evidence: &[Recorded],
        missing: "The refusal of reads of more than 100,000 documents",
    },
    Capability {
        number: 14,
        title: "Order",
        simulated: "By UpdatedDateUTC, then by id in the order of SQL Server; a document written while a client pages moves to the end",
        evidence: &[Recorded],
        missing: "order that switches paging off, as an old report has it",
    },
    Capability {
        number: 15,
        title: "If-Modified-Since",
        simulated: "ISO with or without zone and RFC 1123, in milliseconds; whether equal times are listed can be switched; nothing new is 200 \
with an empty list",
        evidence: &[Recorded, Specified, Assumed],
        missing: "304",
    },
    Capability {
        number: 16,
        title: "Filters",
        simulated: "where with comparisons, AND, OR, Guid, DateTime, Contains, StartsWith, EndsWith; IDs, InvoiceNumbers, ContactIDs, Statuses, \
order, summaryOnly, includeArchived, createdByMyApp, searchTerm; 400 QueryParseException; a query string of more than 2,048 \
characters (about 52 GUIDs) finds nothing",
        evidence: &[Recorded, Reported, Assumed],
        missing: "Rarer functions of where, the refusal of filters that are too slow",
    },
    Capability {
        number: 17,
        title: "What touches an invoice's time",
        simulated: "Edits, status changes, payments and credits made or taken back; money and its invoice carry one stamp and raise one event",
        evidence: &[Recorded],
        missing: "",
    },
    Capability {
        number: 18,
        title: "Making and changing invoices",
        simulated: "PUT makes, POST makes or changes by id, sales also by number; sales numbers are unique, purchase numbers are not; numbers, \
status, tax type, amount type and theme have Xero's defaults; lines keep their LineItemID; planned and expected payment \
dates, Url and SentToContact are kept as sent; credit notes likewise",
        evidence: &[Recorded, Reported, Assumed],
        missing: "Repeating invoices, e-mails, online invoices, PDFs, attachments, themes of its own (any GUID is taken), a plan's cap on \
approvals, the advice of 50 a batch",
    },
    Capability {
        number: 19,
        title: "Three shapes of one invoice",
        simulated: "Listed, read alone and as an answer to a write, each with its own keys; the answer to a void still shows the old amount due",
        evidence: &[Recorded],
        missing: "",
    },
    Capability {
        number: 20,
        title: "Arithmetic",
        simulated: "Lines rounded to cents after discount, tax rounded by line, exclusive, inclusive and no tax; amount due from total, paid, \
credited and the CIS deduction; documents in other currencies at the rate sent or the day's of a fixed table",
        evidence: &[Recorded, Specified, Assumed],
        missing: "Gains and losses of exchange, rates of the real day, how Xero rounds in every corner of them",
    },
    Capability {
        number: 21,
        title: "Moves of an invoice's status",
        simulated: "The allowed moves and Xero's words for the others",
        evidence: &[Recorded, Reported],
        missing: "Approval rights of users",
    },
    Capability {
        number: 22,
        title: "Paid and open again",
        simulated: "Nothing due makes it PAID with FullyPaidOnDate; taking money back opens it and leaves the date",
        evidence: &[Recorded],
        missing: "",
    },
    Capability {
        number: 23,
        title: "UpdatedDateUTCString",
        simulated: "Written beside UpdatedDateUTC, in seconds; can be ignored by clients of before mid-2026",
        evidence: &[Recorded],
        missing: "",
    },
    Capability {
        number: 24,
        title: "Refused elements",
        simulated: "400 with the refused elements only, the others being made; 200 with every element and its status when summarizeErrors=false",
        evidence: &[Recorded, Specified, Reported],
        missing: "",
    },
    Capability {
        number: 25,
        title: "Ids of refused elements",
        simulated: "The id of the document it was resolved to; else the nil GUID or one that exists nowhere, by chance when everything is \
answered, nil in a 400",
        evidence: &[Reported, Assumed],
        missing: "The rule by which Xero chooses",
    },
    Capability {
        number: 26,
        title: "Contacts",
        simulated: "Unique names among active contacts, POST by name changes, archived contacts are refused, a name inside an invoice finds or \
makes one; customer and supplier flags and balances follow the invoices; contact groups, CIS settings; merging and archiving \
as people do it; settings are kept when they are of their type; one that only a document named is bare",
        evidence: &[Recorded, Specified, Reported, Assumed],
        missing: "What settings do to new documents, tracking categories of a contact, the status GDPRREQUEST, attachments",
    },
    Capability {
        number: 27,
        title: "Payments",
        simulated: "On invoices and credits, alone or several as one batch, to bank accounts and accounts that take payments; Xero's refusals \
and the warning of an early date; the invoice is nested as it is after the payment",
        evidence: &[Recorded, Specified, Reported, Assumed],
        missing: "Expense claims, bank fees, payments by statement lines, bank accounts in other currencies",
    },
    Capability {
        number: 28,
        title: "Deleting payments",
        simulated: "By Status DELETED in each of its three forms; other fields, a second time, reconciled ones, closed periods and single \
payments of a batch are refused; a batch goes as a whole, unless one of it is reconciled",
        evidence: &[Reported, Assumed],
        missing: "",
    },
    Capability {
        number: 29,
        title: "Deleted payments",
        simulated: "Stay in the list with their status and vanish from the invoice, whose entries have no status",
        evidence: &[Recorded],
        missing: "",
    },
    Capability {
        number: 30,
        title: "Allocating credit",
        simulated: "PUT of Allocations to approved credits with Amount, Date and Invoice; Xero's refusals",
        evidence: &[Specified, Reported, Assumed],
        missing: "",
    },
    Capability {
        number: 31,
        title: "Remaining credit",
        simulated: "Total less allocations and refunds; nothing left makes the note PAID; both sides list each other",
        evidence: &[Recorded],
        missing: "",
    },
    Capability {
        number: 32,
        title: "Taking allocations back",
        simulated: "DELETE answers AllocationId, Invoice, Amount and IsDeleted, and restores both sides; closed periods are refused",
        evidence: &[Specified, Assumed],
        missing: "",
    },
    Capability {
        number: 33,
        title: "Overpayments and prepayments",
        simulated: "Arise from bank transactions of their types, through the API or on request, which can be listed and deleted; are listed, \
allocated, paid back and shown on invoices in arrays of their own",
        evidence: &[Specified, Assumed],
        missing: "Editing bank transactions, transfers, statement lines",
    },
    Capability {
        number: 34,
        title: "Manual journals",
        simulated: "DRAFT, POSTED, VOIDED and DELETED with their moves, ARCHIVED as people do it; lines that must balance with their tax; lists \
without lines unless paged; NoTax by default; edits; notes",
        evidence: &[Recorded, Specified, Assumed],
        missing: "The feed of journals (/Journals), reversing dates, attachments",
    },
    Capability {
        number: 35,
        title: "Reference data",
        simulated: "Accounts, tax rates with components, items, tracking categories with options; the organisation with its zone, address, \
actions, CIS settings and lock dates; writes up to a lock date are refused",
        evidence: &[Recorded, Specified, Assumed],
        missing: "Other countries' charts, movements of stock; Currencies, BrandingThemes, Users, Quotes, PurchaseOrders, LinkedTransactions, \
RepeatingInvoices, BankTransfers, Budgets and Reports are a 404",
    },
    Capability {
        number: 36,
        title: "Webhooks",
        simulated: "Signed raw bytes for invoices, contacts, credit notes, overpayments, prepayments and subscriptions, numbered; intent to \
receive with right and wrong signatures; bursts, retries at once and every 15 minutes, disabling after a day, replay of 31 \
days when healthy again; on request lost, doubled, late or out of order",
        evidence: &[Recorded, Specified, Reported, Assumed],
        missing: "HTTPS, e-mails to the app's owners, several subscriptions, the category of payments announced for November 2026",
    },
];

impl Evidence {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Specified => "specified",
            Self::Reported => "reported",
            Self::Assumed => "assumed",
        }
    }
}

impl Capability {
    /// Its evidence in words.
    #[must_use]
    pub fn evidence_words(&self) -> String {
        let words: Vec<&str> = self.evidence.iter().map(|evidence| evidence.word()).collect();
        words.join(", ")
    }
}

/// The table of `docs/reference/sandbox.md`.
#[must_use]
pub fn markdown() -> String {
    let mut out =
        String::from("| No. | Behaviour | Simulated | Evidence | Not simulated |\n| --- | --- | --- | --- | --- |\n");
    for capability in &CAPABILITIES {
        let Capability {
            number,
            title,
            simulated,
            missing,
            ..
        } = capability;
        let evidence = capability.evidence_words();
        let missing = if missing.is_empty() { "–" } else { missing };
        // Writing into a String cannot fail.
        if writeln!(out, "| {number} | {title} | {simulated} | {evidence} | {missing} |").is_err() {
            out.clear();
        }
    }
    out
}
