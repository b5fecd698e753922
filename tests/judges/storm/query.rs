//! Query strings, with clauses right and wrong.

use super::body;
use super::draw::Draw;
use super::request::Known;

const FIELDS: [&str; 16] = [
    "Status",
    "Type",
    "Date",
    "Total",
    "AmountDue",
    "Reference",
    "InvoiceNumber",
    "Contact.Name",
    "Contact.ContactID",
    "UpdatedDateUTC",
    "Name",
    "Code",
    "IsCustomer",
    "InvoiceID",
    "EmailAddress",
    "Nope.Nope",
];

const VALUES: [&str; 18] = [
    "\"AUTHORISED\"",
    "\"\"",
    "\"x",
    "5",
    "-5.00",
    "1e9",
    "DateTime(2026,9,1)",
    "DateTime(2026,13,45)",
    "DateTime(1,2,3,4,5,6)",
    "Guid(\"11111111-2222-4333-8444-555555555555\")",
    "guid(\"no\")",
    "true",
    "null",
    "(\"a\")",
    "!true",
    "\"\\\"\"",
    "DateTime(99999999999,1,1)",
    "\u{1F600}",
];

const NUMBERS: [&str; 10] = [
    "0",
    "1",
    "2",
    "-1",
    "99999999999999999999",
    "1.5",
    "x",
    "",
    "1000",
    "1001",
];

const STRANGE: [&str; 9] = [
    "=",
    "&&&",
    "a",
    "%",
    "where",
    "where=%22",
    "offset=-1",
    "since=x",
    "type=invoices",
];

/// Longer query strings find nothing.
const LONG: usize = 2_000;

/// Some parameters.
pub fn query(draw: &mut Draw, known: &Known) -> String {
    let pair = |draw: &mut Draw| {
        let number = |draw: &mut Draw| draw.one(&NUMBERS).to_owned();
        match draw.below(14) {
            0..=3 => {
                let clause = clause(branch(draw), 0);
                format!("where={}", encoded(draw, &clause))
            }
            4 => {
                let order = draw.one(&[
                    "UpdatedDateUTC ASC",
                    "Date DESC",
                    "Nope",
                    "Name,Date",
                    "",
                    "Date DESC DESC",
                    "Total asc",
                ]);
                format!("order={}", encoded(draw, order))
            }
            5 => format!("page={}", number(draw)),
            6 => format!("pageSize={}", number(draw)),
            7 => {
                let ids: Vec<String> = (0..draw.one(&[0, 1, 3, 20, 50, 60]))
                    .map(|_| known.id(draw, "InvoiceID"))
                    .collect();
                format!(
                    "{}={}",
                    draw.one(&["IDs", "ContactIDs", "InvoiceNumbers", "ids"]),
                    ids.join(",")
                )
            }
            8 => format!(
                "Statuses={}",
                draw.one(&["DRAFT", "AUTHORISED,PAID", ",,,", "nope", ""])
            ),
            9 => format!("summarizeErrors={}", draw.one(&["false", "true", "False", "0", ""])),
            10 => format!("unitdp={}", number(draw)),
            11 => format!(
                "{}=true",
                draw.one(&["summaryOnly", "includeArchived", "createdByMyApp"])
            ),
            12 => format!(
                "searchTerm={}",
                draw.one(&["", "city", "%", "%zz", "%F0%9F%98%80", "%ff"])
            ),
            _ => draw.one(&STRANGE).to_owned(),
        }
    };
    let pairs: Vec<String> = (0..draw.between(1, 4)).map(|_| pair(draw)).collect();
    let mut query = pairs.join("&");
    if query.len() > LONG && draw.percent(90) {
        query.truncate(LONG);
    }
    query
}

/// A source of chance of its own.
fn branch(draw: &mut Draw) -> Draw {
    Draw::new(u64::try_from(draw.between(0, i64::MAX)).unwrap_or_default())
}

/// A `where`, right or wrong, of limited depth.
fn clause(mut draw: Draw, depth: usize) -> String {
    let field = draw.one(&FIELDS);
    let value = draw.one(&VALUES);
    match draw.below(if depth > 4 { 4 } else { 9 }) {
        0 => format!(
            "{field}.{}({value})",
            draw.one(&["Contains", "StartsWith", "EndsWith", "Nope", "ToLower"])
        ),
        1..=3 => format!(
            "{field} {} {value}",
            draw.one(&["==", "!=", "<", ">", "<=", ">=", "=", "<>", "=="])
        ),
        4 | 5 => {
            let (left, right) = (
                clause(branch(&mut draw), depth + 1),
                clause(branch(&mut draw), depth + 1),
            );
            format!(
                "{left} {} {right}",
                draw.one(&["AND", "&&", "OR", "||", "and", "XOR", ""])
            )
        }
        6 => format!("({})", clause(branch(&mut draw), depth + 1)),
        7 => {
            let depth = draw.below(900);
            format!("{}{field}=={value}{}", "(".repeat(depth), ")".repeat(depth))
        }
        _ => format!("!({field}=={value}"),
    }
}

fn encoded(draw: &mut Draw, text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    if draw.percent(10) {
        body::spoil(draw, &mut bytes);
        bytes.truncate(2_500);
    }
    percent_encoded(&bytes)
}

/// Everything but letters and digits in hexadecimal.
pub fn percent_encoded(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
