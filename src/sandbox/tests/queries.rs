//! Behaviours 13 to 16: paging, order, If-Modified-Since and `where`, over every resource.

use serde_json::{Value, json};
use uuid::Uuid;

use super::desk::Desk;
use crate::sandbox::Setup;
use crate::sandbox::books::{Books, Invoice, Stamped as _};
use crate::sandbox::query::page::{Filter, SIZE_MAX, SinceIs};
use crate::sandbox::query::{PageRequest, Readable as _};
use crate::sandbox::wire::Params;

/// Every paged resource of the tree: path, id key.
const PAGED: [(&str, &str); 4] = [
    ("Invoices", "InvoiceID"),
    ("Contacts", "ContactID"),
    ("Payments", "PaymentID"),
    ("ManualJournals", "ManualJournalID"),
];

/// Every resource that is never paged.
const WHOLE: [&str; 6] = [
    "Accounts",
    "TaxRates",
    "Items",
    "Organisation",
    "TrackingCategories",
    "ContactGroups",
];

fn rows(reply: &Value, collection: &str) -> Vec<Value> {
    reply[collection]
        .as_array()
        .unwrap_or_else(|| panic!("{collection}: {reply}"))
        .clone()
}

fn ids(reply: &Value, collection: &str, key: &str) -> Vec<String> {
    let text = |row: Value| row[key].as_str().unwrap().to_owned();
    rows(reply, collection).into_iter().map(text).collect()
}

/// Three documents of every paged kind, and one of each other kind.
fn filled() -> Desk {
    let mut desk = Desk::new();
    for number in ["A-1", "A-2", "B-1"] {
        desk.invoice(number, "AUTHORISED");
        let pay = json!({"Invoice":{"InvoiceNumber":number},"Account":{"Code":"090"},"Amount":10,"Reference":number});
        assert_eq!(desk.call("PUT", "Payments", &pay.to_string()).status, 200);
        let journal = json!({"Narration":number,"JournalLines":[
            {"LineAmount":5,"AccountCode":"429"},{"LineAmount":-5,"AccountCode":"850"}]});
        assert_eq!(desk.call("PUT", "ManualJournals", &journal.to_string()).status, 200);
    }
    for (path, body) in [
        ("Items", json!({"Code":"WIDGET","SalesDetails":{"UnitPrice":9.5}})),
        ("TrackingCategories", json!({"Name":"Region"})),
        ("ContactGroups", json!({"Name":"Friends"})),
    ] {
        let reply = desk.call("PUT", path, &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    desk
}

#[test]
fn behaviour_13_every_paged_resource_has_pages_and_the_others_ignore_them() {
    let mut desk = filled();
    for (path, key) in PAGED {
        let all = desk.get(path).json;
        assert!(all["pagination"].is_null(), "{path}");
        let all = ids(&all, path, key);
        assert!(all.len() >= 3, "{path}");
        let page = desk.get(&format!("{path}?page=2&pageSize=2")).json;
        assert_eq!(ids(&page, path, key), all[2..all.len().min(4)], "{path}");
        let pages = all.len().div_ceil(2);
        assert_eq!(
            page["pagination"],
            json!({"page":2,"pageSize":2,"pageCount":pages,"itemCount":all.len()}),
            "{path}"
        );
        let past = desk.get(&format!("{path}?page=9")).json;
        assert_eq!(past["pagination"]["page"], 9, "{path}");
        assert_eq!(past["pagination"]["pageCount"], 1, "{path}");
        assert_eq!(past["pagination"]["pageSize"], 100, "{path}");
        assert_eq!(rows(&past, path).len(), 0, "{path}");
    }
    for path in WHOLE {
        let whole = desk.get(path).json;
        let paged = desk.get(&format!("{path}?page=7&pageSize=1")).json;
        let collection = if path == "Organisation" { "Organisations" } else { path };
        assert_eq!(rows(&whole, collection), rows(&paged, collection), "{path}");
        assert!(paged["pagination"].is_null(), "{path}");
    }
}

#[test]
fn behaviour_13_lines_come_only_with_pages() {
    let mut desk = filled();
    for (path, lines) in [("Invoices", "LineItems"), ("ManualJournals", "JournalLines")] {
        let whole = desk.get(path).json;
        assert_eq!(whole[path][0][lines], json!([]), "{path}");
        let paged = desk.get(&format!("{path}?page=1")).json;
        assert_ne!(paged[path][0][lines], json!([]), "{path}");
    }
}

#[test]
fn behaviour_14_lists_are_in_order_of_change_and_ties_are_in_sql_servers_order() {
    let mut desk = Desk::new();
    let one = |number: u32| {
        json!({"Narration":format!("J{number}"),"JournalLines":[
        {"LineAmount":1,"AccountCode":"429"},{"LineAmount":-1,"AccountCode":"850"}]})
    };
    let batch: Vec<Value> = (0..20).map(one).collect();
    let made = desk.call("PUT", "ManualJournals", &json!({"ManualJournals":batch}).to_string());
    assert_eq!(made.status, 200, "{}", made.text);
    let listed = ids(&desk.get("ManualJournals").json, "ManualJournals", "ManualJournalID");
    // SQL Server compares bytes 10 to 15 first, then 8 and 9, then the others from the back.
    let key = |id: &String| {
        let bytes = Uuid::parse_str(id).unwrap().into_bytes();
        [10, 11, 12, 13, 14, 15, 8, 9, 7, 6, 5, 4, 3, 2, 1, 0].map(|at| bytes[at])
    };
    let mut expected = listed.clone();
    expected.sort_by_key(key);
    assert_eq!(listed, expected);
    let mut by_text = listed.clone();
    by_text.sort();
    assert_ne!(listed, by_text, "twenty ids in text order would be chance");
    let first = listed[0].clone();
    let edit = json!({"ManualJournalID":first,"Narration":"edited"}).to_string();
    assert_eq!(desk.call("POST", "ManualJournals", &edit).status, 200);
    let after = ids(&desk.get("ManualJournals").json, "ManualJournals", "ManualJournalID");
    assert_eq!(after.last(), Some(&first), "what is edited moves to the end");
    assert_eq!(after[..19], listed[1..]);
}

#[test]
fn behaviour_14_a_reader_by_page_number_misses_what_moved_under_it() {
    let mut desk = filled();
    let all = ids(&desk.get("ManualJournals").json, "ManualJournals", "ManualJournalID");
    let first = desk.get("ManualJournals?page=1&pageSize=1").json;
    assert_eq!(ids(&first, "ManualJournals", "ManualJournalID"), all[..1]);
    let edit = json!({"ManualJournalID":all[0],"Narration":"edited"}).to_string();
    desk.call("POST", "ManualJournals", &edit);
    let second = desk.get("ManualJournals?page=2&pageSize=1").json;
    assert_eq!(
        ids(&second, "ManualJournals", "ManualJournalID"),
        all[2..],
        "one was skipped"
    );
}

#[test]
fn behaviour_15_modified_since_works_on_every_list_that_has_it_and_both_edges_can_be_chosen() {
    let mut desk = filled();
    for (path, key) in PAGED
        .into_iter()
        .chain([("Items", "ItemID"), ("Accounts", "AccountID")])
    {
        let all = desk.get(path).json;
        let stamp = |row: &Value| {
            let text = row["UpdatedDateUTC"].as_str().unwrap();
            text.get(6..19).unwrap().parse::<i64>().unwrap()
        };
        let newest = rows(&all, path).iter().map(stamp).max().unwrap();
        let at_newest = rows(&all, path).iter().filter(|row| stamp(row) == newest).count();
        for (equal, expected) in [(true, at_newest), (false, 0)] {
            let body = json!({"includes_equal":equal}).to_string();
            desk.control("POST", "since", &body);
            let moment = chrono::DateTime::from_timestamp_millis(newest).unwrap();
            for text in [
                moment.format("%Y-%m-%dT%H:%M:%S%.3f").to_string(),
                moment.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
                moment.format("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string(),
                moment.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            ] {
                let mut request = desk.request("GET", path, "");
                request.headers.push(("If-Modified-Since".into(), text.clone()));
                desk.pass(1_000);
                let reply = desk.send(&request);
                assert_eq!(reply.status, 200, "nothing new is an empty list, never 304");
                assert_eq!(ids(&reply.json, path, key).len(), expected, "{path} {text}");
            }
        }
    }
    assert_eq!(desk.try_control("POST", "since", "{}").status, 400);
    assert_eq!(SinceIs::default(), SinceIs::Exclusive);
}

#[test]
fn behaviour_16_clauses_read_the_fields_of_every_resource() {
    let mut desk = filled();
    let contact = ids(&desk.get("Contacts").json, "Contacts", "ContactID")[0].clone();
    for (target, expected) in [
        ("ManualJournals?where=Narration==\"a-1\"".to_owned(), 1),
        (
            "ManualJournals?where=Status==\"DRAFT\" AND Narration.StartsWith(\"A\")".to_owned(),
            2,
        ),
        ("ManualJournals?where=LineAmountTypes==\"NoTax\"".to_owned(), 3),
        (
            "Items?where=Code==\"widget\" AND SalesDetails.UnitPrice>9".to_owned(),
            1,
        ),
        ("Items?where=IsTrackedAsInventory".to_owned(), 0),
        ("Accounts?where=Type==\"BANK\"".to_owned(), 2),
        ("Accounts?where=EnablePaymentsToAccount==true".to_owned(), 2),
        ("TaxRates?where=EffectiveRate==20".to_owned(), 2),
        ("TaxRates?where=CanApplyToRevenue AND EffectiveRate>10".to_owned(), 1),
        ("TrackingCategories?where=Name==\"Region\"".to_owned(), 1),
        ("ContactGroups?where=Status==\"ACTIVE\"".to_owned(), 1),
        ("Payments?where=Invoice.InvoiceNumber==\"A-2\"".to_owned(), 1),
        ("Payments?where=Reference==\"b-1\" OR Amount>11".to_owned(), 1),
        (format!("Contacts?where=ContactID==guid(\"{contact}\")"), 1),
        (format!("Contacts?where=ContactID==Guid.Parse(\"{contact}\")"), 1),
        (
            "Contacts?where=EmailAddress!=null AND EmailAddress.Contains(\"@NET\")".to_owned(),
            1,
        ),
        ("Invoices?where=Total>AmountDue".to_owned(), 3),
        ("Invoices?where=\"A-1\"==InvoiceNumber".to_owned(), 1),
        (
            "Invoices?where=100<Total AND DueDate>DateTime.Parse(\"2026-09-30\")".to_owned(),
            3,
        ),
        ("Invoices?where=FullyPaidOnDate.HasValue".to_owned(), 0),
        (
            "Invoices?where=InvoiceNumber.Equals(\"A-1\") || InvoiceNumber.EndsWith(\"2\")".to_owned(),
            2,
        ),
    ] {
        let reply = desk.get(&target);
        assert_eq!(reply.status, 200, "{target}: {}", reply.text);
        let path = target.split('?').next().unwrap();
        assert_eq!(rows(&reply.json, path).len(), expected, "{target}");
    }
}

#[test]
fn behaviour_16_clauses_with_wrong_types_or_fields_are_refused() {
    let mut desk = filled();
    for (target, message) in [
        (
            "Invoices?where=InvoiceID==\"x\"",
            "Operator '==' incompatible with operand types 'Guid' and 'String'",
        ),
        (
            "Invoices?where=Total==\"12\"",
            "Operator '==' incompatible with operand types 'Decimal' and 'String'",
        ),
        (
            "Invoices?where=Status==1",
            "Operator '==' incompatible with operand types 'String' and 'Int32'",
        ),
        (
            "Invoices?where=Date>=\"2026-01-01\"",
            "Operator '>=' incompatible with operand types 'DateTime' and 'String'",
        ),
        (
            "Invoices?where=SentToContact>true",
            "Operator '>' incompatible with operand types 'Boolean' and 'Boolean'",
        ),
        (
            "Invoices?where=Total.Contains(\"1\")",
            "No applicable method 'Contains' exists in type 'Decimal'",
        ),
        ("Invoices?where=Status", "Expression of type 'Boolean' expected"),
        (
            "Invoices?where=Narration==\"x\"",
            "No property or field 'Narration' exists in type 'Invoice'",
        ),
        (
            "Payments?where=AmountDue>0",
            "No property or field 'AmountDue' exists in type 'Payment'",
        ),
        (
            "Items?where=Contact.Name==\"x\"",
            "No property or field 'Contact' exists in type 'Item'",
        ),
        (
            "Contacts?order=Total",
            "No property or field 'Total' exists in type 'Contact'",
        ),
        ("Accounts?where=Code==\"2", "Unterminated string literal"),
        ("ManualJournals?order=Date SIDEWAYS", "Syntax error 'SIDEWAYS'"),
        ("TaxRates?where=Name==", "Expression expected"),
    ] {
        let reply = desk.get(target);
        assert_eq!(
            (
                reply.status,
                reply.json["ErrorNumber"].as_i64(),
                reply.json["Type"].as_str()
            ),
            (400, Some(16), Some("QueryParseException")),
            "{target}: {}",
            reply.text
        );
        assert_eq!(reply.json["Message"], message, "{target}");
    }
}

#[test]
fn behaviour_16_lists_are_ordered_by_several_fields() {
    let mut desk = Desk::new();
    for (number, date) in [
        ("C", "2026-01-02"),
        ("A", "2026-01-01"),
        ("b", "2026-01-02"),
        ("D", "2026-01-01"),
    ] {
        let body = json!({"Type":"ACCREC","InvoiceNumber":number,"Date":date,"Contact":{"Name":"X"},
            "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]});
        assert_eq!(desk.call("PUT", "Invoices", &body.to_string()).status, 200);
    }
    for (order, expected) in [
        ("Date,InvoiceNumber DESC", ["D", "A", "C", "b"]),
        ("Date DESC,InvoiceNumber", ["b", "C", "A", "D"]),
        ("InvoiceNumber ASC", ["A", "b", "C", "D"]),
        ("UpdatedDateUTC DESC", ["D", "b", "A", "C"]),
        ("Date", ["A", "D", "C", "b"]),
    ] {
        let whole = desk.get(&format!("Invoices?order={order}")).json;
        assert_eq!(ids(&whole, "Invoices", "InvoiceNumber"), expected, "{order}");
        for page in 1..=2_usize {
            let target = format!("Invoices?order={order}&page={page}&pageSize=3");
            let paged = ids(&desk.get(&target).json, "Invoices", "InvoiceNumber");
            let from = (page - 1) * 3;
            assert_eq!(paged, expected[from..(from + 3).min(4)], "{target}");
        }
    }
}

#[test]
fn behaviour_16_parameters_narrow_and_archived_contacts_hide() {
    let mut desk = filled();
    let contact = ids(&desk.get("Contacts?searchTerm=limous").json, "Contacts", "ContactID");
    assert_eq!(contact.len(), 1);
    let other = "6f3c7a0e-0000-4000-8000-000000000000";
    let invoice = ids(&desk.get("Invoices?InvoiceNumbers=A-2").json, "Invoices", "InvoiceID");
    for (target, expected) in [
        (format!("Invoices?ContactIDs={},{other}", contact[0]), 3),
        (format!("Invoices?ContactIDs={other}"), 0),
        (format!("Invoices?ContactIDs={}&InvoiceNumbers=A-1,B-1", contact[0]), 2),
        (format!("Invoices?IDs={}&Statuses=DRAFT", invoice[0]), 0),
        (format!("Invoices?IDs={}&where=Type==\"ACCREC\"", invoice[0]), 1),
        ("Invoices?Statuses=AUTHORISED,PAID&summaryOnly=True".to_owned(), 3),
        ("Invoices?createdByMyApp=true&searchTerm=b-".to_owned(), 1),
        (format!("Contacts?IDs={},{other}", contact[0]), 1),
        (format!("Contacts?IDs={}&searchTerm=nobody", contact[0]), 0),
    ] {
        let path = target.split('?').next().unwrap().to_owned();
        let reply = desk.get(&target);
        assert_eq!(rows(&reply.json, &path).len(), expected, "{target}: {}", reply.text);
    }
    let before = rows(&desk.get("Contacts").json, "Contacts").len();
    let archive = json!({"ContactID":contact[0],"ContactStatus":"ARCHIVED"}).to_string();
    assert_eq!(desk.call("POST", "Contacts", &archive).status, 200);
    assert_eq!(rows(&desk.get("Contacts").json, "Contacts").len(), before - 1);
    assert_eq!(
        rows(&desk.get("Contacts?includeArchived=true").json, "Contacts").len(),
        before
    );
    let by_id = format!("Contacts?IDs={}", contact[0]);
    assert_eq!(rows(&desk.get(&by_id).json, "Contacts").len(), 0);
}

/// What a request would give if every document were looked at.
fn plainly<'a>(books: &'a Books, request: &PageRequest) -> Vec<&'a Invoice> {
    let mut all: Vec<&Invoice> = books.invoices().iter().collect();
    all.retain(|invoice| {
        request.since_ms.is_none_or(|from| invoice.updated_ms() >= from)
            && request
                .clause
                .as_ref()
                .is_none_or(|clause| clause.holds(*invoice, books))
    });
    let mut whole = request.clone();
    whole.page = None;
    whole.cut(all, books).items
}

#[test]
fn behaviour_16_indexes_answer_as_a_look_at_every_document_would() {
    let mut desk = Desk::with(&Setup::default());
    for number in 0..60 {
        let status = ["DRAFT", "AUTHORISED", "SUBMITTED"][number % 3];
        let kind = ["ACCREC", "ACCPAY"][number % 2];
        // Bills may share their numbers.
        let name = format!("N-{}", if number.is_multiple_of(2) { number } else { number % 20 });
        let body = json!({"Type":kind,"InvoiceNumber":name,"Status":status,
            "Reference":format!("R{}", number % 7),"DueDate":"2026-12-01","Contact":{"Name":format!("C{}", number % 5)},
            "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":number,"AccountCode":if kind == "ACCREC" {"200"} else {"429"}}]});
        let reply = desk.call("PUT", "Invoices", &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    for number in 0..10 {
        desk.call("POST", &format!("Invoices/N-{}", number * 2), r#"{"Reference":"R3"}"#);
    }
    let books = desk.world.books(desk.tenant).unwrap();
    let id = books.invoices().iter().next().unwrap().id;
    let contact = books.contact_named("C2").unwrap().id;
    let since = books.invoices().iter().nth(30).unwrap().updated_ms;
    let clauses = [
        String::new(),
        "Status==\"draft\"".to_owned(),
        "Type==\"ACCPAY\" AND Status==\"AUTHORISED\"".to_owned(),
        "Status==\"DRAFT\" OR Status==\"SUBMITTED\"".to_owned(),
        "Reference==\"r3\"".to_owned(),
        "Reference==\"R3\" OR Total>40".to_owned(),
        "InvoiceNumber==\"N-4\" OR InvoiceNumber==\"N-41\" OR Reference==\"R1\"".to_owned(),
        format!("Contact.ContactID==guid(\"{contact}\") AND Total<30"),
        format!("InvoiceID==guid(\"{id}\") OR Type==\"ACCREC\""),
        "NOT (Status==\"DRAFT\")".to_owned(),
        "Status!=\"DRAFT\" AND Reference==\"R9\"".to_owned(),
    ];
    for clause in &clauses {
        for order in ["", "UpdatedDateUTC DESC", "Total DESC,InvoiceNumber"] {
            for since_ms in [None, Some(since)] {
                for (page, size) in [(1, 7), (2, 7), (9, 7), (1, 1000)] {
                    let query = format!("where={clause}&order={order}&page={page}&pageSize={size}")
                        .replace(' ', "%20")
                        .replace('"', "%22");
                    let params = Params::parse(&query);
                    let request = PageRequest::read(&params, since_ms, (false, SIZE_MAX), Invoice::TABLE).unwrap();
                    let found = request.choose(books.invoices(), books, &Filter::default());
                    let all = plainly(books, &request);
                    let ids = |items: &[&Invoice]| items.iter().map(|item| item.id).collect::<Vec<_>>();
                    let from = ((page - 1) * size).min(all.len());
                    let to = (from + size).min(all.len());
                    assert_eq!(ids(&found.items), ids(&all[from..to]), "{query} since {since_ms:?}");
                    assert_eq!(found.pagination.unwrap().item_count, all.len(), "{query}");
                }
            }
        }
    }
}
