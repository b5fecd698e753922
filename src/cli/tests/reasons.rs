use std::collections::BTreeSet;

use crate::cli::exit::Exit;
use crate::cli::explain::{Explanation, explain, overview, page, refusal};
use crate::model::problem::ProblemCode;
use crate::model::reason::ReasonCode;

#[test]
fn every_reason_is_explained_under_its_title_and_code() {
    for reason in ReasonCode::ALL {
        let Explanation::Page(text) = explain(reason.code()) else {
            panic!("{} is not explained", reason.code());
        };
        assert_eq!(text, page(*reason));
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(format!("# {}", reason.title()).as_str()));
        assert!(text.contains(&format!("\nCode: `{}`\n", reason.code())));
        assert!(overview().contains(&format!("{} ", reason.code())));
    }
}

#[test]
fn a_mistyped_code_is_answered_with_the_one_meant() {
    let rows = [
        ("period-locked", None),
        (" Period Locked ", None),
        ("perod_locked", Some("period_locked")),
        ("unmapped_nominal", Some("unmapped_nominal_code")),
        ("contact_colision", Some("contact_collision")),
    ];
    for (code, meant) in rows {
        match (explain(code), meant) {
            (Explanation::Page(text), None) => assert!(text.starts_with("# Period is locked")),
            (explanation, meant) => {
                assert_eq!(explanation, Explanation::Unknown { meant }, "{code}")
            }
        }
    }
    assert_eq!(explain("weather"), Explanation::Unknown { meant: None });
}

#[test]
fn what_the_sandbox_can_do_is_told_without_a_daemon() {
    use super::daemon::alone;
    use crate::sandbox::capabilities::CAPABILITIES;

    let text = alone(&["sandbox", "capabilities"]);
    assert_eq!(text.code, 0, "{}", text.err);
    assert!(
        text.out
            .starts_with(" 1  Consent and tokens\n  Simulated   A consent page"),
        "{}",
        text.out
    );
    assert!(text.out.lines().all(|line| line.chars().count() <= 100), "{}", text.out);
    let json = alone(&["sandbox", "capabilities", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let rows = value["data"].as_array().unwrap();
    assert_eq!(rows.len(), CAPABILITIES.len());
    assert_eq!(rows[35]["title"], "Webhooks");
    assert!(rows[4]["not_simulated"].is_null());
    let lines = alone(&["sandbox", "capabilities", "--jsonl"]);
    assert_eq!(lines.out.lines().count(), 36);
    assert_eq!(alone(&["sandbox", "--port", "0", "capabilities"]).code, 2);
}

#[test]
fn exit_codes_are_the_documented_ones() {
    let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
    assert_eq!(codes, (0..=10).collect::<Vec<u8>>());
    let meanings: BTreeSet<&str> = Exit::ALL.iter().map(|exit| exit.meaning()).collect();
    assert_eq!(meanings.len(), Exit::ALL.len());
}

#[test]
fn every_command_can_be_typed_without_ambiguity() {
    use clap::CommandFactory;
    crate::cli::args::Cli::command().debug_assert();
}

#[test]
fn every_refusal_of_the_api_is_explained_and_names_no_path_to_somebody_who_types() {
    for problem in ProblemCode::ALL.iter().copied() {
        // A reason of the same name has a page.
        if ReasonCode::from_code(problem.code()).is_none() {
            assert_eq!(explain(problem.code()), Explanation::Problem(problem));
        }
        let text = refusal(problem);
        for part in [problem.title(), problem.code()] {
            assert!(text.contains(part), "{part} in {text}");
        }
        for word in ["/v1/", "GET ", "PUT ", "POST ", "Bearer"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert!(overview().contains(problem.code()), "{}", problem.code());
    }
    let Explanation::Unknown { meant } = explain("invoice_not_fond") else {
        panic!("it is known")
    };
    assert_eq!(meant, Some("invoice_not_found"));
}
