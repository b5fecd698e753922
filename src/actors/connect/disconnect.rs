//! Ending a connection: here first, then at Xero.

use super::terms::{Ended, Severed};
use crate::actors::control::Refused;
use crate::actors::door::Door;
use crate::actors::replies::{in_words, unexpected};
use crate::actors::tenant::EndConnection;
use crate::engine::effect::Reply;
use crate::model::connection::ConnectionState;
use crate::model::failure::FailureKind;
use crate::model::ids::{GrantId, TenantId};
use crate::model::row::Tenant;

impl Door {
    /// Ends a tenant's connection. Nothing is sent from the moment it is durable here; then the
    /// connection is removed at Xero, and the consent revoked if it served nobody else. When Xero
    /// cannot be told, repeating it tells Xero again.
    pub(in crate::actors) async fn disconnect(self, id: TenantId, requested_by: String) -> Result<Ended, Refused> {
        let _alone = self.connecting.lock().await;
        let read = |door: &Self| door.ports.reader.tenant(id).map_err(|error| in_words(&error));
        let tenant = read(&self)?.ok_or(Refused::TenantNotFound)?;
        if tenant.connection.state != ConnectionState::Disconnected {
            match self.ask(id, |reply| EndConnection { requested_by, reply }).await? {
                Reply::Done { .. } => {}
                other => return Err(unexpected(&other)),
            }
        }
        let severed = self.sever(&tenant).await?;
        let tenant = read(&self)?.unwrap_or(tenant);
        Ok(Ended { tenant, severed })
    }

    async fn sever(&self, tenant: &Tenant) -> Result<Severed, Refused> {
        let keyring = &self.ports.keyring;
        let listed = match keyring.connections(tenant.grant).await {
            Ok(listed) => listed,
            // Nothing can be ended with a consent of which Xero takes no token.
            Err(failure) if failure.kind == FailureKind::GrantRejected => {
                self.forget_if_idle(tenant.grant)?;
                return Ok(Severed::NothingLeft);
            }
            Err(failure) => return Err(Refused::Xero(failure)),
        };
        let connection = listed.into_iter().find(|found| found.tenant == tenant.xero_id);
        let severed = match connection {
            Some(found) => {
                let ended = keyring.disconnect(tenant.grant, found.connection_id).await;
                ended.map_err(Refused::Xero)?;
                Severed::Connection
            }
            None => Severed::NothingLeft,
        };
        if self.serves_somebody(tenant.grant)? {
            return Ok(severed);
        }
        keyring.revoke(tenant.grant).await.map_err(Refused::Xero)?;
        Ok(Severed::Consent)
    }

    fn forget_if_idle(&self, grant: GrantId) -> Result<(), Refused> {
        if !self.serves_somebody(grant)? {
            self.ports.keyring.forget(grant);
        }
        Ok(())
    }

    /// Whether a tenant that is not disconnected rests on this grant.
    fn serves_somebody(&self, grant: GrantId) -> Result<bool, Refused> {
        let tenants = self.ports.reader.tenants().map_err(|error| in_words(&error))?;
        Ok(tenants
            .iter()
            .any(|tenant| tenant.grant == grant && tenant.connection.state != ConnectionState::Disconnected))
    }
}
