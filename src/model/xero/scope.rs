//! What a consent is asked for: the scopes, and what cannot be done without them.

use std::fmt;

/// Asked for by apps made since 2 March 2026, and possible for older ones.
const GRANULAR: [&str; 6] = [
    OFFLINE,
    "accounting.invoices",
    "accounting.payments.read",
    "accounting.contacts",
    "accounting.settings.read",
    "accounting.manualjournals.read",
];
/// What apps made before that may still ask for; Xero ends it in September 2027.
const LEGACY: [&str; 4] = [
    OFFLINE,
    "accounting.transactions",
    "accounting.contacts",
    "accounting.settings.read",
];
/// Needed for a refresh token.
const OFFLINE: &str = "offline_access";
/// Longest name of a scope in characters; Xero's longest has 40.
const NAME_MAX_CHARS: usize = 64;
/// Most scopes of one list.
const SCOPES_MAX: usize = 50;

/// Any one of these scopes, or something could not be done.
struct Need {
    any_of: &'static [&'static str],
    without: &'static str,
}

const NEEDS: [Need; 6] = [
    Need {
        any_of: &[OFFLINE],
        without: "Xero gives no refresh token, and the connection would end after 30 minutes",
    },
    Need {
        any_of: &["accounting.invoices", "accounting.transactions"],
        without: "no invoice could be written",
    },
    Need {
        any_of: &[
            "accounting.payments.read",
            "accounting.payments",
            "accounting.transactions",
        ],
        without: "no payment would come back",
    },
    Need {
        any_of: &["accounting.contacts"],
        without: "customers and suppliers could not be found or made",
    },
    Need {
        any_of: &["accounting.settings.read", "accounting.settings"],
        without: "accounts, tax rates and the organisation itself could not be read",
    },
    Need {
        any_of: &[
            "accounting.manualjournals.read",
            "accounting.manualjournals",
            "accounting.transactions",
        ],
        without: "manual journals could not be read",
    },
];

/// Scopes that are known to be enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeSet {
    /// For apps made since 2 March 2026.
    Granular,
    /// For older apps.
    Legacy,
    /// Named one by one.
    List(Vec<String>),
}

/// Why scopes are not taken; says so in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadScopes {
    /// No preset has this name.
    UnknownPreset(String),
    /// There is none.
    Empty,
    /// There are too many.
    TooMany,
    /// This cannot be the name of a scope.
    Unreadable(String),
    /// None of these is there.
    Missing {
        /// Any of them would do; the first asks for least.
        any_of: &'static [&'static str],
        /// What could not be done.
        without: &'static str,
    },
}

impl fmt::Display for BadScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPreset(word) => write!(f, "`{word}` is neither granular, nor legacy, nor a list of scopes"),
            Self::Empty => f.write_str("the list holds no scope"),
            Self::TooMany => write!(f, "the list holds more than {SCOPES_MAX} scopes"),
            Self::Unreadable(name) => write!(f, "`{name}` cannot be the name of a scope"),
            Self::Missing { any_of, without } => {
                write!(f, "without {} {without}", any_of.join(" or "))
            }
        }
    }
}

impl ScopeSet {
    /// The set of this name.
    ///
    /// # Errors
    /// There is no such preset.
    pub fn preset(word: &str) -> Result<Self, BadScopes> {
        match word {
            "granular" => Ok(Self::Granular),
            "legacy" => Ok(Self::Legacy),
            other => Err(BadScopes::UnknownPreset(other.chars().take(NAME_MAX_CHARS).collect())),
        }
    }

    /// These scopes, if they are enough for everything that is done with a connection.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn list(names: Vec<String>) -> Result<Self, BadScopes> {
        if names.is_empty() {
            return Err(BadScopes::Empty);
        }
        if names.len() > SCOPES_MAX {
            return Err(BadScopes::TooMany);
        }
        let is_name = |name: &str| {
            (1..=NAME_MAX_CHARS).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte))
        };
        if let Some(bad) = names.iter().find(|name| !is_name(name)) {
            return Err(BadScopes::Unreadable(bad.chars().take(NAME_MAX_CHARS).collect()));
        }
        let has = |wanted: &&str| names.iter().any(|name| name == wanted);
        if let Some(need) = NEEDS.iter().find(|need| !need.any_of.iter().any(has)) {
            return Err(BadScopes::Missing {
                any_of: need.any_of,
                without: need.without,
            });
        }
        Ok(Self::List(names))
    }

    /// Each of them.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Granular => GRANULAR.to_vec(),
            Self::Legacy => LEGACY.to_vec(),
            Self::List(names) => names.iter().map(String::as_str).collect(),
        }
    }

    /// Separated by spaces, as a consent is asked for them.
    #[must_use]
    pub fn for_consent(&self) -> String {
        self.names().join(" ")
    }

    /// Separated by spaces, as a custom connection asks for them: it has no refresh token.
    #[must_use]
    pub fn for_custom(&self) -> String {
        let mut names = self.names();
        names.retain(|name| *name != OFFLINE);
        names.join(" ")
    }

    /// As it is written in the configuration.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Granular => "granular".to_owned(),
            Self::Legacy => "legacy".to_owned(),
            Self::List(names) => names.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadScopes, ScopeSet};

    fn list(text: &str) -> Result<ScopeSet, BadScopes> {
        ScopeSet::list(text.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn both_presets_are_enough() {
        for preset in ["granular", "legacy"] {
            let set = ScopeSet::preset(preset).unwrap();
            assert_eq!(set.shown(), preset);
            assert!(list(&set.for_consent()).is_ok(), "{preset}");
            assert!(set.for_consent().contains("offline_access"));
            assert!(!set.for_custom().contains("offline_access"));
        }
    }

    #[test]
    fn ux_20_scopes_that_are_not_enough_are_refused_with_what_could_not_be_done() {
        let all = ScopeSet::Granular.for_consent();
        let cases = [
            ("offline_access", "no refresh token"),
            ("accounting.invoices", "no invoice could be written"),
            ("accounting.payments.read", "no payment would come back"),
            ("accounting.contacts", "customers and suppliers"),
            ("accounting.settings.read", "accounts, tax rates"),
            ("accounting.manualjournals.read", "manual journals"),
        ];
        for (missing, words) in cases {
            let rest: Vec<&str> = all.split(' ').filter(|name| *name != missing).collect();
            let refused = list(&rest.join(" ")).unwrap_err().to_string();
            assert!(refused.contains(missing) && refused.contains(words), "{refused}");
        }
    }

    #[test]
    fn what_is_no_list_of_scopes_is_refused() {
        assert_eq!(list(""), Err(BadScopes::Empty));
        assert_eq!(list("a%20b"), Err(BadScopes::Unreadable("a%20b".into())));
        assert_eq!(list(&"a ".repeat(51)), Err(BadScopes::TooMany));
        assert_eq!(
            ScopeSet::preset("broad").unwrap_err().to_string(),
            "`broad` is neither granular, nor legacy, nor a list of scopes"
        );
    }
}
