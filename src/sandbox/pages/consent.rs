//! The page on which a person chooses organisations and allows or refuses an app.

use uuid::Uuid;

use super::html::{Escaped, frame, put};
use crate::sandbox::gate::consent::{Ask, Unaskable};
use crate::sandbox::gate::scope;
use crate::sandbox::wire::{Answer, Params};

/// The query keys that the answer must bring back.
const CARRIED: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

/// What the page is about.
#[derive(Debug)]
pub struct Choice<'a> {
    /// Who asks.
    pub app_name: &'a str,
    /// The organisations to choose from.
    pub tenants: Vec<(Uuid, String)>,
    /// What is asked for.
    pub ask: &'a Ask,
    /// The query or form it was read from.
    pub asked: &'a Params,
    /// What was wrong with the last answer.
    pub trouble: Option<&'a str>,
}

/// The page itself.
pub fn page(choice: &Choice<'_>) -> Answer {
    let app = Escaped(choice.app_name);
    let mut main = format!(
        "<div class=\"card\">\n<h1>{app} wants to connect to Xero</h1>\n\
         <p class=\"soft\">Choose the organisations it may reach. You can disconnect it at any time.</p>\n"
    );
    if let Some(trouble) = choice.trouble {
        put(
            &mut main,
            format_args!("<p class=\"alert\" role=\"alert\">{}</p>\n", Escaped(trouble)),
        );
    }
    main.push_str("<form method=\"post\" action=\"/identity/connect/authorize\">\n");
    for name in CARRIED {
        if let Some(value) = choice.asked.get(name) {
            let value = Escaped(value);
            put(
                &mut main,
                format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n"),
            );
        }
    }
    main.push_str("<fieldset>\n<legend>Organisations</legend>\n");
    let is_new = choice.trouble.is_none();
    for (id, name) in &choice.tenants {
        let checked = if is_new { " checked" } else { "" };
        let name = Escaped(name);
        put(
            &mut main,
            format_args!(
                "<label class=\"choice\"><input type=\"checkbox\" name=\"tenant\" value=\"{id}\"{checked}>\
                 <span>{name}<small>{id}</small></span></label>\n"
            ),
        );
    }
    main.push_str("</fieldset>\n<h2 id=\"scopes\">It will be able to</h2>\n<ul aria-labelledby=\"scopes\">\n");
    for name in choice.ask.scopes.iter() {
        let meaning = scope::meaning(name);
        put(
            &mut main,
            format_args!(
                "<li><span>{}</span> <code>{}</code></li>\n",
                Escaped(&meaning),
                Escaped(name)
            ),
        );
    }
    let place = Escaped(&choice.ask.redirect_uri);
    put(
        &mut main,
        format_args!(
            "</ul>\n<div class=\"buttons\">\
             <button class=\"first\" name=\"decision\" value=\"allow\">Allow access</button>\
             <button name=\"decision\" value=\"deny\">Cancel</button></div>\n\
             <p class=\"where\">Either way you go back to {place}</p>\n</form>\n</div>\n"
        ),
    );
    Answer::page(200, frame("Connect to Xero", "consent", &main))
}

/// The page for a request that nobody can be asked about; nobody is sent back from it.
pub fn unaskable(reason: Unaskable) -> Answer {
    let Unaskable { error, why } = reason;
    let main = format!(
        "<div class=\"card\">\n<h1>Sorry, something went wrong</h1>\n\
         <p class=\"alert\" role=\"alert\">Error: {error}</p>\n<p>{}</p>\n\
         <p class=\"soft\">The app sent a request that cannot be answered. Its address, its scopes or its \
         <code>client_id</code> must be mended.</p>\n</div>\n",
        Escaped(why)
    );
    Answer::page(400, frame("Something went wrong", "trouble", &main))
}
