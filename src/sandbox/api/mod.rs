//! The accounting API: routes, handlers and the shapes they answer with.

pub mod accounts;
pub mod allocations;
pub mod bank_draft;
pub mod bank_transactions;
pub mod batch_payments;
pub mod call;
pub mod contact_draft;
pub mod contact_settings;
pub mod contact_view;
pub mod contacts;
pub mod credit_draft;
pub mod credit_notes;
pub mod credit_view;
pub mod credits;
pub mod drafting;
pub mod envelope;
pub mod groups;
pub mod history;
pub mod invoice_draft;
pub mod invoice_rules;
pub mod invoice_view;
pub mod invoices;
pub mod items;
pub mod journal_draft;
pub mod journals;
pub mod line_draft;
pub mod money_route;
pub mod organisation;
pub mod payment_view;
pub mod payments;
pub mod registers;
pub mod route;
pub mod tax_rates;
pub mod tracking;

pub use call::Call;
