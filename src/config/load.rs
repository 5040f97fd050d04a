//! From files to a [`Config`]: the main file, the files it includes, and what is said outside both.
//!
//! Start at [`Config::load`]. One source is read in `source.rs`; the reading of tables is `table.rs`.

use super::{
    Config, ConfigErrors, FeedSettings, Limits, Secret, Source, Variables,
    files::{File, Problems, matching},
    limits::{self, ORDERED},
    links, overrides,
    secrets::{TOKEN_CHARS_MIN, token_sha256},
    source,
    table::{Context, Found, SECRET, Table},
    webhook,
};
use crate::documents::data_json;
use crate::feedback::FeedbackSettings;
use crate::links::LinkSettings;
use crate::webhooks::Webhook;
use crate::{identity::Thresholds, overrides::Overrides};
use ipnet::IpNet;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use url::Url;

/// What is said outside the files: on the command line and in the environment. It wins over the files.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    pub variables: Variables,
    pub public_url: Option<Url>,
    pub listen: Option<SocketAddr>,
    pub admin_listen: Option<SocketAddr>,
    pub data_dir: Option<PathBuf>,
    /// Where corrections are, of a configuration that is no file.
    pub overrides_dir: Option<PathBuf>,
}

const ADDRESS: &str = "an address with a port, as 127.0.0.1:8080";
const PUBLIC_URL: &str =
    "an absolute http or https address, as https://data.example.org/catalogue/";

const RANGE: &str = "a range of addresses, as 127.0.0.1/32 or 10.1.0.0/16";
const MAIL: &str = "a mail address, as opendata@example.org";

impl Config {
    /// Reads `harvestd.toml` and everything it includes, `${NAME}` from the environment.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        Self::load_with(path, &Outside::default())
    }

    /// The same with what the command line says. Reads the files anew at each call: a reload is a second call.
    pub fn load_with(path: &Path, outside: &Outside) -> Result<Self, ConfigErrors> {
        Self::load_with_token(path, outside).map(|(config, _)| config)
    }

    /// The same with the admin token itself, for a command that talks to the running daemon.
    pub fn load_with_token(
        path: &Path,
        outside: &Outside,
    ) -> Result<(Self, Option<Secret>), ConfigErrors> {
        let problems = Problems::default();
        match File::read(path, &problems) {
            Some(main) => read(&main, outside, problems, true),
            None => Err(ConfigErrors(problems.take(&[]))),
        }
    }

    /// A configuration that is at hand as text. `name` is for messages and for finding what it includes; a folder of
    /// corrections is looked for only where the text names one.
    pub fn parse(name: &str, text: &str, outside: &Outside) -> Result<Self, ConfigErrors> {
        let main = File {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        read(&main, outside, Problems::default(), false).map(|(config, _)| config)
    }
}

fn read(
    main: &File,
    outside: &Outside,
    problems: Problems,
    on_disk: bool,
) -> Result<(Config, Option<Secret>), ConfigErrors> {
    let (document, whole) = main.parse(&problems);
    let cx = Context {
        file: main,
        problems: &problems,
        variables: &outside.variables,
    };
    let root = Table::new(cx, "", 0, document.get_ref());
    let settings = whole.then(|| daemon_settings(&root, outside));
    let limits = settings.as_ref().map(|s| s.limits.clone());
    let limits = limits.unwrap_or_default();
    let included = included(&root, &problems);
    let mut sources = Sources::default();
    let mut corrections = Overrides::default();
    let (overrides_dir, of_corrections) =
        overrides::folder(&root, outside.overrides_dir.as_deref(), on_disk);
    if whole {
        sources.read(&root, &limits);
        overrides::read(&root, &mut corrections);
    }
    for file in &included {
        let cx = Context { file, ..cx };
        let (document, whole) = file.parse(&problems);
        if whole {
            let root = Table::new(cx, "", 0, document.get_ref());
            sources.read(&root, &limits);
            overrides::read(&root, &mut corrections);
            root.finish();
        }
    }
    let of_corrections: Vec<File> = of_corrections
        .iter()
        .filter_map(|path| File::read(path, &problems))
        .collect();
    for file in &of_corrections {
        overrides::read_file(cx, file, &mut corrections);
    }
    // Last: a webhook may name any source.
    let mut webhooks = Vec::new();
    if whole {
        webhooks = webhook::read(&root, &sources.list);
        root.finish();
    }
    let files: Vec<String> = [main]
        .into_iter()
        .chain(&included)
        .chain(&of_corrections)
        .map(|f| f.name.clone())
        .collect();
    let errors = problems.take(&files);
    let laid = (overrides_dir, corrections);
    match settings.and_then(|settings| settings.config(sources, laid, webhooks)) {
        Some(done) if errors.is_empty() => Ok(done),
        _ => Err(ConfigErrors(errors)),
    }
}

/// What the main file alone says.
struct DaemonSettings {
    public_url: Option<Url>,
    data_dir: PathBuf,
    listen: SocketAddr,
    admin_listen: SocketAddr,
    admin_token: Option<Secret>,
    title: BTreeMap<String, String>,
    contact_email: Option<String>,
    proxies: Vec<IpNet>,
    limits: Limits,
    identity: Thresholds,
    shared: Vec<String>,
    feed: FeedSettings,
    feedback: FeedbackSettings,
    links: LinkSettings,
}

impl DaemonSettings {
    fn config(
        self,
        sources: Sources,
        (overrides_dir, overrides): (PathBuf, Overrides),
        webhooks: Vec<Webhook>,
    ) -> Option<(Config, Option<Secret>)> {
        let config = Config {
            public_url: self.public_url?,
            data_dir: self.data_dir,
            listen: self.listen,
            admin_listen: self.admin_listen,
            admin_token_sha256: self.admin_token.as_ref().map(token_sha256),
            title: self.title,
            contact_email: self.contact_email,
            proxies: self.proxies,
            limits: self.limits,
            identity: self.identity,
            shared: self.shared,
            feed: self.feed,
            feedback: self.feedback,
            links: self.links,
            sources: sources.list,
            overrides_dir,
            overrides: overrides.into(),
            webhooks,
        };
        Some((config, self.admin_token))
    }
}

fn daemon_settings(root: &Table<'_>, outside: &Outside) -> DaemonSettings {
    let public_url = root.parsed("public_url", PUBLIC_URL, public_url);
    let public_url = match &outside.public_url {
        Some(url) => Some(url.clone()),
        None => root
            .required("public_url", public_url, PUBLIC_URL)
            .map(|f| f.value),
    };
    let data_dir = root
        .text("data_dir", "the path of a folder")
        .map(|f| f.value.into());
    let listen = root.parse("listen", ADDRESS).map(|f| f.value);
    let admin_listen = root.parse("admin_listen", ADDRESS).map(|f| f.value);
    let settings = DaemonSettings {
        public_url,
        data_dir: outside
            .data_dir
            .clone()
            .or(data_dir)
            .unwrap_or_else(|| PathBuf::from("data")),
        listen: outside.listen.or(listen).unwrap_or(loopback(8080)),
        admin_listen: outside
            .admin_listen
            .or(admin_listen)
            .unwrap_or(loopback(8081)),
        admin_token: admin_token(root),
        title: title(root).unwrap_or_else(default_title),
        contact_email: root.parsed("contact_email", MAIL, mail).map(|f| f.value),
        proxies: root.list("proxies", RANGE, |text| text.parse().ok()),
        limits: root
            .table("limits")
            .map_or_else(Limits::default, |table| limits_of(&table)),
        identity: root
            .table("identity")
            .map_or_else(Thresholds::default, thresholds),
        shared: shared(root),
        feed: root.table("feed").map_or_else(FeedSettings::default, feed),
        feedback: root
            .table("feedback")
            .map_or_else(FeedbackSettings::default, feedback),
        links: root
            .table("links")
            .map_or_else(LinkSettings::default, links::read),
    };
    listeners(root, outside, &settings);
    settings
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn default_title() -> BTreeMap<String, String> {
    let titles = [
        ("en", "Federated catalogue of open data"),
        ("zh-Hant", "開放資料聯合目錄"),
    ];
    titles
        .map(|(tag, title)| (tag.to_owned(), title.to_owned()))
        .into()
}

/// The base of all our IRIs: it ends with a slash, so that names are appended and not swallowed.
fn public_url(text: &str) -> Result<Url, String> {
    let mut url = source::web_address(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(", with a query or fragment".to_owned());
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// As every interface takes it that gives it on; DCAT-US has the narrowest idea of one.
fn mail(text: &str) -> Result<String, String> {
    match data_json::mailto(text) {
        Some(uri) if uri.len() == text.len() + "mailto:".len() => Ok(text.to_owned()),
        _ => Err(String::new()),
    }
}

fn admin_token(root: &Table<'_>) -> Option<Secret> {
    let Found { value: token, at } = root.secret("admin_token")?;
    if token.literal {
        root.problem(
            at,
            "admin_token",
            "a token in the file itself (not shown)",
            SECRET,
        );
    } else if token.value.0.chars().count() < TOKEN_CHARS_MIN || !token.value.0.is_ascii() {
        let expected = format!(
            "{TOKEN_CHARS_MIN} ASCII characters or more, as `openssl rand -hex 32` gives them"
        );
        root.problem(
            at,
            "admin_token",
            "a token that is short or not ASCII (not shown)",
            expected,
        );
    }
    // Kept though refused: that there is one is no second error.
    Some(token.value)
}

/// Refuses an admin listener that strangers reach without a token of the operator's own, and two listeners in one place.
fn listeners(root: &Table<'_>, outside: &Outside, settings: &DaemonSettings) {
    let admin = settings.admin_listen;
    let place = |key: &str, given: bool| {
        if given {
            root.start
        } else {
            root.place_of(key)
        }
    };
    if !admin.ip().to_canonical().is_loopback() && settings.admin_token.is_none() {
        root.problem(
            place("admin_listen", outside.admin_listen.is_some()),
            "admin_listen",
            format!("{admin}, which others can reach, without admin_token"),
            format!("a loopback address, as 127.0.0.1:8081, or admin_token = {SECRET}"),
        );
    }
    if admin.port() != 0 && admin == settings.listen {
        root.problem(
            place("admin_listen", outside.admin_listen.is_some()),
            "admin_listen",
            format!("{admin}, the same as listen"),
            "an address of its own",
        );
    }
}

/// Titles by language. None: nothing is said.
pub(super) fn title(table: &Table<'_>) -> Option<BTreeMap<String, String>> {
    by_language(table, "title")
}

/// Texts by language tag. None: nothing is said.
pub(super) fn by_language(
    table: &Table<'_>,
    key: &'static str,
) -> Option<BTreeMap<String, String>> {
    let expected = "texts by language, as { zh-Hant = \"氣象\", en = \"Weather\" }";
    let texts = table.texts(key, expected);
    for (tag, text) in &texts {
        if !source::is_language_tag(tag) {
            let found = format!("language tag {tag:?}");
            table.problem(text.at, key, found, source::LANGUAGE);
        }
        if text.value.trim().is_empty() {
            table.problem(text.at, key, "an empty text", "a text");
        }
    }
    let texts: BTreeMap<_, _> = texts
        .into_iter()
        .map(|(tag, text)| (tag, text.value))
        .collect();
    (!texts.is_empty()).then_some(texts)
}

/// The shared vocabularies, each once.
fn shared(root: &Table<'_>) -> Vec<String> {
    let known = format!("{:?}, the one there is", harvestd_vocab::shared::SOURCE);
    let mut names = root.list("shared", &known, |text| {
        (text == harvestd_vocab::shared::SOURCE).then(|| text.to_owned())
    });
    names.dedup();
    names
}

fn thresholds(table: Table<'_>) -> Thresholds {
    let defaults = Thresholds::default();
    // Below a half, nothing speaks for two records being one dataset but a title or an agency.
    let of = |key, default| table.number(key, 0.5..=1.0).unwrap_or(default);
    let thresholds = Thresholds {
        merge_min: of("merge_min", defaults.merge_min),
        list_min: of("list_min", defaults.list_min),
    };
    if thresholds.list_min > thresholds.merge_min {
        table.problem(
            table.place_of("list_min"),
            "list_min",
            thresholds.list_min.to_string(),
            format!("no more than merge_min, which is {}", thresholds.merge_min),
        );
    }
    table.finish();
    thresholds
}

fn feed(table: Table<'_>) -> FeedSettings {
    let keep_days = table.whole("keep_days", 1..=36_500);
    table.finish();
    FeedSettings {
        keep_days: keep_days.and_then(|days| u64::try_from(days).ok()),
    }
}

fn feedback(table: Table<'_>) -> FeedbackSettings {
    let open = table.boolean("open").unwrap_or_default();
    table.finish();
    FeedbackSettings { open }
}

fn limits_of(table: &Table<'_>) -> Limits {
    let limits: Limits = over_defaults(table, &Limits::default(), "");
    in_order(table, &limits, "");
    limits
}

/// `defaults` with what a table of limits says. `name` is the table's name under `[limits]`, with a dot.
pub(super) fn over_defaults<T>(table: &Table<'_>, defaults: &T, name: &str) -> T
where
    T: Clone + serde::Serialize + serde::de::DeserializeOwned,
{
    let Ok(mut value) = serde_json::to_value(defaults) else {
        return defaults.clone();
    };
    table.over(&mut value, &limits::range, name);
    serde_json::from_value(value).unwrap_or_else(|_| defaults.clone())
}

/// Refuses limits that contradict each other.
pub(super) fn in_order(table: &Table<'_>, limits: &impl serde::Serialize, name: &str) {
    let Ok(value) = serde_json::to_value(limits) else {
        return;
    };
    let of = |limit: &str| {
        let path = limit.strip_prefix(name)?;
        value
            .pointer(&format!("/{}", path.replace('.', "/")))?
            .as_u64()
    };
    for (small, large) in ORDERED {
        if let (Some(a), Some(b)) = (of(small), of(large))
            && a > b
        {
            let (small, large) = (
                small.trim_start_matches(name),
                large.trim_start_matches(name),
            );
            let at = table.place_in(small).or_else(|| table.place_in(large));
            table.problem(
                at.unwrap_or(table.start),
                small,
                a.to_string(),
                format!("no more than {large}, which is {b}"),
            );
        }
    }
}

/// The files that `include` names, in the order of the list and of their names.
fn included(root: &Table<'_>, problems: &Problems) -> Vec<File> {
    let expected = "the path of a file, or of files as sources/*.toml";
    let patterns = root.list("include", expected, |text| {
        let (dir, name) = text.rsplit_once('/').unwrap_or(("", text));
        (!name.is_empty() && !dir.contains('*')).then(|| text.to_owned())
    });
    let mut paths: Vec<PathBuf> = Vec::new();
    for pattern in patterns {
        match matching(&root.cx.file.beside(&pattern)) {
            Ok(found) => paths.extend(found),
            Err(e) => {
                let found = format!("{pattern:?}: {e}");
                root.problem(root.place_of("include"), "include", found, expected);
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    paths
        .iter()
        .filter_map(|path| File::read(path, problems))
        .collect()
}

/// The sources of all files, and where the id of each stands.
#[derive(Default)]
struct Sources {
    list: Vec<Source>,
    ids: BTreeMap<String, String>,
}

impl Sources {
    fn read(&mut self, root: &Table<'_>, limits: &Limits) {
        for table in root.tables("source") {
            let (id, source) = source::read(&table, limits);
            if let Some(id) = &id {
                self.remember(&table, id);
            }
            self.list.extend(source);
            table.finish();
        }
    }

    /// Refuses an id that is taken, naming the place that has it.
    fn remember(&mut self, table: &Table<'_>, id: &Found<String>) {
        let file = table.cx.file;
        match self.ids.get(&id.value) {
            Some(first) => {
                let found = format!("{:?}, which {first} has already", id.value);
                table.problem(id.at, "id", found, "an id of its own");
            }
            None => {
                let (line, column) = file.place(id.at);
                let at = format!("{}:{line}:{column}", file.name);
                self.ids.insert(id.value.clone(), at);
            }
        }
    }
}
