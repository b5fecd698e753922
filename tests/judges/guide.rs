//! The guide for those who test against the sandbox: what it shows in `sh` and in Rust is run as it
//! stands there. Its Python and TypeScript are run by `tests/sdk/run`, with the clients they use.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod example;

const GUIDE: &str = "docs/how-to/test-against-the-sandbox.md";
const PROGRAM: &str = env!("CARGO_BIN_EXE_counterfoil");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All blocks of a language, one after the other.
fn blocks(language: &str) -> String {
    let page = std::fs::read_to_string(root().join(GUIDE)).unwrap();
    let opening = format!("```{language}");
    let mut is_inside = false;
    let mut found = String::new();
    for line in page.lines() {
        if line == opening {
            is_inside = true;
        } else if line.starts_with("```") {
            is_inside = false;
        } else if is_inside {
            found.push_str(line);
            found.push('\n');
        }
    }
    assert!(!found.is_empty(), "{GUIDE} has nothing in {language}");
    found
}

fn has(program: &str) -> bool {
    let run = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

#[test]
fn the_shell_of_the_guide_works_as_it_stands() {
    if let Some(missing) = ["bash", "curl", "jq", "timeout"]
        .into_iter()
        .find(|program| !has(program))
    {
        println!("skipped: no {missing} on this machine");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let folder = Path::new(PROGRAM).parent().unwrap().display();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    // What goes wrong leaves no demo behind.
    let script = format!(
        "trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT\n{}",
        blocks("sh")
    );
    let run = Command::new("timeout")
        .args(["120", "bash", "-euo", "pipefail", "-c", &script])
        .current_dir(place.path())
        .env("PATH", path)
        .env("TMPDIR", place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}\n{said}", String::from_utf8_lossy(&run.stdout));
}

#[test]
fn the_rust_of_the_guide_is_the_test_that_runs_here() {
    let ours = std::fs::read_to_string(root().join("tests/judges/guide/example.rs")).unwrap();
    let (_, ours) = ours.split_once("\n\n").unwrap();
    assert_eq!(blocks("rust"), ours);
}

#[tokio::test]
async fn the_rust_of_the_guide_works() {
    counterfoil::xero::client::install_tls();
    example::a_lost_answer_makes_one_invoice(PROGRAM).await.unwrap();
}
