//! Bounds of what is accepted, each with its source.

/// Longest host reference in bytes (it is part of paths and keys).
pub const HOST_REF_MAX_BYTES: usize = 200;
/// Longest document number in characters (Xero's `InvoiceNumber`).
pub const NUMBER_MAX_CHARS: usize = 255;
/// Longest reference in characters (Xero's `Reference`).
pub const REFERENCE_MAX_CHARS: usize = 255;
/// Longest contact name in characters (Xero's `Name`).
pub const CONTACT_NAME_MAX_CHARS: usize = 255;
/// Longest line description in characters (Xero's `Description`).
pub const DESCRIPTION_MAX_CHARS: usize = 4_000;
/// Most lines of one document that are accepted at all.
pub const LINES_MAX_COUNT: usize = 10_000;
/// Most decimals of quantities and unit prices (Xero's `unitdp=4`).
pub const UNIT_DECIMALS_MAX: u32 = 4;
/// Largest absolute quantity, unit price or line amount (Xero's `LineAmount`), exclusive.
pub const AMOUNT_LIMIT: i64 = 10_000_000_000;
/// Largest body of one write in bytes: Xero advises to stay below 3.5 MB.
pub const WRITE_BODY_MAX_BYTES: usize = 3_500_000;
/// Largest body of a call with several documents in bytes.
pub const BATCH_BODY_MAX_BYTES: usize = 1 << 20;
/// Most sales invoices in one call (about 50 elements are advised by Xero).
pub const BATCH_SALES_MAX: usize = 50;
/// Most bills in one call: fewer, because their numbers are not unique in Xero.
pub const BATCH_PURCHASE_MAX: usize = 20;
/// Most ids or numbers in one look-up: URLs break near 52.
pub const LOOKUP_MAX: usize = 40;
/// Furthest a person may look back: 365 days (S2).
pub const LOOKBACK_MAX_MS: i64 = 365 * 86_400_000;
/// Most invoices or links named in one request.
pub const SELECTION_MAX: usize = 1_000;
/// Most invoices of a filter that are sent again, refreshed or acknowledged at once.
pub const FILTERED_MAX: usize = 10_000;
/// Most references whose badges are asked for at once.
pub const REFS_MAX: usize = 500;
/// Most contacts in one look-up by name or number.
pub const CONTACT_LOOKUP_MAX: usize = 20;
/// Longest `ContactNumber` in characters.
pub const CONTACT_NUMBER_MAX_CHARS: usize = 50;
/// Longest `Idempotency-Key` in characters, of ours to Xero and of hosts to us.
pub const IDEMPOTENCY_KEY_MAX_CHARS: usize = 128;
