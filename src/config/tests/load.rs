use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::config::{Config, DEFAULTS, KEYS, Key, LogLevel, Problems};
use crate::model::secret::ExposeSecret;

/// A folder with a private secret file and a configuration that works.
pub(super) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.secret("secret", "s3cr3t-canary\n", 0o600);
        place
    }

    pub(super) fn secret(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Loads `[xero]` with what it needs, then `rest`.
    pub(super) fn load(&self, rest: &str, variables: &[(&str, &str)]) -> Result<Config, Problems> {
        let secret = self.path("secret");
        self.load_text(
            &format!(
                "xero.client_id = \"abc\"\nxero.client_secret_file = {secret:?}\nstore.path = \"/tmp/cf\"\n{rest}"
            ),
            variables,
        )
    }

    pub(super) fn load_text(&self, text: &str, variables: &[(&str, &str)]) -> Result<Config, Problems> {
        let file = self.path("counterfoil.toml");
        fs::write(&file, text).unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&file), variables)
    }

    /// The problems as lines, without the folder's name.
    #[track_caller]
    fn problems(&self, rest: &str, variables: &[(&str, &str)]) -> Vec<String> {
        self.lines(self.load(rest, variables))
    }

    #[track_caller]
    fn lines(&self, loaded: Result<Config, Problems>) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        loaded
            .expect_err("this configuration has problems")
            .to_string()
            .replace(&folder, "")
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

#[test]
fn defaults_and_what_must_be_set_are_enough() {
    let config = Place::new().load("", &[]).unwrap();
    assert_eq!(config.xero.api_url.as_str(), "https://api.xero.com");
    assert_eq!(config.limits.minute.get(), 60);
    assert_eq!(config.limits.day.get(), 5_000);
    assert_eq!(config.control.listen.0.unwrap().port(), 7626);
    assert_eq!(config.store.cache_bytes.get(), 16 << 20);
    assert_eq!(config.sync.batch_max.get(), 50);
    assert_eq!(config.sync.batch_wait.as_millis(), 250);
    assert_eq!(config.sync.retry_delays.map(|delay| delay.as_secs()), [2, 10, 30]);
    assert_eq!(config.sync.grace_period.as_secs(), 14 * 86_400);
    assert_eq!(config.events.keep.as_secs(), 30 * 86_400);
    assert_eq!(
        config.secrets.client_secret.as_ref().unwrap().expose_secret(),
        "s3cr3t-canary"
    );
    assert!(config.secrets.store_key.is_none());
    assert!(!format!("{config:?}").contains("s3cr3t-canary"));
}

#[test]
fn a_variable_goes_before_the_file_and_the_file_before_the_defaults() {
    let config = Place::new()
        .load(
            "sync.batch_max = 20\nlog.level = \"warn\"\n",
            &[
                ("COUNTERFOIL__LOG__LEVEL", "debug"),
                ("COUNTERFOIL__XERO__LIMITS__MINUTE", "30"),
                ("COUNTERFOIL__CONTROL__HOSTS", "localhost, cf.internal"),
                ("COUNTERFOIL__CONTROL__ALLOW_REMOTE", "true"),
                ("COUNTERFOIL__SYNC__RETRY_DELAYS", "1s,1s,2s"),
                ("COUNTERFOIL__STORE__CACHE_BYTES", "32 MiB"),
                ("COUNTERFOIL__STORE__PATH", ""),
                ("COUNTERFOIL_TOKEN", "not ours"),
                ("HOME", "/"),
            ],
        )
        .unwrap();
    assert_eq!(config.sync.batch_max.get(), 20);
    assert_eq!(config.log.level, LogLevel::Debug);
    assert_eq!(config.limits.minute.get(), 30);
    assert_eq!(config.control.hosts, ["localhost", "cf.internal"]);
    assert!(config.control.allow_remote);
    assert_eq!(config.sync.retry_delays.map(|delay| delay.as_secs()), [1, 1, 2]);
    assert_eq!(config.store.cache_bytes.get(), 32 << 20);
    assert_eq!(config.store.path, PathBuf::from("/tmp/cf"), "empty = unset");
}

/// What is written, and what is said about it.
const MISFITS: &[(&str, &str)] = &[
    (
        "sync.batch_max = 0",
        "sync.batch_max: is 0. It must be a whole number from 1 to 50.",
    ),
    (
        "public.listen = \"127.0.0.1:7628\"",
        "public.webhook_key_files: is empty, and so is public.webhook_credentials. Put the webhooks key of Xero's developer portal into a file that only its owner may read, and name it; or set public.listen to \"off\".",
    ),
    (
        "public.webhook_key_files = \"/etc/key\"",
        "public.webhook_key_files: is \"/etc/key\". It must be a list of paths, such as [\"/etc/counterfoil/webhook_key\"].",
    ),
    (
        "public.webhook_credentials = [\"../key\"]",
        "public.webhook_credentials: is a list that does not fit. It must be a list of names of systemd credentials (letters, digits, _ - .).",
    ),
    (
        "public.silent_after = \"999ms\"",
        "public.silent_after: is shorter than a second. Write a time in which a webhook comes at the latest, such as \"30m\".",
    ),
    (
        "pull.invoices_every = \"500ms\"",
        "pull.invoices_every: is shorter than a second. Write at least 1s: each reading costs one of the 5,000 calls of a day.",
    ),
    (
        "sync.batch_max = 51",
        "sync.batch_max: is 51. It must be a whole number from 1 to 50.",
    ),
    (
        "sync.batch_max = \"5\"",
        "sync.batch_max: is \"5\". It must be a whole number from 1 to 50.",
    ),
    (
        "xero.limits.minute = 0",
        "xero.limits.minute: is 0. It must be a whole number from 1 to 60.",
    ),
    (
        "xero.limits.minute = 61",
        "xero.limits.minute: is 61. It must be a whole number from 1 to 60.",
    ),
    (
        "xero.limits.minute = -1",
        "xero.limits.minute: is -1. It must be a whole number from 1 to 60.",
    ),
    (
        "xero.limits.day = 1.5",
        "xero.limits.day: is 1.5. It must be a whole number from 1 to 5000.",
    ),
    (
        "control.listen = 5",
        "control.listen: is 5. It must be an address with its port, such as \"127.0.0.1:7626\", or \"off\".",
    ),
    (
        "control.hosts = \"localhost\"",
        "control.hosts: is \"localhost\". It must be a list of texts, such as [\"localhost\"].",
    ),
    (
        "control.hosts = [\"\"]",
        "control.hosts: is a list that does not fit. It must be a list of texts, such as [\"localhost\"].",
    ),
    (
        "control.allow_remote = \"yes\"",
        "control.allow_remote: is \"yes\". It must be true or false.",
    ),
    (
        "control.listen = \"0.0.0.0:7626\"",
        "control.listen: is 0.0.0.0:7626, which other machines reach, and control.allow_remote is false. Listen on 127.0.0.1 and let a TLS proxy on this machine forward to it.",
    ),
    (
        "control.listen = \"0.0.0.0:7626\"\ncontrol.allow_remote = true",
        "control.listen: is 0.0.0.0:7626, which other machines reach, and that needs TLS, which this version does not have. Listen on 127.0.0.1 and let a TLS proxy on this machine forward to it.",
    ),
    (
        "control.listen = \"off\"",
        "control.listen: is off, and control.socket is not set. Set one of the two, or nobody can reach the daemon.",
    ),
    (
        "events.keep = 30",
        "events.keep: is 30. It must be a duration with its unit, such as \"5m\" or \"250ms\".",
    ),
    (
        "events.keep = \"0s\"",
        "events.keep: is \"0s\". It must be a duration with its unit, such as \"5m\" or \"250ms\".",
    ),
    (
        "sync.retry_delays = [\"2s\"]",
        "sync.retry_delays: is a list that does not fit. It must be three durations, such as [\"2s\", \"10s\", \"30s\"].",
    ),
    (
        "sync.retry_delays = [\"9s\", \"2s\", \"3s\"]",
        "sync.retry_delays: gets shorter. Each delay must be at least as long as the one before it.",
    ),
    (
        "store.cache_bytes = \"64 MB\"",
        "store.cache_bytes: is \"64 MB\". It must be a number of bytes or a size such as \"64 MiB\".",
    ),
    (
        "store.ballast_bytes = \"1 GiB\"",
        "store.ballast_bytes: is more than store.reserve_bytes. Make it smaller: it is freed when even the reserve is used up.",
    ),
    (
        "log.level = \"verbose\"",
        "log.level: is \"verbose\". It must be one of error, warn, info, debug, trace.",
    ),
    (
        "log.format = \"xml\"",
        "log.format: is \"xml\". It must be one of text, json.",
    ),
    (
        "sync.batch_size = 5",
        "sync.batch_size: is not a key. Did you mean sync.batch_max?",
    ),
    (
        "xero.limits.minutes = 5",
        "xero.limits.minutes: is not a key. Did you mean xero.limits.minute?",
    ),
    ("zebra.stripes = 5", "zebra: is not a key. Remove it."),
    (
        "log.level.deep = 1",
        "log.level: is a section. It must be one of error, warn, info, debug, trace.",
    ),
    (
        "xero.credential = \"a\"",
        "xero.credential: is set, and xero.client_secret_file too. Set one of the two.",
    ),
    (
        "store.key_credential = \"../x\"",
        "store.key_credential: is \"../x\". It must be the name of a systemd credential (letters, digits, _ - .).",
    ),
];

#[test]
fn each_value_that_does_not_fit_is_named() {
    let place = Place::new();
    for (rest, expected) in MISFITS {
        let expected = format!("counterfoil.toml: {expected}");
        assert_eq!(place.problems(rest, &[]), [expected], "{rest}");
    }
}

#[test]
fn a_section_is_not_a_value() {
    assert_eq!(
        Place::new().problems("events = 5", &[]),
        [
            "counterfoil.toml: events: is a single value. It is a section: write [events] and its keys below.",
            "counterfoil.toml: events.keep: is not set. Set it in [events], or as the variable COUNTERFOIL__EVENTS__KEEP.",
        ]
    );
}

#[test]
fn addresses_of_servers_are_checked() {
    let place = Place::new();
    let good = [
        "https://api.xero.com",
        "https://api.xero.com/",
        "http://127.0.0.1:7627",
        "http://localhost:1",
        "http://[::1]:7627",
        "https://xero.example:8443",
    ];
    for url in good {
        let config = place.load(&format!("xero.api_url = \"{url}\""), &[]).unwrap();
        assert_eq!(config.xero.api_url.as_str(), url.trim_end_matches('/'));
    }
    let bad = [
        "",
        "api.xero.com",
        "ftp://api.xero.com",
        "http://api.xero.com",
        "https://",
        "https://api.xero.com/path",
        "https://user:pw@api.xero.com",
        "https://api.xero.com?x=1",
        "https://api.xero.com:99999",
        "https://[::1",
    ];
    for url in bad {
        let problems = place.problems(&format!("xero.api_url = \"{url}\""), &[]);
        assert_eq!(problems.len(), 1, "{url}: {problems:?}");
        assert!(problems[0].contains("xero.api_url"), "{problems:?}");
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let place = Place::new();
    let loaded = place.load_text(
        "[xero]\nclient_secret_file = \"/nowhere/at/all\"\n[sync]\nbatch_max = 99\ntypo = 1\n[log]\nlevel = \"loud\"\n",
        &[
            ("COUNTERFOIL__EVENTS__KEEP", "soon"),
            ("COUNTERFOIL__LOG__LEVLE", "info"),
            ("COUNTERFOIL_STORE_PATH", "/data"),
        ],
    );
    assert_eq!(
        place.lines(loaded),
        [
            "counterfoil.toml: log.level: is \"loud\". It must be one of error, warn, info, debug, trace.",
            "counterfoil.toml: sync.batch_max: is 99. It must be a whole number from 1 to 50.",
            "counterfoil.toml: sync.typo: is not a key. Remove it.",
            "counterfoil.toml: xero.client_id: is not set. Set it in [xero], or as the variable COUNTERFOIL__XERO__CLIENT_ID.",
            "counterfoil.toml: xero.client_secret_file: names /nowhere/at/all, which cannot be read: No such file or directory (os error 2). Check the path and that the daemon's user may read it.",
            "variable COUNTERFOIL_STORE_PATH: store.path: is not read: a section and its key are separated by two underscores. Name it COUNTERFOIL__STORE__PATH.",
            "variable COUNTERFOIL__EVENTS__KEEP: events.keep: is \"soon\". It must be a duration with its unit, such as \"5m\" or \"250ms\".",
            "variable COUNTERFOIL__LOG__LEVLE: log.levle: is not a key. Did you mean log.level?",
        ]
    );
}

#[test]
fn a_missing_file_and_broken_toml_are_told() {
    let place = Place::new();
    let missing = Config::load(Some(&place.path("none.toml")), []);
    assert!(place.lines(missing)[0].starts_with("none.toml: cannot be read: No such file"));
    let broken = place.lines(place.load_text("[xero]\nclient_id = hunter2\n", &[]));
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(broken[0].contains("line 2"), "{broken:?}");
    assert!(
        !broken[0].contains("hunter2"),
        "the line itself is not shown: {broken:?}"
    );
}

#[test]
fn a_secret_file_must_be_private() {
    let place = Place::new();
    for (mode, is_fine) in [
        (0o600, true),
        (0o400, true),
        (0o640, false),
        (0o604, false),
        (0o644, false),
    ] {
        place.secret("secret", "abc", mode);
        let loaded = place.load("", &[]);
        assert_eq!(loaded.is_ok(), is_fine, "{mode:o}");
        if let Err(problems) = loaded {
            assert!(problems.to_string().contains("chmod 600"), "{problems}");
        }
    }
    place.secret("secret", " \n", 0o600);
    assert!(place.problems("", &[])[0].contains("which is empty"));
}

#[test]
fn credentials_are_read_from_systemds_folder() {
    let place = Place::new();
    place.secret("xero_secret", "from-systemd", 0o440);
    let text = "[xero]\nclient_id = \"a\"\ncredential = \"xero_secret\"\n[store]\nkey_credential = \"xero_secret\"\n";
    let folder = place.folder.path().to_string_lossy().into_owned();
    let config = place.load_text(text, &[("CREDENTIALS_DIRECTORY", &folder)]).unwrap();
    assert_eq!(
        config.secrets.client_secret.as_ref().unwrap().expose_secret(),
        "from-systemd"
    );
    assert_eq!(config.secrets.store_key.unwrap().expose_secret(), "from-systemd");
    let without = place.lines(place.load_text(text, &[]));
    assert_eq!(without.len(), 2, "{without:?}");
    assert!(without[0].contains("names the credential xero_secret, but there are none"));
}

#[test]
fn no_key_is_shown_in_a_problem_when_it_could_be_a_secret() {
    let problems = Place::new().problems("xero.client_secret = \"0123456789abcdef0123456789abcdef\"", &[]);
    assert_eq!(
        problems,
        ["counterfoil.toml: xero.client_secret: is not a key. Did you mean xero.client_secret_file?"]
    );
}

/// Also the part of a shipped file that is commented out: `# key = value`.
pub(super) fn keys_of_the_shipped_file() -> Vec<String> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in DEFAULTS.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((name, _)) = line.split_once(" = ")
            && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            keys.push(format!("{section}.{name}"));
        }
    }
    keys
}

#[test]
fn the_shipped_file_has_every_key_in_order_and_no_other() {
    let expected: Vec<String> = KEYS.iter().copied().flatten().map(Key::path).collect();
    assert_eq!(keys_of_the_shipped_file(), expected);
}

#[test]
fn the_shipped_file_alone_lacks_only_what_nobody_can_know() {
    let problems = Config::load(None, []).unwrap_err();
    let keys: Vec<&str> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["xero.client_id", "xero.client_secret_file"]);
}

#[test]
fn every_shown_value_reads_back() {
    let place = Place::new();
    let config = place.load("", &[]).unwrap();
    let variables: Vec<(String, String)> = config
        .shown()
        .into_iter()
        .filter(|(_, text)| text != "not set")
        .map(|(key, text)| (key.variable(), text))
        .collect();
    assert_eq!(Config::load(None, variables).unwrap(), config);
}

#[test]
fn rules_between_keys_speak_up_beside_a_bad_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counterfoil.toml");
    let text = "[xero]\nclient_id = 5\n[control]\nlisten = \"0.0.0.0:7626\"\nconnections_max = 0\n[store]\npath = \"data\"\nreserve_bytes = true\n";
    std::fs::write(&file, text).unwrap();
    let problems = Config::load(Some(&file), []).unwrap_err();
    let keys: Vec<&str> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    let wanted = [
        "control.connections_max",
        "control.listen",
        "store.path",
        "store.reserve_bytes",
        "xero.client_id",
        "xero.client_secret_file",
    ];
    assert_eq!(keys, wanted);
}

#[test]
fn where_people_come_back_to_is_https_or_this_machine_and_ends_in_the_callback() {
    let place = Place::new();
    for good in [
        "https://sync.example.com/xero/callback",
        "https://sync.example.com:8443/books/xero/callback",
        "http://localhost:7626/xero/callback",
        "http://127.0.0.1:7626/xero/callback",
    ] {
        let config = place.load(&format!("xero.redirect_uri = {good:?}\n"), &[]).unwrap();
        assert_eq!(config.xero.redirect_uri.unwrap().as_str(), good);
    }
    for bad in [
        "http://sync.example.com/xero/callback",
        "https://sync.example.com/",
        "https://sync.example.com/xero/callback?x=1",
        "https://sync.example.com/xero/callback#x",
        "https://user@sync.example.com/xero/callback",
        "ftp://sync.example.com/xero/callback",
        "/xero/callback",
        "",
    ] {
        let lines = place.problems(&format!("xero.redirect_uri = {bad:?}\n"), &[]);
        assert!(
            lines.len() == 1 && lines[0].contains("xero.redirect_uri"),
            "{bad}: {lines:?}"
        );
    }
}

#[test]
fn scopes_are_a_preset_or_a_list_that_is_enough() {
    let place = Place::new();
    let shown = |rest: &str| place.load(rest, &[]).map(|config| config.xero.scopes.shown());
    assert_eq!(shown("").unwrap(), "granular");
    assert_eq!(shown("xero.scopes = \"legacy\"\n").unwrap(), "legacy");
    let list = r#"["offline_access", "accounting.transactions", "accounting.contacts", "accounting.settings"]"#;
    assert!(
        shown(&format!("xero.scopes = {list}\n"))
            .unwrap()
            .contains("accounting.settings")
    );
    let lines = place.problems("xero.scopes = [\"accounting.invoices\"]\n", &[]);
    assert!(
        lines[0].contains("without offline_access Xero gives no refresh token"),
        "{lines:?}"
    );
    let lines = place.problems("xero.scopes = \"broad\"\n", &[]);
    assert!(lines[0].contains("neither granular, nor legacy"), "{lines:?}");
}

#[test]
fn an_app_of_the_type_pkce_has_no_secret_and_all_others_one() {
    let place = Place::new();
    let base = "xero.client_id = \"abc\"\nstore.path = \"/tmp/cf\"\n";
    let config = place
        .load_text(&format!("{base}xero.app_type = \"pkce\"\n"), &[])
        .unwrap();
    assert!(config.secrets.client_secret.is_none());
    let lines = place.problems("xero.app_type = \"pkce\"\n", &[]);
    assert!(lines[0].contains("such an app has no client secret"), "{lines:?}");
    for app_type in ["web", "custom"] {
        let lines = place.lines(place.load_text(&format!("{base}xero.app_type = \"{app_type}\"\n"), &[]));
        assert!(lines[0].contains("xero.client_secret_file: is not set"), "{lines:?}");
    }
}
