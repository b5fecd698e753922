//! Xero's arithmetic, to the cent.

use super::desk::Desk;

/// Posts one line and reads `LineAmount TaxAmount SubTotal TotalTax Total`.
fn amounts(types: &str, line: &str, unitdp: &str) -> String {
    let mut desk = Desk::new();
    let body = format!(
        r#"{{"Type":"ACCREC","Contact":{{"Name":"City Limousines"}},"LineAmountTypes":"{types}",
        "LineItems":[{{"Description":"x","AccountCode":"200",{line}}}]}}"#
    );
    let reply = desk.call("PUT", &format!("Invoices{unitdp}"), &body);
    assert_eq!(reply.status, 200, "{}", reply.text);
    let keys = ["LineAmount", "TaxAmount", "SubTotal", "TotalTax", "Total"];
    keys.map(|key| raw(&reply.text, key)).join(" ")
}

/// A number exactly as written.
fn raw(text: &str, key: &str) -> String {
    let after = text.split(&format!("\"{key}\": ")).nth(1).unwrap();
    after
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-'))
        .collect()
}

/// Types, line, query, expected amounts.
const LINES: &[(&str, &str, &str, &str)] = &[
    // exclusive: tax on top, halves up
    (
        "Exclusive",
        r#""Quantity":1,"UnitAmount":100"#,
        "",
        "100.00 20.00 100.00 20.00 120.00",
    ),
    (
        "Exclusive",
        r#""Quantity":3,"UnitAmount":0.125"#,
        "",
        "0.39 0.08 0.39 0.08 0.47",
    ),
    (
        "Exclusive",
        r#""Quantity":3,"UnitAmount":0.125"#,
        "?unitdp=4",
        "0.38 0.08 0.38 0.08 0.46",
    ),
    (
        "Exclusive",
        r#""Quantity":1,"UnitAmount":0.125"#,
        "?unitdp=4",
        "0.13 0.03 0.13 0.03 0.16",
    ),
    (
        "Exclusive",
        r#""Quantity":"1.5","UnitAmount":"33.33""#,
        "",
        "50.00 10.00 50.00 10.00 60.00",
    ),
    // inclusive: tax inside
    (
        "Inclusive",
        r#""Quantity":1,"UnitAmount":120"#,
        "",
        "120.00 20.00 100.00 20.00 120.00",
    ),
    (
        "Inclusive",
        r#""Quantity":1,"UnitAmount":100"#,
        "",
        "100.00 16.67 83.33 16.67 100.00",
    ),
    // no tax
    (
        "NoTax",
        r#""Quantity":2,"UnitAmount":9.99"#,
        "",
        "19.98 0.00 19.98 0.00 19.98",
    ),
    // a tax amount that was sent wins
    (
        "Exclusive",
        r#""Quantity":1,"UnitAmount":100,"TaxAmount":19.99"#,
        "",
        "100.00 19.99 100.00 19.99 119.99",
    ),
    // discounts
    (
        "Exclusive",
        r#""Quantity":2,"UnitAmount":50,"DiscountRate":10"#,
        "",
        "90.00 18.00 90.00 18.00 108.00",
    ),
    (
        "Exclusive",
        r#""Quantity":2,"UnitAmount":50,"DiscountAmount":7.5"#,
        "",
        "92.50 18.50 92.50 18.50 111.00",
    ),
    // other rates
    (
        "Exclusive",
        r#""Quantity":1,"UnitAmount":10.10,"TaxType":"RROUTPUT""#,
        "",
        "10.10 0.51 10.10 0.51 10.61",
    ),
    (
        "Exclusive",
        r#""Quantity":1,"UnitAmount":10,"TaxType":"NONE""#,
        "",
        "10.00 0.00 10.00 0.00 10.00",
    ),
    // price from the line amount
    (
        "Exclusive",
        r#""Quantity":4,"LineAmount":10"#,
        "",
        "10.00 2.00 10.00 2.00 12.00",
    ),
    // large and exact
    (
        "NoTax",
        r#""Quantity":1,"UnitAmount":9999999999.99"#,
        "",
        "9999999999.99 0.00 9999999999.99 0.00 9999999999.99",
    ),
    // credits
    (
        "Exclusive",
        r#""Quantity":-1,"UnitAmount":0.125"#,
        "?unitdp=4",
        "-0.13 -0.03 -0.13 -0.03 -0.16",
    ),
];

#[test]
fn behaviour_20_lines_tax_and_sums_follow_xero() {
    for (types, line, unitdp, expected) in LINES {
        assert_eq!(&amounts(types, line, unitdp), expected, "{types} {line} {unitdp}");
    }
}

#[test]
fn behaviour_20_tax_is_rounded_per_line_and_then_summed() {
    let mut desk = Desk::new();
    let line = r#"{"Description":"x","AccountCode":"200","Quantity":1,"UnitAmount":0.12}"#;
    let body =
        format!(r#"{{"Type":"ACCREC","Contact":{{"Name":"City Limousines"}},"LineItems":[{line},{line},{line}]}}"#);
    let reply = desk.call("PUT", "Invoices", &body);
    // 3 × round(0.024) = 0.06, where round(0.072) would be 0.07.
    assert_eq!(raw(&reply.text, "TotalTax"), "0.06");
    assert_eq!(raw(&reply.text, "Total"), "0.42");
}

#[test]
fn behaviour_20_unit_amounts_show_four_decimals_only_when_asked() {
    let mut desk = Desk::new();
    let body = r#"{"Type":"ACCREC","InvoiceNumber":"U-1","Contact":{"Name":"City Limousines"},
        "LineItems":[{"Description":"x","AccountCode":"200","Quantity":100,"UnitAmount":0.1234}]}"#;
    desk.call("PUT", "Invoices?unitdp=4", body);
    assert_eq!(raw(&desk.get("Invoices/U-1?unitdp=4").text, "UnitAmount"), "0.1234");
    let plain = desk.get("Invoices/U-1").text;
    assert_eq!(raw(&plain, "UnitAmount"), "0.12");
    assert_eq!(raw(&plain, "LineAmount"), "12.34");
    assert_eq!(raw(&plain, "Quantity"), "100.0000");
}

#[test]
fn behaviour_20_wrong_amounts_are_refused_in_xeros_words() {
    let table = [
        (
            r#""Quantity":1,"UnitAmount":10,"DiscountRate":101"#,
            "The discount rate '101' is invalid.",
        ),
        (
            r#""Quantity":2,"UnitAmount":10,"LineAmount":19"#,
            "does not match the expected line total",
        ),
        (
            r#""Quantity":1,"UnitAmount":10,"AccountCode":"9999""#,
            "Account code '9999' is not a valid code",
        ),
        (
            r#""Quantity":1,"UnitAmount":10,"AccountCode":"610""#,
            "Account code '610' is not a valid code",
        ),
        (
            r#""Quantity":1,"UnitAmount":10,"AccountCode":"200","TaxType":"NOPE""#,
            "The TaxType code NOPE does not exist",
        ),
        (
            r#""Quantity":1,"UnitAmount":10,"AccountCode":"200","TaxType":"INPUT2""#,
            "The TaxType code 'INPUT2' cannot be used with account code '200'",
        ),
        (r#""Quantity":1,"UnitAmount":10"#, "Account code must be specified"),
    ];
    for (line, message) in table {
        let mut desk = Desk::new();
        let body = format!(
            r#"{{"Type":"ACCREC","Status":"AUTHORISED","Contact":{{"Name":"City Limousines"}},"LineItems":[{{"Description":"x",{line}}}]}}"#
        );
        let reply = desk.call("PUT", "Invoices", &body);
        assert_eq!(reply.status, 400, "{line}");
        assert!(reply.text.contains(message), "{line}: {}", reply.text);
        assert_eq!(desk.world.books(desk.tenant).unwrap().invoices().len(), 0);
    }
}
