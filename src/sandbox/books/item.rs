//! Items: what is sold and bought.

use rust_decimal::Decimal;
use uuid::Uuid;

/// Defaults for one side of the business.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemDetails {
    /// `UnitPrice`
    pub unit_price: Option<Decimal>,
    /// `AccountCode`
    pub account_code: Option<String>,
    /// `COGSAccountCode`: purchases of tracked items only.
    pub cogs_account_code: Option<String>,
    /// `TaxType`
    pub tax_type: Option<String>,
}

/// One item.
#[derive(Debug, Clone)]
pub struct Item {
    /// `ItemID`
    pub id: Uuid,
    /// Unique, up to 30 characters.
    pub code: String,
    /// `Name`
    pub name: Option<String>,
    /// What sales lines say.
    pub description: Option<String>,
    /// What purchase lines say.
    pub purchase_description: Option<String>,
    /// For sales.
    pub sales: ItemDetails,
    /// For purchases.
    pub purchases: ItemDetails,
    /// `IsSold`
    pub is_sold: bool,
    /// `IsPurchased`
    pub is_purchased: bool,
    /// `InventoryAssetAccountCode`; an item with one is tracked.
    pub inventory_account: Option<String>,
    /// Pieces of a tracked item; the API cannot set it.
    pub quantity_on_hand: Decimal,
    /// Their value at average cost; the API cannot set it.
    pub cost_pool: Decimal,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
    /// How often it was written.
    pub versions: u32,
}

impl Item {
    /// Whether Xero counts its stock.
    pub fn is_tracked(&self) -> bool {
        self.inventory_account.is_some()
    }
}
