//! The bodies of connecting.

use super::fields::{Faults, Fields};
use super::orders::guids;
use super::tree::Node;
use crate::actors::control::{ConnectOrder, Returned};
use crate::http::problem::Problem;
use crate::model::ids::XeroTenantId;
use crate::model::xero::ScopeSet;

/// Longest address that somebody may paste, in characters.
const ADDRESS_MAX_CHARS: usize = 8_192;
/// Longest ticket in characters; ours have 43.
const TICKET_MAX_CHARS: usize = 128;

/// Which organisations were chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The ticket.
    pub ticket: String,
    /// Xero's ids.
    pub tenants: Vec<XeroTenantId>,
    /// Start new ones with auto-sync off; `None` = as the attempt was begun.
    pub observe: Option<bool>,
}

/// Reads `{"scopes"?,"observe"?}`. Which tenant is to be connected again is read by its name.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_connect(body: &Node, requested_by: &str) -> Result<(ConnectOrder, Option<String>), Problem> {
    let faults = Faults::default();
    let known = ["scopes", "observe", "tenant"];
    let order = Fields::of(body, String::new(), &known, &faults).map(|fields| {
        let scopes = fields.optional("scopes").and_then(|node| scopes(&fields, node));
        let order = ConnectOrder {
            scopes,
            observe: fields.optional_bool("observe").unwrap_or(false),
            tenant: None,
            requested_by: requested_by.to_owned(),
        };
        (order, fields.optional_text("tenant", TICKET_MAX_CHARS))
    });
    faults.settle(order)
}

fn scopes(fields: &Fields<'_>, node: &Node) -> Option<ScopeSet> {
    let read = match node {
        Node::Text(preset) => ScopeSet::preset(preset),
        other => {
            let names = fields.list("scopes", other)?.iter().map(|name| match name {
                Node::Text(name) => name.clone(),
                _ => String::new(),
            });
            ScopeSet::list(names.collect())
        }
    };
    read.map_err(|why| fields.fault("scopes", "bad_scopes", why.to_string()))
        .ok()
}

/// Reads `{"redirected_url"}`.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_redirected(body: &Node) -> Result<Returned, Problem> {
    let faults = Faults::default();
    let returned = Fields::of(body, String::new(), &["redirected_url"], &faults).and_then(|fields| {
        let address = fields.text("redirected_url", ADDRESS_MAX_CHARS)?;
        let returned = Returned::read(&address);
        if returned.is_none() {
            let detail = "it must be the whole address that Xero sent you back to, with its code and state";
            fields.fault("redirected_url", "not_an_answer", detail);
        }
        returned
    });
    faults.settle(returned)
}

/// Reads `{"choice","tenant_ids","observe"?}`.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_choice(body: &Node) -> Result<Choice, Problem> {
    let faults = Faults::default();
    let choice = Fields::of(body, String::new(), &["choice", "tenant_ids", "observe"], &faults).and_then(|fields| {
        let ticket = fields.text("choice", TICKET_MAX_CHARS);
        let tenants = fields
            .required("tenant_ids")
            .and_then(|node| fields.list("tenant_ids", node))
            .map(|nodes| guids(&fields, nodes));
        let observe = fields.optional_bool("observe");
        Some(Choice {
            ticket: ticket?,
            tenants: tenants?,
            observe,
        })
    });
    faults.settle(choice)
}

#[cfg(test)]
mod tests {
    use super::{read_choice, read_connect, read_redirected};
    use crate::http::json::parse;
    use crate::model::xero::ScopeSet;

    fn faults<T: std::fmt::Debug>(read: Result<T, crate::http::problem::Problem>) -> Vec<(String, &'static str)> {
        let faults = read.unwrap_err().faults;
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn an_empty_order_asks_for_the_configured_scopes() {
        let (order, tenant) = read_connect(&parse(b"{}").unwrap(), "open").unwrap();
        assert!(order.scopes.is_none() && !order.observe && tenant.is_none());
        let (order, tenant) = read_connect(
            &parse(br#"{"scopes":"legacy","observe":true,"tenant":"ten_1"}"#).unwrap(),
            "socket:0",
        )
        .unwrap();
        assert_eq!((order.scopes, order.observe), (Some(ScopeSet::Legacy), true));
        assert_eq!(
            (tenant.as_deref(), order.requested_by.as_str()),
            (Some("ten_1"), "socket:0")
        );
    }

    #[test]
    fn everything_wrong_is_named() {
        let read = |text: &str| parse(text.as_bytes()).unwrap();
        for scopes in [r#""broad""#, r#"["accounting.invoices"]"#, "[1]", "[]"] {
            let body = format!(r#"{{"scopes":{scopes}}}"#);
            assert_eq!(
                faults(read_connect(&read(&body), "open")),
                [("/scopes".into(), "bad_scopes")],
                "{scopes}"
            );
        }
        let pasted = read_redirected(&read(r#"{"redirected_url":"http://localhost/"}"#));
        assert_eq!(faults(pasted), [("/redirected_url".into(), "not_an_answer")]);
        let choice = read_choice(&read(r#"{"tenant_ids":["x"]}"#));
        assert_eq!(
            faults(choice),
            [("/choice".into(), "missing"), ("/tenant_ids/0".into(), "not_a_guid")]
        );
    }
}
