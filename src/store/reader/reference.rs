//! Contacts, reference data and mappings.

use super::access::Reader;
use super::error::ReadError;
use crate::model::ids::{TenantId, XeroContactId};
use crate::model::row::{Chart, ContactRow, Mapping, MappingKind};
use crate::store::Direction;
use crate::store::rows::keys;

impl Reader {
    /// A resolved party by the host's key.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn contact(&self, tenant: TenantId, reference: &str) -> Result<Option<ContactRow>, ReadError> {
        self.row(&keys::contact(tenant, reference))
    }

    /// The parties that were resolved under a name, whatever its case; by reference.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn contacts_named(&self, tenant: TenantId, name: &str) -> Result<Vec<ContactRow>, ReadError> {
        let folded = keys::fold_name(name);
        let owner = keys::of_tenant(keys::CONTACTS, tenant);
        let mut contacts = Vec::new();
        let prefix = keys::contacts_by_name(tenant, name);
        for index in self.all_keys(prefix, Direction::Forward)? {
            let key = [owner.as_slice(), &keys::last_id(&index).unwrap_or_default()].concat();
            contacts.extend(self.follow(&index, &key, |row: &ContactRow| keys::fold_name(&row.name) == folded)?);
        }
        contacts.sort_by(|a, b| a.reference.cmp(&b.reference));
        Ok(contacts)
    }

    /// The parties that were resolved to a Xero contact, by reference.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn contacts_of(&self, tenant: TenantId, xero: XeroContactId) -> Result<Vec<ContactRow>, ReadError> {
        let owner = keys::of_tenant(keys::CONTACTS, tenant);
        let mut contacts = Vec::new();
        for index in self.all_keys(keys::contacts_by_xero(tenant, xero), Direction::Forward)? {
            let key = [owner.as_slice(), &keys::last_id(&index).unwrap_or_default()].concat();
            contacts.extend(self.follow(&index, &key, |row: &ContactRow| row.xero_id == xero)?);
        }
        contacts.sort_by(|a, b| a.reference.cmp(&b.reference));
        Ok(contacts)
    }

    /// The organisation's reference data, if it was ever read.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn chart(&self, tenant: TenantId) -> Result<Option<Chart>, ReadError> {
        self.row(&keys::chart(tenant))
    }

    /// One mapping.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn mapping(&self, tenant: TenantId, kind: MappingKind, key: &str) -> Result<Option<Mapping>, ReadError> {
        self.row(&keys::mapping(tenant, kind, key))
    }

    /// Every mapping of one kind, by the host's word.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn mappings(&self, tenant: TenantId, kind: MappingKind) -> Result<Vec<Mapping>, ReadError> {
        let mut mappings: Vec<Mapping> = self.all(keys::mappings(tenant, kind))?;
        mappings.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(mappings)
    }
}
