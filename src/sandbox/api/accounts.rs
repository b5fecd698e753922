//! `/Accounts`: the chart, in the order of its codes, never paged.
//!
//! Recorded: the shapes, and the refusal of a name that is taken. Assumptions: the other texts,
//! and that an account with postings cannot be deleted.

use uuid::Uuid;

use super::call::Call;
use super::envelope::{self, Element, Wording};
use crate::sandbox::books::chart::BankAccount;
use crate::sandbox::books::{Account, AccountClass, AccountStatus, Books};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::{Answer, Json, Writer};

const WORDING: Wording = Wording {
    collection: "Accounts",
    id_key: "AccountID",
    error_flag: "",
};

const CODE_CHARS_MAX: usize = 10;
const NAME_CHARS_MAX: usize = 150;
const DESCRIPTION_CHARS_MAX: usize = 4000;

/// `GET /Accounts`
pub fn list(call: &mut Call<'_>) -> Answer {
    let mut request = match call.page_request::<Account>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    request.page = None;
    let since_ms = request.since_ms.unwrap_or(i64::MIN);
    envelope::list(call, WORDING.collection, None, |items, call| {
        let changed = call
            .books
            .accounts
            .iter()
            .filter(|account| account.updated_ms >= since_ms && account.status != AccountStatus::Deleted);
        for account in request.chosen(changed, call.books) {
            items.object(|row| write_account(row, account, true));
        }
    })
}

/// `GET /Accounts/{id}`, by GUID.
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(account) = find(call.books, id).cloned() else {
        return envelope::not_found();
    };
    envelope::list(call, WORDING.collection, None, |items, _| {
        items.object(|row| write_account(row, &account, true));
    })
}

/// `PUT /Accounts`: one at a time.
pub fn create(call: &mut Call<'_>) -> Answer {
    write(call, |_, _| Some(None))
}

/// `POST /Accounts`: by `AccountID` or by `Code`.
pub fn upsert(call: &mut Call<'_>) -> Answer {
    write(call, |books, element| {
        match element.text("AccountID").filter(|id| !id.is_empty()) {
            Some(id) => find(books, id).map(|account| Some(account.id)),
            None => Some(
                element
                    .text("Code")
                    .and_then(|code| books.account(code))
                    .map(|account| account.id),
            ),
        }
    })
}

/// `POST /Accounts/{id}`
pub fn update(call: &mut Call<'_>, id: &str) -> Answer {
    let known = find(call.books, id).map(|account| account.id);
    write(call, |_, _| known.map(Some))
}

/// `DELETE /Accounts/{id}`
pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(account) = find(call.books, id).cloned() else {
        return envelope::not_found();
    };
    let used = call
        .books
        .invoices()
        .iter()
        .flat_map(|invoice| &invoice.lines)
        .any(|line| line.account_code.as_deref() == Some(account.code.as_str()));
    let refusal = if account.is_system() {
        Some("You cannot delete a system account")
    } else {
        used.then_some("You cannot delete an account that has been used")
    };
    if let Some(refusal) = refusal {
        let echo = Json::Map(vec![("AccountID".to_owned(), Json::Text(account.id.to_string()))]);
        let messages = [refusal.to_owned()];
        return envelope::validation_refused(WORDING, std::iter::once((&echo, messages.as_slice())));
    }
    let mut account = account;
    account.status = AccountStatus::Deleted;
    account.updated_ms = call.now_ms;
    save(call.books, account.clone());
    envelope::list(call, WORDING.collection, None, |items, _| {
        items.object(|row| write_account(row, &account, false));
    })
}

fn write(call: &mut Call<'_>, target: impl Fn(&Books, &Json) -> Option<Option<Uuid>>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    if elements.len() > 1 {
        return envelope::body_refused("Only one account can be written at a time");
    }
    let mut results = Vec::with_capacity(1);
    for element in elements {
        let Some(known) = target(call.books, &element) else {
            return envelope::not_found();
        };
        let old = known.and_then(|id| call.books.account_by_id(id)).cloned();
        results.push(match draft(call, &element, old) {
            Ok(account) => {
                let id = account.id;
                save(call.books, account);
                Element::Saved(id, Vec::new())
            }
            Err(errors) => Element::Refused(envelope::named(element, WORDING, known), errors),
        });
    }
    envelope::written(call, WORDING, &results, |row, call, id: &Uuid| {
        if let Some(account) = call.books.account_by_id(*id) {
            write_account(row, account, false);
        }
    })
}

fn draft(call: &mut Call<'_>, element: &Json, old: Option<Account>) -> Result<Account, Vec<String>> {
    let mut errors = Vec::new();
    let is_new = old.is_none();
    let mut account = old.unwrap_or_else(|| Account {
        id: new_id(call.rng),
        code: String::new(),
        name: String::new(),
        account_type: String::new(),
        tax_type: String::new(),
        status: AccountStatus::Active,
        system: None,
        payments: false,
        description: None,
        in_claims: false,
        is_watched: false,
        bank: None,
        updated_ms: call.now_ms,
    });
    if account.status == AccountStatus::Deleted {
        errors.push("Deleted accounts cannot be updated".to_owned());
    }
    status(element, &mut account, is_new, &mut errors);
    let text = |key: &str| element.text(key).map(|text| text.trim().to_owned());
    account.code = text("Code").unwrap_or(account.code);
    account.name = text("Name").unwrap_or(account.name);
    account.description = text("Description").or(account.description);
    account.payments = element.flag("EnablePaymentsToAccount").unwrap_or(account.payments);
    account.in_claims = element.flag("ShowInExpenseClaims").unwrap_or(account.in_claims);
    account.is_watched = element.flag("AddToWatchlist").unwrap_or(account.is_watched);
    account_type(element, &mut account, &mut errors);
    tax_type(call.books, element, &mut account, &mut errors);
    bank(call.books, element, &mut account, &mut errors);
    check(call.books, &account, &mut errors);
    account.updated_ms = call.now_ms;
    if errors.is_empty() { Ok(account) } else { Err(errors) }
}

/// Archiving comes alone: other fields beside it are refused.
fn status(element: &Json, account: &mut Account, is_new: bool, errors: &mut Vec<String>) {
    let Some(text) = element.text("Status") else { return };
    let wanted = AccountStatus::parse(text).filter(|wanted| *wanted != AccountStatus::Deleted);
    let alone = match element {
        Json::Map(pairs) => pairs.iter().all(|(key, _)| {
            ["AccountID", "Code", "Status"]
                .iter()
                .any(|known| key.eq_ignore_ascii_case(known))
        }),
        _ => false,
    };
    match wanted {
        None => errors.push(format!("The status '{text}' is not valid for accounts")),
        Some(wanted) if wanted == account.status => {}
        Some(_) if is_new => errors.push("A new account must be active".to_owned()),
        Some(AccountStatus::Archived) if account.is_system() => {
            errors.push("You cannot archive a system account".to_owned());
        }
        Some(_) if !alone => errors.push("Only Status accepted when archiving or restoring an account".to_owned()),
        Some(wanted) => account.status = wanted,
    }
}

fn account_type(element: &Json, account: &mut Account, errors: &mut Vec<String>) {
    let Some(text) = element.text("Type").map(str::to_ascii_uppercase) else {
        if account.account_type.is_empty() {
            errors.push("Account Type must be specified".to_owned());
        }
        return;
    };
    if AccountClass::of_type(&text).is_none() {
        errors.push(format!("Account Type '{text}' is not valid"));
    }
    if account.is_system() && account.account_type != text {
        errors.push("The type of a system account cannot be changed".to_owned());
    }
    account.account_type = text;
}

fn tax_type(books: &Books, element: &Json, account: &mut Account, errors: &mut Vec<String>) {
    if let Some(asked) = element.text("TaxType").filter(|text| !text.is_empty()) {
        match books.tax_rate(asked) {
            Some(rate) => account.tax_type.clone_from(&rate.tax_type),
            None => errors.push(format!("The TaxType code {asked} does not exist")),
        }
    } else if account.tax_type.is_empty() {
        // What the organisation's other accounts of this class have.
        let class = account.class();
        let twin = books.accounts.iter().find(|other| other.class() == class);
        account.tax_type = twin.map_or("NONE", |twin| twin.tax_type.as_str()).to_owned();
    }
}

fn bank(books: &Books, element: &Json, account: &mut Account, errors: &mut Vec<String>) {
    if account.account_type != "BANK" {
        account.bank = None;
        return;
    }
    let old = account.bank.take();
    let currency = &books.organisation.base_currency;
    let bank = BankAccount {
        number: element
            .text("BankAccountNumber")
            .map(str::to_owned)
            .or_else(|| old.as_ref().map(|old| old.number.clone()))
            .unwrap_or_default(),
        kind: element
            .text("BankAccountType")
            .filter(|kind| !kind.is_empty())
            .map(str::to_ascii_uppercase)
            .or_else(|| old.as_ref().map(|old| old.kind.clone()))
            .unwrap_or_else(|| "BANK".to_owned()),
        currency: element
            .text("CurrencyCode")
            .map(str::to_ascii_uppercase)
            .or_else(|| old.map(|old| old.currency))
            .unwrap_or_else(|| currency.clone()),
    };
    if bank.number.is_empty() {
        errors.push("Bank Account Number must be specified".to_owned());
    }
    if !books.organisation.trades_in(&bank.currency) {
        errors.push(format!("Organisation is not subscribed to currency {}", bank.currency));
    }
    account.bank = Some(bank);
}

fn check(books: &Books, account: &Account, errors: &mut Vec<String>) {
    let others = || {
        let kept = |other: &&Account| other.id != account.id && other.status != AccountStatus::Deleted;
        books.accounts.iter().filter(kept)
    };
    // Only banks may do without a code.
    if account.code.is_empty() && account.account_type != "BANK" {
        errors.push("Account code must be specified".to_owned());
    }
    if account.code.chars().count() > CODE_CHARS_MAX {
        errors.push(format!("The account code cannot exceed {CODE_CHARS_MAX} characters"));
    }
    if !account.code.is_empty() && others().any(|other| other.code.eq_ignore_ascii_case(&account.code)) {
        errors.push("Please enter a unique Code.".to_owned());
    }
    if account.name.is_empty() {
        errors.push("Account name must be specified".to_owned());
    }
    if account.name.chars().count() > NAME_CHARS_MAX {
        errors.push(format!("The account name cannot exceed {NAME_CHARS_MAX} characters"));
    }
    if others().any(|other| other.name.eq_ignore_ascii_case(&account.name)) {
        errors.push("Please enter a unique Name.".to_owned());
    }
    let description = account.description.as_deref().unwrap_or_default();
    if description.chars().count() > DESCRIPTION_CHARS_MAX {
        errors.push(format!(
            "The description cannot exceed {DESCRIPTION_CHARS_MAX} characters"
        ));
    }
}

/// The chart stays in the order of its codes.
fn save(books: &mut Books, account: Account) {
    books.accounts.retain(|other| other.id != account.id);
    let at = books.accounts.partition_point(|other| other.code <= account.code);
    books.accounts.insert(at, account);
}

fn find<'a>(books: &'a Books, id: &str) -> Option<&'a Account> {
    books.account_by_id(Uuid::parse_str(id).ok()?)
}

/// All keys of an account; answers to writes lack those of other functions.
fn write_account(row: &mut Writer, account: &Account, is_read: bool) {
    row.id("AccountID", account.id);
    row.maybe_text("Code", Some(account.code.as_str()).filter(|code| !code.is_empty()));
    row.text("Name", &account.name);
    row.text("Status", account.status.text());
    row.text("Type", &account.account_type);
    row.text("TaxType", &account.tax_type);
    row.maybe_text("Description", account.description.as_deref());
    row.text("Class", account.class().text());
    row.maybe_text("SystemAccount", account.system.as_deref());
    row.flag("EnablePaymentsToAccount", account.payments);
    row.flag("ShowInExpenseClaims", account.in_claims);
    if let Some(bank) = &account.bank {
        row.text("BankAccountNumber", &bank.number);
        row.text("BankAccountType", &bank.kind);
        row.text("CurrencyCode", &bank.currency);
    } else if is_read {
        row.text("BankAccountType", "");
    }
    let (code, name) = account.reporting();
    row.text("ReportingCode", code);
    row.text("ReportingCodeName", name);
    if is_read {
        row.flag("HasAttachments", false);
    }
    row.stamp("UpdatedDateUTC", account.updated_ms);
    row.flag("AddToWatchlist", account.is_watched);
}
