//! Words people see that belong to no badge and no reason, as the product's help pages have them.

/// The tab of what was sent and what was not; there is none where no integration is set up.
pub const EXPORTS_TAB: &str = "Xero Exports";
/// Its tiles, in order; the first two show how many there are.
pub const EXPORT_TILES: [(&str, &str); 3] = [("failed", "Failed"), ("pending", "Pending"), ("synced", "Synced")];
/// The tabs of what waits for money, by the word of the filter `due`.
pub const DUE_TABS: [(&str, &str); 2] = [("awaiting", "Awaiting Payment"), ("overdue", "Overdue")];
/// Heading of the message in a row of the failed tile.
pub const FAILED_HEADING: &str = "Sync Failed";
/// The act on one invoice, in the menu of its page.
pub const EXPORT_ONE: &str = "Export to Xero";
/// The act on the invoices that are ticked in the failed tile.
pub const RESYNC: &str = "Resync";
/// What is said before anything is sent again.
pub const BEFORE_RESYNC: &str = "Before you attempt to re-export one or more invoices to Xero, you'll need to resolve the problem (or problems) that caused the export to fail.";
/// What is said of those that left the failed tile.
pub const MOVED: &str = "Invoices that are exported successfully are moved from the Failed tile to the Synced tile.";
/// What is said of those that did not.
pub const REMAINING: &str = "Take note of any remaining error messages - if some invoices remain, you will need to try to correct the problem and re-export them.";
