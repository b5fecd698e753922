//! Putting organisations on a grant: new ones begin, known ones go on by it. Each is written into
//! the record of changes, with who had it done and on whose consent it rests.

use std::collections::HashSet;

use super::terms::{By, Connected};
use crate::actors::control::{ConnectImport, Refused};
use crate::actors::door::Door;
use crate::actors::replies::{in_words, unexpected};
use crate::actors::supervisor::Run;
use crate::actors::tenant::Regranted;
use crate::engine::effect::Reply;
use crate::model::connection::{Connection, ConnectionState};
use crate::model::ids::{AuditId, GrantId, TenantId, XeroTenantId};
use crate::model::row::{Audit, AutoSync, Cause, Change, Settings, Tenant};
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::XeroConnection;

/// Xero's word for an ordinary organisation; others (practices) hold no invoices.
const ORGANISATION: &str = "ORGANISATION";

/// What organisations are connected by.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    /// The grant.
    pub grant: GrantId,
    /// Who had it done, as the record names callers.
    pub actor: String,
    /// How the grant came here.
    pub by: By,
    /// Whose consent it is, where Xero said so.
    pub user: Option<String>,
}

impl Ground {
    /// Why, for the record.
    fn reason(&self) -> String {
        let how = match self.by {
            By::Import => "A refresh token was handed over",
            By::Consent => "Somebody consented on Xero's page",
            By::Custom => "The app is a custom connection",
        };
        match &self.user {
            Some(user) => format!("{how}; Xero's user is {user}."),
            None => format!("{how}."),
        }
    }
}

impl Door {
    /// Adopts a grant and starts what it reaches. Every step can be repeated: whoever asks again
    /// after a crash or an error ends with the same tenants.
    pub(in crate::actors) async fn adopt(self, order: ConnectImport, by: By) -> Result<Vec<Connected>, Refused> {
        // One at a time: two at once would make two tenants of one organisation.
        let _alone = self.connecting.lock().await;
        let adopted = self.ports.keyring.adopt(order.refresh_token).await;
        let (grant, reached) = adopted.map_err(Refused::Xero)?;
        let grant = self.joined(grant).await?;
        let reached = organisations(reached);
        let wanted = match order.tenants {
            None => reached.iter().map(|found| found.tenant).collect(),
            Some(wanted) => wanted,
        };
        let ground = Ground {
            grant,
            actor: order.requested_by,
            by,
            user: self.ports.keyring.user(grant).await,
        };
        self.connect_chosen(reached, &wanted, &ground, order.observe).await
    }

    /// A user has one grant: what was handed over goes on in the one that is there.
    async fn joined(&self, grant: GrantId) -> Result<GrantId, Refused> {
        let tenants = self.ports.reader.tenants().map_err(|error| in_words(&error))?;
        let used: HashSet<GrantId> = tenants.iter().map(|tenant| tenant.grant).collect();
        if used.contains(&grant) {
            return Ok(grant);
        }
        self.ports.keyring.join(grant, used).await.map_err(Refused::Xero)
    }

    /// Connects the organisations that are wanted, all of which must be reached.
    pub(super) async fn connect_chosen(
        &self,
        reached: Vec<XeroConnection>,
        wanted: &[XeroTenantId],
        ground: &Ground,
        observe: bool,
    ) -> Result<Vec<Connected>, Refused> {
        let is_reached = |id: &XeroTenantId| reached.iter().any(|found| found.tenant == *id);
        if let Some(missing) = wanted.iter().find(|id| !is_reached(id)) {
            return Err(Refused::NotReached(*missing));
        }
        let mut tenants = Vec::with_capacity(wanted.len());
        for connection in reached.into_iter().filter(|found| wanted.contains(&found.tenant)) {
            let known = self
                .ports
                .reader
                .tenant_by_xero(connection.tenant)
                .map_err(|error| in_words(&error))?;
            tenants.push(match known {
                Some(tenant) => self.reconnect(tenant, ground).await?,
                None => Connected {
                    tenant: self.begin(connection, ground, observe).await?,
                    released: 0,
                },
            });
        }
        Ok(tenants)
    }

    /// Gives a tenant that is there this grant, if it has another one or is not connected.
    async fn reconnect(&self, tenant: Tenant, ground: &Ground) -> Result<Connected, Refused> {
        let (id, grant) = (tenant.id, ground.grant);
        if self.ports.registry.door(id).is_none() {
            // It was stored, but whoever asked for it was cut off before it ran.
            self.run(tenant.clone()).await?;
        }
        if tenant.grant == grant && tenant.connection.state == ConnectionState::Active {
            let entry = self.entry(self.ports.clock.now(), id, ground, "connection.confirmed");
            self.commit([0; 16], &[Write::Audit(Box::new(entry))]).await?;
            return Ok(Connected { tenant, released: 0 });
        }
        let regranted = self.ask(id, |reply| Regranted {
            grant,
            requested_by: ground.actor.clone(),
            why: ground.reason(),
            reply,
        });
        let released = match regranted.await? {
            Reply::Done { released } => released,
            other => return Err(unexpected(&other)),
        };
        self.forget_unused(tenant.grant)?;
        let stored = self.ports.reader.tenant(id).map_err(|error| in_words(&error))?;
        let tenant = stored.unwrap_or(tenant);
        Ok(Connected { tenant, released })
    }

    /// A grant that no stored tenant names any more is dropped: its chain of tokens serves nobody.
    fn forget_unused(&self, grant: GrantId) -> Result<(), Refused> {
        let tenants = self.ports.reader.tenants().map_err(|error| in_words(&error))?;
        if tenants.iter().all(|tenant| tenant.grant != grant) {
            self.ports.keyring.forget(grant);
        }
        Ok(())
    }

    async fn begin(&self, connection: XeroConnection, ground: &Ground, observe: bool) -> Result<Tenant, Refused> {
        let now = self.ports.clock.now();
        self.ports.intake.check(now.mono)?;
        let made_at_ms = u64::try_from(now.wall.0).unwrap_or(0);
        let auto_sync = AutoSync {
            enabled: !observe,
            ..AutoSync::default()
        };
        let tenant = Tenant {
            id: TenantId::from_parts(made_at_ms, self.ports.entropy.random_u128()),
            xero_id: connection.tenant,
            name: connection.name.unwrap_or_else(|| connection.tenant.to_string()),
            grant: ground.grant,
            time_zone: String::new(),
            base_currency: None,
            short_code: None,
            connected_at: now.wall,
            connection: Connection::fresh(now.wall),
            settings: Settings {
                auto_sync,
                ..Settings::default()
            },
            credits: None,
            fixed: Vec::new(),
        };
        let auto_sync = Change {
            field: "auto_sync.enabled".to_owned(),
            before: String::new(),
            after: tenant.settings.auto_sync.enabled.to_string(),
        };
        let entry = Audit {
            changes: vec![auto_sync],
            ..self.entry(now, tenant.id, ground, "connection.connected")
        };
        let writes = [Write::Tenant(Box::new(tenant.clone())), Write::Audit(Box::new(entry))];
        self.commit(tenant.id.to_bytes(), &writes).await?;
        self.run(tenant.clone()).await?;
        Ok(tenant)
    }

    fn entry(&self, now: Now, tenant: TenantId, ground: &Ground, action: &str) -> Audit {
        let at_ms = u64::try_from(now.wall.0).unwrap_or(0);
        Audit {
            id: AuditId::from_parts(at_ms, self.ports.entropy.random_u128()),
            tenant,
            at: now.wall,
            actor: ground.actor.clone(),
            cause: Cause::User,
            action: action.to_owned(),
            invoice: None,
            host_ref: None,
            operation: None,
            reason: Some(ground.reason()),
            changes: Vec::new(),
        }
    }

    async fn run(&self, tenant: Tenant) -> Result<(), Refused> {
        self.supervisor
            .send(Run(vec![tenant]))
            .await
            .map_err(|_stopped| Refused::Draining)
    }
}

/// Those that are ordinary organisations.
pub(super) fn organisations(reached: Vec<XeroConnection>) -> Vec<XeroConnection> {
    let is_organisation = |connection: &XeroConnection| connection.tenant_type == ORGANISATION;
    reached.into_iter().filter(is_organisation).collect()
}
