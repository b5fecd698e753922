//! The accounting API: routes, handlers and the shapes they answer with.

pub mod call;
pub mod contact_view;
pub mod contacts;
pub mod envelope;
pub mod invoice_draft;
pub mod invoice_rules;
pub mod invoice_view;
pub mod invoices;
pub mod line_draft;
pub mod payment_view;
pub mod payments;
pub mod reference;
pub mod route;

pub use call::Call;
