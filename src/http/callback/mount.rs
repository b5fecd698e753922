//! The two requests a browser makes here, and their answers.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::form::Form;
use super::page::{self, Page};
use crate::actors::control::{ConnectStage, ConnectView, Control, Refused, Returned};
use crate::http::endpoints::refusal;
use crate::http::problem::Problem;
use crate::http::state::{Access, Mount, MountedReply, MountedRequest};
use crate::model::ids::XeroTenantId;

/// Where people come back to.
pub const CALLBACK_PATH: &str = "/xero/callback";
/// Largest form: a thousand organisations.
const FORM_MAX_BYTES: usize = 64 << 10;

/// The callback page.
pub struct Callback(pub Arc<dyn Control>);

impl Mount for Callback {
    fn accepts(&self, method: &str, path: &str) -> Option<(Access, usize)> {
        let is_ours = path == CALLBACK_PATH && matches!(method, "GET" | "POST");
        is_ours.then_some((Access::Open, FORM_MAX_BYTES))
    }

    fn answer(&self, request: MountedRequest) -> BoxFuture<'static, MountedReply> {
        let control = Arc::clone(&self.0);
        async move {
            match request.method.as_str() {
                "POST" => chosen(control.as_ref(), &request).await,
                _ => came(control.as_ref(), &request.query).await,
            }
        }
        .boxed()
    }
}

/// Somebody came: from Xero, or to look at what they can choose or have chosen.
async fn came(control: &dyn Control, query: &str) -> MountedReply {
    if let Some(ticket) = Form::read(query).as_ref().and_then(|form| form.get("choice")) {
        return match control.choice(ticket.to_owned()).await {
            Ok(view) => shown(&view, ticket, None),
            Err(refused) => refused_page(refused),
        };
    }
    let Some(returned) = Returned::read(query) else {
        return html(&page::nothing_brought());
    };
    match control.come_back(returned).await {
        Ok((ticket, _view)) => onwards(&ticket),
        Err(refused) => refused_page(refused),
    }
}

/// Somebody chose.
async fn chosen(control: &dyn Control, request: &MountedRequest) -> MountedReply {
    let form = std::str::from_utf8(&request.body).ok().and_then(Form::read);
    let Some((form, ticket)) = form
        .as_ref()
        .and_then(|form| Some((form, form.get("choice")?.to_owned())))
    else {
        return html(&page::nothing_brought());
    };
    let is_cancelled = form.get("decision") == Some("cancel");
    let chosen: Option<Vec<XeroTenantId>> = form.all("tenant").map(|id| id.parse().ok()).collect();
    let chosen = chosen.filter(|_| !is_cancelled).unwrap_or_default();
    if chosen.is_empty() && !is_cancelled {
        return match control.choice(ticket.clone()).await {
            Ok(view) => shown(&view, &ticket, Some("Choose at least one organisation, or cancel.")),
            Err(refused) => refused_page(refused),
        };
    }
    let observe = form.get("sending") == Some("observe");
    match control.choose(ticket.clone(), chosen, observe).await {
        Ok(_view) => onwards(&ticket),
        Err(refused) => refused_page(refused),
    }
}

fn shown(view: &ConnectView, ticket: &str, trouble: Option<&str>) -> MountedReply {
    match &view.stage {
        ConnectStage::Choosing(offered) => html(&page::choose(view, offered, ticket, trouble)),
        ConnectStage::Connected(connected) => html(&page::connected(connected)),
        ConnectStage::Refused(fault) => refused_page(Refused::Connect(fault.clone())),
        ConnectStage::Waiting | ConnectStage::Redeeming => html(&page::nothing_brought()),
    }
}

/// To the page of a ticket, so that neither a code nor a form is sent twice by going back or
/// reloading. The address is relative: a proxy may have put a folder before it.
fn onwards(ticket: &str) -> MountedReply {
    MountedReply {
        status: 303,
        headers: vec![("location".to_owned(), format!("callback?choice={ticket}"))],
        body: Bytes::new(),
    }
}

fn refused_page(refused: Refused) -> MountedReply {
    let problem: Problem = refusal(refused);
    html(&page::refused(&problem))
}

fn html(page: &Page) -> MountedReply {
    let header = |name: &str, value: String| (name.to_owned(), value);
    MountedReply {
        status: page.status,
        headers: vec![
            header("content-type", "text/html; charset=utf-8".to_owned()),
            header("content-security-policy", page::policy()),
            header("x-frame-options", "DENY".to_owned()),
            header("cross-origin-opener-policy", "same-origin".to_owned()),
        ],
        body: Bytes::from(page.html.clone()),
    }
}
