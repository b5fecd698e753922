//! Writing invoices from a file.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::cli::args::PutArgs;
use crate::cli::commands::sync::together;
use crate::cli::control::{Request, Trouble, invoice_by_ref};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::Stop;
use crate::cli::words::{badge, field, number};

/// An invoice of the file: the host's reference, and the rest exactly as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The host's reference.
    pub host_ref: String,
    /// The body.
    pub body: String,
}

/// Writes every invoice of a file, telling what became of each.
pub async fn put(session: &mut Session<'_>, args: &PutArgs) -> Result<Exit, Stop> {
    let text = read(session, &args.file)?;
    let items = items(&text, args.reference.as_deref())?;
    let tenant = tenant::chosen(session).await?;
    let is_single = items.len() == 1;
    let mut ends = Vec::with_capacity(items.len());
    for item in &items {
        match one(session, &tenant, item).await {
            Ok(()) => ends.push(Exit::Ok),
            Err(Stop::Trouble(trouble)) if !is_single && trouble.exit != Exit::Unreachable => {
                let what = format!("{}: {}", field::clean(&item.host_ref), trouble.what);
                ends.push(trouble.exit);
                session.screen.trouble(&Trouble { what, ..*trouble });
            }
            Err(stop) => {
                note_written(session, &ends, items.len());
                return Err(stop);
            }
        }
    }
    note_written(session, &ends, items.len());
    Ok(together(&ends))
}

fn note_written(session: &mut Session<'_>, ends: &[Exit], total: usize) {
    if total > 1 {
        let written = ends.iter().filter(|exit| **exit == Exit::Ok).count();
        let total = number::counted(total.try_into().unwrap_or(u64::MAX), "invoice");
        session.screen.note(&format!(
            "{written} of {total} written. Writing them again changes nothing."
        ));
    }
}

async fn one(session: &mut Session<'_>, tenant: &str, item: &Item) -> Result<(), Stop> {
    let path = invoice_by_ref(tenant, &item.host_ref);
    let answer = session
        .client
        .ask(Request::write("PUT", path, item.body.clone()))
        .await?;
    if session.shown_as_object(&answer)? {
        return Ok(());
    }
    let invoice = &answer.value;
    let usual = if answer.status == 201 { "created" } else { "updated" };
    let word = field::text(invoice, "/outcome").unwrap_or_else(|| usual.to_owned());
    let (text, _) = badge::brief(invoice.get("sync").unwrap_or(&serde_json::Value::Null));
    session.screen.line(&format!(
        "{word}  {}  {}  {text}",
        field::shown(invoice, "/host_ref"),
        field::shown(invoice, "/number"),
    ))?;
    if let Some(reason) = invoice.pointer("/sync/reason").filter(|reason| reason.is_object()) {
        for line in badge::reason(reason).iter().skip(1) {
            session.screen.line(&format!("  {line}"))?;
        }
    }
    Ok(())
}

fn read(session: &mut Session<'_>, file: &Path) -> Result<String, Stop> {
    let unreadable = |why: String| Trouble::usage("The invoices cannot be read").because(why);
    if file == Path::new("-") {
        let mut text = String::new();
        let read = session.input.read_to_string(&mut text);
        return match read {
            Ok(_bytes) => Ok(text),
            Err(error) => Err(unreadable(format!("standard input: {error}")).into()),
        };
    }
    fs::read_to_string(file).map_err(|error| unreadable(format!("{}: {error}", file.display())).into())
}

/// The invoices of a text: one object, an array, or one object after the other.
pub fn items(text: &str, reference: Option<&str>) -> Result<Vec<Item>, Trouble> {
    let bad = |error: serde_json::Error| {
        Trouble::usage("The input is not JSON")
            .because(error.to_string())
            .fix("Give one object, an array of objects, or an object a line.")
    };
    let raws: Vec<&RawValue> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(bad)?
    } else {
        let stream = serde_json::Deserializer::from_str(text).into_iter();
        stream.collect::<Result<_, _>>().map_err(bad)?
    };
    if raws.is_empty() {
        return Err(Trouble::usage("The input holds no invoice"));
    }
    if reference.is_some() && raws.len() > 1 {
        return Err(
            Trouble::usage(format!("--ref names one invoice, and the input holds {}", raws.len()))
                .fix("Put \"host_ref\" into each of them instead."),
        );
    }
    raws.iter()
        .enumerate()
        .map(|(at, raw)| {
            item(raw, reference).map_err(|trouble| trouble.because(format!("invoice {} of the input", at + 1)))
        })
        .collect()
}

/// Takes the reference out of an object, and leaves everything else as it was written.
fn item(raw: &RawValue, reference: Option<&str>) -> Result<Item, Trouble> {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    let members = reader
        .deserialize_map(Members)
        .map_err(|error| Trouble::usage("An invoice must be a JSON object").because(error.to_string()))?;
    let mut host_ref = reference.map(str::to_owned);
    let mut kept = Vec::with_capacity(members.len());
    for (name, value) in members {
        if name == "host_ref" {
            let text: String = serde_json::from_str(value.get())
                .map_err(|_not_text| Trouble::usage("\"host_ref\" must be a string"))?;
            if host_ref.as_ref().is_some_and(|named| *named != text) {
                return Err(Trouble::usage("\"host_ref\" is given twice, and differently"));
            }
            host_ref = Some(text);
        } else {
            kept.push(format!("{}:{}", serde_json::Value::from(name), value.get()));
        }
    }
    let host_ref = host_ref.filter(|host_ref| !host_ref.is_empty()).ok_or_else(|| {
        Trouble::usage("An invoice has no \"host_ref\"")
            .fix("Put the host's reference into \"host_ref\", or name it with --ref.")
    })?;
    Ok(Item {
        host_ref,
        body: format!("{{{}}}", kept.join(",")),
    })
}

/// Reads the members of an object in their order, a repeated one twice: the daemon judges it.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
