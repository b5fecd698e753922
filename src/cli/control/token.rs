//! The token that is shown to the control endpoint.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::trouble::Trouble;
use crate::cli::exit::Exit;
use crate::model::secret::SecretString;

/// Name of the file in the data folder.
const FILE: &str = "admin-token";

/// Where `demo` keeps its data when no folder is named: below `XDG_STATE_HOME`, else below the
/// user's home. `None` = the environment names neither.
#[must_use]
pub fn demo_data_dir(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let named = |name: &str| variables.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")));
    state.map(|state| state.join("counterfoil").join("demo"))
}

/// The token in the file that was named, else in the demo's, if there is one.
///
/// # Errors
/// A file that was named cannot be read or holds no token.
pub fn find(named: Option<&Path>, variables: &BTreeMap<String, String>) -> Result<Option<SecretString>, Trouble> {
    let from_variable = variables
        .get("COUNTERFOIL_TOKEN_FILE")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    if let Some(path) = named.map(Path::to_path_buf).or(from_variable) {
        return read(&path).map(Some);
    }
    let Some(path) = demo_data_dir(variables).map(|folder| folder.join(FILE)) else {
        return Ok(None);
    };
    match read(&path) {
        Ok(token) => Ok(Some(token)),
        Err(_no_demo) => Ok(None),
    }
}

fn read(path: &Path) -> Result<SecretString, Trouble> {
    let trouble = |why: String, exit: Exit| {
        Trouble::new(exit, "token_unreadable", "The token cannot be read")
            .because(why)
            .fix("Name a file you may read with --token-file; the daemon keeps its own in STORE.PATH/admin-token.")
    };
    let text = fs::read_to_string(path).map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::PermissionDenied => Exit::NotPermitted,
            _ => Exit::Usage,
        };
        trouble(format!("{}: {error}", path.display()), exit)
    })?;
    let token = text.trim();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        let why = format!("{} holds no token", path.display());
        return Err(trouble(why, Exit::Usage));
    }
    Ok(SecretString::from(token.to_owned()))
}
