//! Connecting organisations by a consent.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::args::ConnectArgs;
use crate::cli::commands::tenants;
use crate::cli::control::{Answer, Request, Trouble};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::Stop;
use crate::cli::words::{field, number};
use crate::model::capability::HISTORY;

/// Between two looks at whether somebody has come back.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// A little more than the daemon waits for: ten minutes on Xero's page, ten to choose.
const WAIT: Duration = Duration::from_secs(21 * 60);

/// What to do where no daemon runs yet.
const BEFORE_THE_FIRST_START: &str = "\
Connecting needs a daemon that knows your app at Xero. Before its first start:

1. At https://developer.xero.com/app/manage choose New app, integration type \"Web app\", with the redirect URI
     http://localhost:7626/xero/callback
   (the port of control.listen, or of public.listen where that is set; or an https address of yours: xero.redirect_uri).
2. Put the client id into the configuration as xero.client_id, and the client secret into a file that only the
   daemon may read, or a systemd credential. It never goes on a command line:
     install -m 600 -o counterfoil /dev/stdin /etc/counterfoil/client_secret      paste it, then Ctrl-D
     systemd-creds encrypt - /etc/credstore.encrypted/client_secret               the same, under systemd
3. For changes within a second, in the app under Webhooks: invoices, contacts and credit notes, delivered to
   https://YOUR-NAME/xero/webhook. Without them changes are here within five minutes.
4. counterfoil config check, then systemctl start counterfoil, then counterfoil connect.

To try everything without a Xero account: counterfoil demo
";

/// Sends a person to Xero's consent page, and shows what was connected.
pub async fn connect(session: &mut Session<'_>, args: &ConnectArgs) -> Result<Exit, Stop> {
    let begun = match begin(session, args).await {
        Err(Stop::Trouble(trouble)) if trouble.exit == Exit::Unreachable => {
            session.screen.note(BEFORE_THE_FIRST_START);
            return Err(Stop::Trouble(trouble));
        }
        begun => begun?,
    };
    let Some(url) = field::text(&begun.value, "/authorize_url") else {
        return finish(session, &begun);
    };
    let ended = if args.no_browser {
        by_hand(session, args, &begun.value, &url).await?
    } else {
        by_browser(session, &begun.value, &url).await?
    };
    finish(session, &ended)
}

async fn begin(session: &mut Session<'_>, args: &ConnectArgs) -> Result<Answer, Stop> {
    let scopes = args.scopes.as_ref().map(|text| match text.contains(',') {
        true => Value::from(text.split(',').map(str::trim).collect::<Vec<_>>()),
        false => Value::from(text.trim()),
    });
    let again = match &args.reconnect {
        Some(name) => Some(tenant::named(session, Some(name)).await?),
        None => None,
    };
    let body = json!({"observe": args.observe, "scopes": scopes, "tenant": again});
    Ok(session
        .client
        .ask(Request::write("POST", "/v1/connect", body.to_string()))
        .await?)
}

/// Waits until somebody has come back and chosen, on the page of the daemon.
async fn by_browser(session: &mut Session<'_>, begun: &Value, url: &str) -> Result<Answer, Stop> {
    let is_open = session.ends.err_is_terminal && opened(session, url);
    let how = if is_open {
        "Xero's consent page is open in your browser. If it is not, open this address:"
    } else {
        "Open this address in a browser:"
    };
    session.screen.ask(&format!("{how}\n\n  {url}\n\n"));
    let back = field::text(begun, "/redirect_uri").unwrap_or_default();
    session.screen.note(&redirect_hint(&back));
    if let Some(port) = local_port(&back) {
        let tunnel = format!(
            "If the browser runs on another machine, make a tunnel from there first \
             (ssh -L {port}:127.0.0.1:{port} HOST), or stop this and use --no-browser."
        );
        session.screen.note(&tunnel);
    }
    session.screen.note("Waiting for you to come back and choose …");
    let path = format!("/v1/connect/{}", field::shown(begun, "/id"));
    let limit = session.globals.wait.unwrap_or(WAIT);
    let waiting = async {
        loop {
            let seen = session.get(&path).await?;
            match field::text(&seen.value, "/status").as_deref() {
                Some("waiting" | "redeeming" | "choosing") => tokio::time::sleep(LOOK_AGAIN).await,
                _ => return Ok::<_, Trouble>(seen),
            }
        }
    };
    match tokio::time::timeout(limit, waiting).await {
        Ok(seen) => Ok(seen?),
        Err(_time_is_up) => Err(Trouble::new(
            Exit::StillRunning,
            "nobody_came_back",
            "Nobody has come back from Xero yet",
        )
        .because("the address still works until its ten minutes are over")
        .fix("counterfoil tenants list shows whether it was connected in the end.")
        .into()),
    }
}

/// Takes the address from whoever came back to a page that does not exist.
async fn by_hand(session: &mut Session<'_>, args: &ConnectArgs, begun: &Value, url: &str) -> Result<Answer, Stop> {
    let back = field::text(begun, "/redirect_uri").unwrap_or_default();
    session.screen.note(&redirect_hint(&back));
    session.screen.ask(&format!(
        "1. Open this address in any browser and allow the access:\n\n  {url}\n\n\
         2. Xero sends you to a page that may not open. Copy its whole address and paste it here: "
    ));
    let mut pasted = String::new();
    session.input.read_line(&mut pasted)?;
    if pasted.trim().is_empty() {
        return Err(Trouble::usage("No address was pasted")
            .because("the input is empty")
            .fix("Type the command again: the first address is of no more use.")
            .into());
    }
    let body = json!({"redirected_url": pasted.trim()});
    let came = session
        .client
        .ask(Request::write("POST", "/v1/connect:complete", body.to_string()))
        .await?;
    let offered = field::items(&came.value, "/organisations").to_vec();
    let chosen = choose(session, args, &offered)?;
    let body = json!({
        "choice": field::text(&came.value, "/choice"),
        "tenant_ids": chosen,
        "observe": args.observe,
    });
    Ok(session
        .client
        .ask(Request::write("POST", "/v1/connect:choose", body.to_string()))
        .await?)
}

/// The ids of what is to be connected: those of the arguments, the only one, or those a person names.
fn choose(session: &mut Session<'_>, args: &ConnectArgs, offered: &[Value]) -> Result<Vec<String>, Stop> {
    if !args.organisations.is_empty() {
        return Ok(args.organisations.clone());
    }
    let ids: Vec<String> = offered
        .iter()
        .map(|found| field::shown(found, "/xero_tenant_id"))
        .collect();
    if ids.len() == 1 || session.globals.yes {
        return Ok(ids);
    }
    let mut question = String::from("The consent reaches these organisations:\n");
    for (place, found) in (1..).zip(offered) {
        let state = field::text(found, "/connection").map_or_else(String::new, |state| format!(" ({state})"));
        let name = field::shown(found, "/name");
        let id = field::shown(found, "/xero_tenant_id");
        question.push_str(&format!("  {place}. {name}{state}  {id}\n"));
    }
    question.push_str("Which ones? Their numbers, separated by commas: ");
    session.screen.ask(&question);
    let mut answer = String::new();
    session.input.read_line(&mut answer)?;
    let places = answer.trim().split(',').map(|place| {
        let place: usize = place.trim().parse().ok()?;
        ids.get(place.checked_sub(1)?).cloned()
    });
    places.collect::<Option<Vec<String>>>().ok_or_else(|| {
        Trouble::usage("No organisation was chosen")
            .because(format!("the answer was \"{}\"", field::clean(answer.trim())))
            .fix("Type the command again, or name them with --organisation, or take all with --yes.")
            .into()
    })
}

fn finish(session: &mut Session<'_>, ended: &Answer) -> Result<Exit, Stop> {
    if let Some(problem) = ended.value.get("problem").filter(|problem| problem.is_object()) {
        let code = field::text(problem, "/code").unwrap_or_default();
        let mut trouble = Trouble::new(Exit::Failed, &code, field::shown(problem, "/title"));
        trouble.why.extend(field::text(problem, "/detail"));
        trouble.fix.extend(field::text(problem, "/fix"));
        return Err(trouble.into());
    }
    if session.shown_as_object(ended)? {
        return Ok(Exit::Ok);
    }
    let connected = field::items(&ended.value, "/tenants");
    if connected.is_empty() {
        session
            .screen
            .note("No organisation was chosen, so nothing was connected.");
        return Ok(Exit::Failed);
    }
    let count = number::counted(connected.len().try_into().unwrap_or(u64::MAX), "organisation");
    session.screen.line(&format!("Connected {count}:"))?;
    session.screen.table(&tenants::table(connected))?;
    let released: u64 = connected.iter().map(|tenant| field::count(tenant, "/released")).sum();
    if released > 0 {
        let noun = if released == 1 { "invoice is" } else { "invoices are" };
        session.screen.line(&format!("{released} {noun} queued again."))?;
    }
    let observes = connected
        .iter()
        .any(|tenant| !field::is_true(tenant, "/auto_sync/enabled"));
    session.screen.note(if observes {
        "Where auto-sync is off, nothing is sent by itself. Turn it on with: counterfoil settings set auto-sync.enabled on"
    } else {
        "New invoices are sent by themselves."
    });
    session.screen.note(HISTORY);
    session.screen.note("Next: counterfoil status");
    Ok(Exit::Ok)
}

/// Opens a browser, where there is a desktop to open one on.
fn opened(session: &Session<'_>, url: &str) -> bool {
    let has = |name: &str| session.variables.get(name).is_some_and(|value| !value.is_empty());
    if !has("DISPLAY") && !has("WAYLAND_DISPLAY") {
        return false;
    }
    // What is still to be shown comes before whatever the browser says.
    let _unseen = std::io::stderr().flush();
    let started = Command::new("xdg-open")
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started.is_ok()
}

/// Xero compares it letter by letter, and shows nothing but an error of its own when it differs.
fn redirect_hint(back: &str) -> String {
    format!("The app at Xero must have this redirect URI, letter by letter: {back}")
}

/// The port of an address on this machine.
fn local_port(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("http://")?;
    let (authority, _) = rest.split_once('/')?;
    authority.rsplit_once(':').map(|(_, port)| port)
}
