//! Operations of the published files, and the schemas of their answers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// The files, and the path below which each one's operations lie.
const FILES: [(&str, &str); 2] = [("xero_accounting.yaml", "/api.xro/2.0"), ("xero-identity.yaml", "")];

/// One published file.
pub struct Document {
    /// What it says.
    pub root: Value,
    operations: Vec<Operation>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

struct Operation {
    method: String,
    segments: Vec<String>,
    answers: Value,
}

/// The schema of one answer.
pub struct Described<'a> {
    /// Where it comes from.
    pub document: &'a Document,
    /// The schema, often a reference.
    pub schema: &'a Value,
}

/// The folder of other people's files: `COUNTERFOIL_SHARED`, or `shared` beside the repository or
/// one of the folders it lies in.
pub fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("COUNTERFOIL_SHARED").map(PathBuf::from);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = here.ancestors().skip(1).map(|up| up.join("shared"));
    named
        .into_iter()
        .chain(beside)
        .find(|folder| folder.join("xero").is_dir())
}

/// The published files, read once; none when they are not there.
pub fn documents() -> Option<&'static [Document]> {
    static DOCUMENTS: OnceLock<Option<Vec<Document>>> = OnceLock::new();
    let documents = DOCUMENTS.get_or_init(|| {
        let Some(folder) = shared() else {
            eprintln!("not judged by Xero's own description of its API: it is not on this machine");
            return None;
        };
        let read = |(name, base): &(&str, &str)| {
            let text = std::fs::read_to_string(folder.join("xero/openapi").join(name)).expect("the published file");
            Document::read(&text, base)
        };
        Some(FILES.iter().map(read).collect())
    });
    documents.as_deref()
}

/// Finds the schema of an answer; `None` when the files do not describe it.
pub fn described(documents: &'static [Document], method: &str, path: &str, status: u16) -> Option<Described<'static>> {
    documents.iter().find_map(|document| {
        let schema = document.answer(method, path, status)?;
        Some(Described { document, schema })
    })
}

impl Document {
    fn read(text: &str, base: &str) -> Self {
        let root: Value = serde_yaml_ng::from_str(text).expect("the published file is YAML");
        let mut operations = Vec::new();
        for (path, methods) in root["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                operations.push(Operation {
                    method: method.to_uppercase(),
                    segments: segments(&format!("{base}{path}")),
                    answers: operation["responses"].clone(),
                });
            }
        }
        // A path with fewer parameters is meant before one with more.
        operations.sort_by_key(|operation| operation.segments.iter().filter(|part| is_parameter(part)).count());
        Self {
            root,
            operations,
            validators: Mutex::default(),
        }
    }

    /// What a reference points at, and the name of the type; other schemas stand for themselves.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
        let Some(reference) = schema["$ref"].as_str() else {
            return (schema, None);
        };
        let pointer = reference.trim_start_matches('#');
        let found = self.root.pointer(pointer).expect("a reference within the file");
        let name = reference.rsplit('/').next();
        let (found, deeper) = self.resolve(found);
        (found, deeper.or(name))
    }

    fn answer(&self, method: &str, path: &str, status: u16) -> Option<&Value> {
        let asked = segments(path);
        let operation = self
            .operations
            .iter()
            .find(|operation| operation.method == method && operation.is_at(&asked))?;
        let answer = &operation.answers[status.to_string()];
        let (answer, _) = self.resolve(answer);
        let schema = &answer["content"]["application/json"]["schema"];
        if !schema.is_null() {
            return Some(schema);
        }
        // The file describes refusals of some operations only; they look the same everywhere.
        (status == 400)
            .then(|| {
                self.root
                    .pointer("/components/responses/400Error/content/application~1json/schema")
            })
            .flatten()
    }

    /// The compiled schema.
    pub fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let compiled = validators.entry(schema.to_string()).or_insert_with(|| {
            let whole = json!({"allOf": [schema], "components": {"schemas": self.root["components"]["schemas"]}});
            // Formats are judged by `keys`: the dates of the files are not the dates that Xero sends.
            let options = jsonschema::options().with_draft(Draft::Draft4);
            Arc::new(options.should_validate_formats(false).build(&whole).expect("a schema"))
        });
        Arc::clone(compiled)
    }
}

impl Operation {
    fn is_at(&self, asked: &[String]) -> bool {
        self.segments.len() == asked.len()
            && self
                .segments
                .iter()
                .zip(asked)
                .all(|(own, asked)| is_parameter(own) || own.eq_ignore_ascii_case(asked))
    }
}

fn segments(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}
