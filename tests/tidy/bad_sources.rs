//! The rules see what they are for: bad sources are found, good ones are not.

use crate::imports::Tables;
use crate::source::{Source, tokens};
use crate::{imports, limits, pages, switches, words};

const TABLES: &str = "
| Module | May import | Must not know |
| --- | --- | --- |
| `model` | nothing | anything |
| `engine` | `model` | async |
| `store` | `model` | actors |
| `observe` | `model`, `engine::{effect, status}` | actors |
| `app` | `all` | – |

| Package | Only in |
| --- | --- |
| `sled` | `store` |
";

#[track_caller]
fn imports_of(path: &str, text: &str, expected: &[&str]) {
    let found = Tables::read(TABLES).breaches(&Source::new(path, text));
    assert_eq!(found, expected);
}

#[test]
fn an_import_upward_is_found() {
    imports_of(
        "src/model/ids.rs",
        "use crate::engine::tenant;\n",
        &["src/model/ids.rs:1: `model` may not import `engine::tenant`"],
    );
}

#[test]
fn an_allowed_import_is_not_found() {
    imports_of(
        "src/engine/push.rs",
        "use crate::model::ids::TenantId;\nfn f() { crate::engine::x() }",
        &[],
    );
}

#[test]
fn a_path_in_an_expression_is_an_import() {
    imports_of(
        "src/store/db.rs",
        "fn f() {\n    crate::actors::control::go();\n}",
        &["src/store/db.rs:2: `store` may not import `actors::control::go`"],
    );
}

#[test]
fn a_group_is_spread_out() {
    imports_of(
        "src/observe/board.rs",
        "use crate::{\n    model::{ids, time::{self, Now}},\n    engine::{effect::Notice, status, tenant as other},\n};",
        &["src/observe/board.rs:1: `observe` may not import `engine::tenant`"],
    );
}

#[test]
fn a_whole_module_is_more_than_a_part_of_it() {
    imports_of(
        "src/observe/board.rs",
        "use crate::engine;\nuse crate::engine::*;\n",
        &[
            "src/observe/board.rs:1: `observe` may not import `engine`",
            "src/observe/board.rs:2: `observe` may not import `engine`",
        ],
    );
}

#[test]
fn super_is_followed_out_of_the_module() {
    imports_of(
        "src/store/journal/frame.rs",
        "use super::reader;\nuse super::super::super::engine::event;\nmod tests { use super::*; use super::super::super::super::actors; }",
        &[
            "src/store/journal/frame.rs:2: `store` may not import `engine::event`",
            "src/store/journal/frame.rs:3: `store` may not import `actors`",
        ],
    );
}

#[test]
fn the_crate_root_is_no_way_around() {
    imports_of(
        "src/model/ids.rs",
        "use crate::*;",
        &["src/model/ids.rs:1: `model` may not import `the crate root`"],
    );
}

#[test]
fn a_folder_without_a_row_is_found() {
    imports_of(
        "src/plugins/run.rs",
        "",
        &["src/plugins/run.rs: `plugins` has no row in the import table"],
    );
}

#[test]
fn a_package_outside_its_module_is_found() {
    let expected = ["src/app/run.rs:1: only store may name the package `sled`"];
    imports_of("src/app/run.rs", "use sled::Db;", &expected);
    imports_of("src/app/run.rs", "use sled as disk;", &expected);
    imports_of("src/app/run.rs", "type Db = sled::Db;", &expected);
    imports_of("src/store/db.rs", "use sled::Db;", &[]);
    imports_of("src/app/run.rs", "let sled = self.store.sled();", &[]);
}

#[test]
fn comments_and_texts_are_no_imports() {
    imports_of(
        "src/model/ids.rs",
        "// use crate::engine;\n/* crate::engine */\nconst A: &str = \"crate::engine\";\nconst B: &str = r#\"use \"crate::engine\"\"#;\nconst C: char = '\"'; const D: &str = \"\\\"sled::Db\";",
        &[],
    );
}

#[test]
fn a_lifetime_is_no_character() {
    let source = Source::new("src/model/a.rs", "fn f<'a>(x: &'a str) -> &'a str { x } // 'b'");
    assert!(source.code.contains("&'a str { x }"), "{}", source.code);
    assert_eq!(source.prose.len(), 1);
}

#[test]
fn a_long_file_is_found_and_a_test_file_may_be_long() {
    let text = "//\n".repeat(limits::FILE_LINES_MAX + 1);
    let found = limits::breaches(&Source::new("src/store/db.rs", &text));
    assert_eq!(found, ["src/store/db.rs: 401 lines, 400 are allowed"]);
    let fits = "//\n".repeat(limits::FILE_LINES_MAX);
    assert!(limits::breaches(&Source::new("src/store/db.rs", &fits)).is_empty());
    assert!(limits::breaches(&Source::new("src/store/tests.rs", &text)).is_empty());
    assert!(limits::breaches(&Source::new("src/store/tests/keys.rs", &text)).is_empty());
}

#[test]
fn a_long_function_is_found() {
    let body = |lines_count: usize| {
        format!(
            "impl A {{\n    fn long(&self) -> u8 {{\n{}    }}\n    fn short() {{}}\n}}\n",
            "        self.go(|| { 1 });\n".repeat(lines_count)
        )
    };
    let found = limits::breaches(&Source::new("src/store/db.rs", &body(71)));
    assert_eq!(found, ["src/store/db.rs:2: `long` has 71 lines, 70 are allowed"]);
    assert!(limits::breaches(&Source::new("src/store/db.rs", &body(70))).is_empty());
}

#[test]
fn a_function_in_mod_rs_is_found() {
    let found = limits::breaches(&Source::new(
        "src/store/mod.rs",
        "pub mod db;\npub type F = fn(u8) -> u8;\nfn sneaky() {}\n",
    ));
    assert_eq!(found, ["src/store/mod.rs:3: mod.rs holds the function `sneaky`"]);
}

#[test]
fn a_name_without_a_role_is_found() {
    for path in ["src/store/util.rs", "src/helpers/db.rs", "src/xero/misc/a.rs"] {
        assert_eq!(limits::breaches(&Source::new(path, "")).len(), 1, "{path}");
    }
    assert!(limits::breaches(&Source::new("src/store/utility_bills.rs", "")).is_empty());
}

#[test]
fn a_stray_entry_at_the_top_is_found() {
    let entries = ["src", "target", ".ci", "notes.txt"].map(str::to_owned);
    assert_eq!(
        limits::top_level_breaches(&entries, "/target\n"),
        ["notes.txt: may not lie at the top of the repository"]
    );
}

#[track_caller]
fn words_of(path: &str, text: &str, expected_count: usize) {
    let found = words::breaches(&Source::new(path, text));
    assert_eq!(found.len(), expected_count, "{text}: {found:?}");
}

#[test]
fn impure_words_are_found_in_decisions_only() {
    for text in [
        "async fn f() {}",
        "use tokio::time;",
        "tracing::info!(\"x\");",
        "let at = Utc::now();",
        "let at = std::time::Instant::now();",
        "let id = rand::random();",
    ] {
        words_of("src/engine/push.rs", text, 1);
        words_of("src/model/ids.rs", text, 1);
        words_of("src/actors/tenant.rs", text, 0);
    }
    words_of("src/engine/push.rs", "// no async here, no tokio", 0);
    words_of("src/engine/push.rs", "let random = operand;", 0);
}

#[test]
fn switches_out_of_their_place_are_found() {
    for (path, text, expected_count) in [
        ("src/engine/push.rs", "static SEEN: AtomicU64 = AtomicU64::new(0);", 1),
        (
            "src/model/ids.rs",
            "thread_local! { static SEEN: Cell<u64> = Cell::new(0); }",
            2,
        ),
        ("src/engine/push.rs", "fn f(x: &'static str) -> &'static str { x }", 0),
        ("src/store/disk.rs", "static SEEN: AtomicU64 = AtomicU64::new(0);", 0),
        ("src/store/disk.rs", "#[cfg(feature = \"mutations\")]\nfn f() {}", 1),
        ("src/store/disk.rs", "if is_broken(Rule::WriteAhead) {}", 0),
        ("src/store/disk.rs", "let rule = Rule::WriteAhead;", 1),
        ("src/sandbox/gate/fault.rs", "let rule = Rule::new();", 0),
        ("src/sandbox/gate/fault.rs", "if is_broken(rule) {}", 1),
        ("src/store/disk.rs", "with_broken(rule, f);", 1),
        ("src/store/tests/disk.rs", "with_broken(Rule::WriteAhead, f);", 0),
        (
            switches::HOME,
            "thread_local! {}\n#[cfg(feature = \"mutations\")]\nfn f() {}",
            0,
        ),
    ] {
        let found = switches::breaches(&Source::new(path, text));
        assert_eq!(found.len(), expected_count, "{text}: {found:?}");
    }
}

#[test]
fn a_switch_that_nobody_asks_for_is_found() {
    let home = Source::new(
        switches::HOME,
        "rules! {\n    /// One. (1)\n    One,\n    // More.\n    Two,\n}",
    );
    assert_eq!(switches::rules(&home), ["One", "Two"]);
    let asks = Source::new("src/engine/push.rs", "if x && is_broken(Rule::Two) {}");
    let tests = Source::new("src/engine/tests/push.rs", "is_broken(Rule::One)");
    let found = switches::unasked(&home, &[asks, tests]);
    assert_eq!(found, ["src/model/mutation.rs: nobody asks whether One is broken"]);
}

#[test]
fn a_feature_that_turns_the_switches_on_is_found() {
    assert_eq!(switches::feature_breaches("[features]\nmutations = []"), [""; 0]);
    assert_eq!(
        switches::feature_breaches("[features]\ndefault = [\"mutations\"]\nmutations = []"),
        ["Cargo.toml: the feature `default` turns on `mutations`"]
    );
    assert_eq!(
        switches::feature_breaches("[features]"),
        ["Cargo.toml has no feature `mutations`"]
    );
}

#[test]
fn marks_of_unfinished_work_are_found_in_comments_and_texts() {
    // Put together here, so that this file is not itself full of them.
    let todo = ["TO", "DO"].concat();
    let later = ["for", "now"].join(" ");
    words_of("src/store/db.rs", &format!("// {todo}: sync"), 1);
    words_of("src/store/db.rs", &format!("let a = \"{todo}\";"), 1);
    words_of("src/store/db.rs", &format!("/// Good enough {later}."), 1);
    words_of(
        "src/store/db.rs",
        &format!("/// Good enough {}.", later.to_uppercase()),
        1,
    );
    words_of("src/store/db.rs", "// looks for nowhere, mastodon, XXXL", 0);
}

#[test]
fn the_names_of_a_package_are_told_from_fields() {
    let words = tokens("use hyper;\nlet x = a.hyper;\ncrate::hyper::x();\nhyper::body();");
    assert_eq!(imports::named_in(&words, "hyper"), [1, 4]);
}

#[test]
fn a_reason_without_a_page_and_a_page_without_a_reason_are_found() {
    let files = ["docs/how-to/reasons/a.md", "docs/how-to/reasons/c.md"].map(str::to_owned);
    assert_eq!(
        pages::reason_breaches(&["a", "b"], &files),
        [
            "docs/how-to/reasons lacks the reason b",
            "docs/how-to/reasons has the reason c, which the code has not",
        ]
    );
}

#[test]
fn a_metric_that_is_described_otherwise_is_found() {
    let rows = pages::metric_rows();
    let document = rows.join("\n");
    assert!(pages::metric_breaches(&document, &rows).is_empty());
    let changed = document.replace("Automatic retries.", "Retries.");
    assert_eq!(pages::metric_breaches(&changed, &rows).len(), 2);
}

#[test]
fn a_key_that_is_not_shipped_and_one_that_is_not_read_are_found() {
    let shipped = crate::source::read("config/counterfoil.toml");
    let changed = shipped.replace("\nminute = 60", "\nminutes = 60");
    assert_eq!(
        pages::config_breaches(&changed),
        [
            "config/counterfoil.toml lacks the key xero.limits.minute",
            "config/counterfoil.toml has the key xero.limits.minutes, which the code has not",
        ]
    );
    let broken = shipped.replace("# socket = \"", "# socket = ");
    assert_eq!(pages::config_breaches(&broken).len(), 1);
}

#[test]
fn an_invariant_without_its_test_is_found() {
    let code = "#[test]\nfn proof() {}\n#[tokio::test]\nasync fn flow() {}\nfn no_test() {}\n";
    let sources = [Source::new("src/a.rs", code)];
    let table = "| # | Promise | Proven by |\n| --- | --- | --- |\n| 1 | a | `proof`, `flow` |\n";
    let good = format!("{table}\n2. b\n");
    assert!(pages::invariant_breaches(&good, 2, &sources).is_empty());
    let bad = format!("{table}| 2 | b | `no_test` |\n| 3 | c | later |\n1. a again\n");
    assert_eq!(
        pages::invariant_breaches(&bad, 4, &sources),
        [
            "invariant 2 names the test `no_test`, which is nowhere",
            "invariant 3 names no test",
            "invariant 1 must be listed exactly once",
            "invariant 4 must be listed exactly once",
        ]
    );
}

#[test]
fn a_route_or_an_error_that_is_described_otherwise_is_found() {
    let page = crate::source::read("docs/reference/control-api.md");
    assert!(pages::api_breaches(&page).is_empty());
    let scope = ("`/v1/connect:import` | `admin`", "`/v1/connect:import` | `read`");
    let status = ("| 507 | `disk_full`", "| 500 | `disk_full`");
    for (right, wrong) in [scope, status] {
        let changed = page.replace(right, wrong);
        // One is missing and one is too many.
        assert_eq!(pages::api_breaches(&changed).len(), 2, "{wrong}");
    }
    let one_more = format!("{page}\n| `DELETE` | `/v1/tenants` | `admin` | |\n");
    assert_eq!(pages::api_breaches(&one_more).len(), 1);
}

#[test]
fn a_changed_table_of_capabilities_is_found() {
    let page = crate::source::read("docs/reference/sandbox.md");
    assert!(pages::capability_breaches(&page).is_empty());
    for changed in [
        page.replace("| recorded", "| assumed"),
        page.replace("| 36 |", "| 37 |"),
    ] {
        assert_eq!(pages::capability_breaches(&changed).len(), 1);
    }
}

#[test]
fn a_behaviour_without_a_test_of_its_name_is_found() {
    let sources = [Source::new(
        "src/sandbox/tests/a.rs",
        "#[test]\nfn behaviour_1_holds() {}\nfn behaviour_2_is_no_test() {}\n#[test]\nfn behaviour_30_holds() {}\n",
    )];
    let found = pages::behaviour_breaches(&[1, 2, 3, 30], &sources);
    assert_eq!(
        found,
        ["no test is called behaviour_2_…", "no test is called behaviour_3_…"]
    );
}
