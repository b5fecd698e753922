//! Paths and queries, percent-encoded.

use std::fmt::Write;

/// A text as one segment of a path, or as a value of a query.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The path of an invoice by the host's reference.
#[must_use]
pub fn invoice_by_ref(tenant: &str, host_ref: &str) -> String {
    format!("/v1/tenants/{}/invoices/ref:{}", segment(tenant), segment(host_ref))
}

/// The path of an invoice by our id.
#[must_use]
pub fn invoice_by_id(tenant: &str, id: &str) -> String {
    format!("/v1/tenants/{}/invoices/{}", segment(tenant), segment(id))
}

/// A query that is put together name by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Adds a parameter, if there is a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = value {
            self.0.push((name, value.into()));
        }
        self
    }

    /// The path with this query.
    #[must_use]
    pub fn on(&self, path: &str) -> String {
        let mut whole = path.to_owned();
        for (at, (name, value)) in self.0.iter().enumerate() {
            whole.push(if at == 0 { '?' } else { '&' });
            whole.push_str(name);
            whole.push('=');
            whole.push_str(&segment(value));
        }
        whole
    }
}
