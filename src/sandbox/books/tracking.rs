//! Tracking categories, their options, and what a line is tracked under.

use uuid::Uuid;

use super::registers::Registers;

/// Whether a category or option can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackingStatus {
    /// It can.
    Active,
    /// It cannot, until it is made active again.
    Archived,
    /// It never can again.
    Deleted,
}

/// One option of a category.
#[derive(Debug, Clone)]
pub struct TrackingOption {
    /// `TrackingOptionID`
    pub id: Uuid,
    /// Unique in its category.
    pub name: String,
    /// Usable or not.
    pub status: TrackingStatus,
}

/// One category; at most two are active at a time.
#[derive(Debug, Clone)]
pub struct TrackingCategory {
    /// `TrackingCategoryID`
    pub id: Uuid,
    /// Unique.
    pub name: String,
    /// Usable or not.
    pub status: TrackingStatus,
    /// Its options in the order they were made.
    pub options: Vec<TrackingOption>,
}

/// A line's option of one category; names are looked up, so that a renamed option shows its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracked {
    /// `TrackingCategoryID`
    pub category: Uuid,
    /// `TrackingOptionID`
    pub option: Uuid,
}

impl TrackingStatus {
    const ALL: [Self; 3] = [Self::Active, Self::Archived, Self::Deleted];

    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
            Self::Deleted => "DELETED",
        }
    }

    /// Reads Xero's word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.text().eq_ignore_ascii_case(text))
    }
}

impl Tracked {
    /// The category and the option.
    pub fn found(self, registers: &Registers) -> Option<(&TrackingCategory, &TrackingOption)> {
        let category = registers
            .tracking
            .iter()
            .find(|category| category.id == self.category)?;
        let option = category.options.iter().find(|option| option.id == self.option)?;
        Some((category, option))
    }
}
