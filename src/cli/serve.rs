//! `serve` and `demo`: the daemon with its doors, until it is told to stop. [`House::start`] is also how a command works
//! on a data directory that no daemon has: a daemon without a schedule, for the length of one command.

use super::{
    args,
    configured::{DemoNote, start},
    exit::Exit,
    out,
};
use crate::config::{
    ADMIN_TOKEN, Config, ConfigErrors, Outside, Secret, admin_token_in, token_sha256,
};
use crate::daemon::{Daemon, OpenError, Purpose};
use crate::demo;
use crate::feed_cache;
use crate::figures;
use crate::lock::LockError;
use crate::network::local::Local;
use crate::serve::pool::{Pool, PoolOptions};
use crate::serve::{self, Leftover, ListenLimits, admin_router};
use metrics_exporter_prometheus::PrometheusHandle;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Why there is no daemon.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("listening on {0}: {1}: choose another with {2}")]
    Listen(SocketAddr, std::io::Error, &'static str),
    #[error("{0}: {1}")]
    Io(&'static str, std::io::Error),
    #[error("metrics: {0}")]
    Metrics(String),
    #[error(
        "this process may open {0} files, and {DESCRIPTORS_MIN} are the least that the store and the doors need: raise it (`ulimit -n 4096`, or LimitNOFILE= of systemd)"
    )]
    Descriptors(u64),
}

/// Descriptors without which nothing is begun: an answer that breaks off halfway for want of one helps nobody.
const DESCRIPTORS_MIN: u64 = 512;

/// Takes all descriptors that this process may have, and refuses where they are too few.
fn descriptors() -> Result<(), StartError> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // What may not be raised stays as it is.
    let _ = setrlimit(Resource::Nofile, limit);
    match getrlimit(Resource::Nofile).current {
        Some(few) if few < DESCRIPTORS_MIN => Err(StartError::Descriptors(few)),
        _ => Ok(()),
    }
}

impl StartError {
    pub fn exit(&self) -> Exit {
        match self {
            Self::Open(OpenError::Lock(LockError::Held { .. })) => Exit::Locked,
            Self::Open(OpenError::Store(error)) if error.is_damage() => Exit::Damaged,
            _ => Exit::Failed,
        }
    }
}

/// A daemon with its doors open.
pub struct House {
    pub daemon: Arc<Daemon>,
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    token: Secret,
    stop: CancellationToken,
    /// Ends answers that have no end of their own.
    ending: CancellationToken,
    doors: TaskTracker,
}

/// Every measured duration is kept by itself until it is added to its histogram. Where nobody asks for `/metrics`, this
/// does it; else memory would grow with every request.
async fn add_up(metrics: PrometheusHandle, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        metrics.run_upkeep();
    }
}

impl House {
    /// Opens the doors, then the store. `token` is the configured admin token; one is made where there is none.
    pub async fn start(
        config: Config,
        token: Option<Secret>,
        purpose: Purpose,
    ) -> Result<Self, StartError> {
        let public = public_door(config.listen).await?;
        Self::start_at(public, config, token, purpose).await
    }

    /// The same where the public door is open already.
    async fn start_at(
        public: TcpListener,
        mut config: Config,
        token: Option<Secret>,
        purpose: Purpose,
    ) -> Result<Self, StartError> {
        descriptors()?;
        let admin = TcpListener::bind(config.admin_listen)
            .await
            .map_err(|e| StartError::Listen(config.admin_listen, e, "--admin-listen"))?;
        let address = |l: &TcpListener| l.local_addr().map_err(|e| StartError::Io("listening", e));
        config.listen = address(&public)?;
        config.admin_listen = address(&admin)?;
        let metrics = figures::install().map_err(|e| StartError::Metrics(e.to_string()))?;
        let daemon = {
            let config = config.clone();
            let runtime = tokio::runtime::Handle::current();
            let open = move || {
                let _entered = runtime.enter();
                Daemon::open(config, purpose)
            };
            tokio::task::spawn_blocking(open)
                .await
                .map_err(|e| StartError::Io("opening the store", std::io::Error::other(e)))??
        };
        let token = match token {
            Some(token) => token,
            None => admin_token_in(&config.data_dir)
                .map_err(|e| StartError::Io("keeping the admin token", e))?,
        };
        let program =
            std::env::current_exe().map_err(|e| StartError::Io("finding our own program", e))?;
        let limits = &config.limits;
        let workers = Pool::start(
            PoolOptions::for_queries(program.clone(), &limits.query),
            daemon.published(),
        );
        let readers = Pool::start(
            PoolOptions::for_the_house(program, &limits.query),
            daemon.published(),
        );
        let house = serve::House::new(
            Arc::new(config.clone()),
            daemon.published(),
            daemon.clone(),
            workers,
            readers,
            metrics.clone(),
        );
        let (stop, ending) = (CancellationToken::new(), house.ending.clone());
        let doors = TaskTracker::new();
        doors.spawn(
            stop.clone()
                .run_until_cancelled_owned(add_up(metrics, Duration::from_secs(1))),
        );
        let listening = ListenLimits {
            connections_max: limits.http.connections_max,
            per_client_max: limits.http.connections_per_client_max,
            proxies: config.proxies.clone(),
            header_read: Duration::from_millis(limits.http.header_read_ms),
            write_stall: Duration::from_millis(limits.http.write_ms),
            leftover: Leftover {
                bytes_max: limits.http.leftover_bytes_max,
                longest: Duration::from_millis(limits.http.body_read_ms),
                wait: Duration::from_millis(limits.http.leftover_wait_ms),
            },
            grace: Duration::from_millis(limits.shutdown_grace_ms),
        };
        doors.spawn(feed_cache::keep(
            house.feed.clone(),
            daemon.published(),
            stop.clone(),
        ));
        doors.spawn(serve::dumps::keep(
            house.clone(),
            daemon.published(),
            stop.clone(),
        ));
        let routers = [
            (public, serve::doors(house.clone(), daemon.inbox())),
            (admin, admin_router(house, Some(token_sha256(&token)))),
        ];
        for (listener, router) in routers {
            let (stop, listening) = (stop.clone(), listening.clone());
            doors.spawn(async move {
                if let Err(error) =
                    serve::serve(listener, router, listening, stop.cancelled_owned()).await
                {
                    tracing::error!(%error, "a door closed by itself");
                }
            });
        }
        daemon
            .lock()
            .announce(config.listen, config.admin_listen)
            .map_err(|e| StartError::Io("saying where we listen", e))?;
        Ok(Self {
            daemon,
            listen: config.listen,
            admin_listen: config.admin_listen,
            token,
            stop,
            ending,
            doors,
        })
    }

    /// A client of this very daemon.
    pub fn client(&self) -> std::io::Result<Local> {
        Local::new(
            self.listen,
            self.admin_listen,
            self.daemon.config().public_url.path(),
            self.token.clone(),
        )
    }

    /// A command for a shell that starts a run now, of the first source that can be asked.
    fn run_now(&self) -> String {
        let config = self.daemon.config();
        let mut sources = config.sources.iter();
        let source = sources.find(|source| source.enabled && !source.is_pushed());
        let source = source.map_or("SOURCE", |source| source.id.as_str());
        let token = match config.admin_token_sha256 {
            Some(_) => "$ADMIN_TOKEN".to_owned(),
            None => {
                let file = config.data_dir.join(ADMIN_TOKEN);
                let file = std::path::absolute(&file).unwrap_or(file);
                format!("$(cat {})", quoted(&file.to_string_lossy()))
            }
        };
        let admin = self.admin_listen;
        format!(
            "curl -X POST -H \"Authorization: Bearer {token}\" http://{admin}/sources/{source}/run"
        )
    }

    /// Ends runs, then doors, in good order.
    pub async fn close(self) {
        let grace = Duration::from_millis(self.daemon.config().limits.shutdown_grace_ms);
        self.daemon.close(grace).await;
        self.stop.cancel();
        self.ending.cancel();
        self.doors.close();
        let _ = tokio::time::timeout(grace, self.doors.wait()).await;
    }
}

async fn public_door(listen: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(listen).await;
    bound.map_err(|e| StartError::Listen(listen, e, "--listen"))
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// `harvestd serve`
pub async fn serve(args: &args::Serve, common: &args::Common) -> Exit {
    if let Some(refusal) = of_a_demo(&args.place) {
        return out::complain(&refusal, Exit::Usage);
    }
    let load = || Config::load_with_token(args.place.config_file(), &args.outside());
    let (config, token) = match load() {
        Ok(loaded) => loaded,
        Err(errors) => return refuse(&errors),
    };
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(e) => return out::complain(&e.to_string(), e.exit()),
    };
    let house = match House::start(config, token, Purpose::Serve).await {
        Ok(house) => house,
        Err(e) => return out::complain(&e.to_string(), e.exit()),
    };
    say_where(&house, common);
    until_stopped(&house, signals, || load().map(|(config, _)| config)).await;
    house.close().await;
    Exit::Ok
}

/// Why the daemon does not serve this data directory, where it is a demo's and no configuration is named: the demo's
/// would have nobody to ask, and another's sources would be harvested into the demo.
fn of_a_demo(place: &args::Place) -> Option<String> {
    let data_dir = place.data_dir.as_ref().filter(|_| place.config.is_none())?;
    match DemoNote::of(data_dir) {
        Ok(note) => note?,
        Err(error) => return Some(error.to_string()),
    };
    let (dir, start) = (data_dir.display(), start(data_dir));
    Some(format!(
        "{dir} is the data directory of a demo: `{start}` runs it"
    ))
}

fn say_where(house: &House, common: &args::Common) {
    let (listen, admin) = (house.listen, house.admin_listen);
    tracing::info!(%listen, %admin, sources = house.daemon.config().sources.len(), "harvestd is up");
    if common.json {
        out::print(&format!(
            "{}\n",
            serde_json::json!({ "listen": listen, "admin_listen": admin })
        ));
    } else {
        out::print(&format!(
            "harvestd is up.\n  status   http://{listen}/status\n  SPARQL   http://{listen}/sparql\n  run now  {}\n",
            house.run_now()
        ));
    }
}

fn refuse(errors: &ConfigErrors) -> Exit {
    out::complain(&errors.to_string(), Exit::Usage)
}

/// What the system may tell us. Listened for before the house opens: a signal that comes earlier than our first words
/// is obeyed as well, and does not kill the process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Self, StartError> {
        let signal = |kind| {
            tokio::signal::unix::signal(kind)
                .map_err(|e| StartError::Io("listening for signals", e))
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Waits for SIGTERM or Ctrl-C; SIGHUP reads the configuration and the corrections anew (`load`). A second signal ends the
/// process at once.
async fn until_stopped(
    house: &House,
    signals: Signals,
    load: impl Fn() -> Result<Config, ConfigErrors>,
) {
    let Signals {
        mut terminate,
        mut interrupt,
        mut hangup,
    } = signals;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {
                // Nothing is written to the files between being read and being taken over.
                let turn = tokio::select! {
                    turn = house.daemon.turn() => turn,
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                };
                // A reload waits for a commit under way; a signal to stop does not wait for the reload.
                tokio::select! {
                    () = reload(house, load()) => {}
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                }
                drop(turn);
            }
        }
    }
    tracing::info!("stopping; a second signal stops at once");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(i32::from(Exit::Failed.code()));
    });
}

async fn reload(house: &House, loaded: Result<Config, ConfigErrors>) {
    match loaded {
        Ok(mut config) => {
            let running = house.daemon.config();
            config.listen = running.listen;
            config.admin_listen = running.admin_listen;
            for name in config.needs_restart(&running) {
                tracing::warn!(
                    setting = name,
                    "changed in the file; it counts after a restart"
                );
            }
            config.public_url = running.public_url.clone();
            config.data_dir = running.data_dir.clone();
            if let Err(error) = house.daemon.configure(config).await {
                refused(&error);
                return;
            }
            metrics::counter!("harvestd_reloads_total", "outcome" => "done").increment(1);
            tracing::info!("the configuration was read anew");
        }
        Err(errors) => refused(&errors),
    }
}

fn refused(errors: &dyn std::fmt::Display) {
    metrics::counter!("harvestd_reloads_total", "outcome" => "refused").increment(1);
    tracing::error!(%errors, "the new configuration is refused; the one that runs stays");
}

/// The sample server's port: records name it, so it stays the same from one demo to the next where it is free.
const SAMPLE: &str = "127.0.0.1:8082";
/// How often the sample federation changes a little.
const STEP: Duration = Duration::from_secs(20);
/// `harvestd demo`
pub async fn demo(args: &args::Demo, common: &args::Common) -> Exit {
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(e) => return out::complain(&e.to_string(), e.exit()),
    };
    match demo_house(args).await {
        Ok(Demo {
            house,
            note,
            outside,
            stop,
        }) => {
            if common.json {
                let told = serde_json::json!({ "listen": house.listen, "admin_listen": house.admin_listen, "sample": note.sample });
                out::print(&format!("{told}\n"));
            } else {
                out::print(&demo::banner(
                    &format!("http://{}", house.listen),
                    &house.run_now(),
                    &note.sample,
                    &house.daemon.config().data_dir.display().to_string(),
                ));
            }
            let load = || note.load(&outside).map(|(config, _)| config);
            until_stopped(&house, signals, load).await;
            house.close().await;
            stop.cancel();
            Exit::Ok
        }
        Err((text, exit)) => out::complain(&text, exit),
    }
}

/// A demo that runs.
struct Demo {
    house: House,
    note: DemoNote,
    /// What its configuration was read with.
    outside: Outside,
    stop: CancellationToken,
}

async fn demo_house(args: &args::Demo) -> Result<Demo, (String, Exit)> {
    let failed = |e: std::io::Error| (format!("the demo's sample server: {e}"), Exit::Failed);
    let listener = match TcpListener::bind(SAMPLE).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind("127.0.0.1:0").await.map_err(failed)?,
    };
    let sample = format!("http://{}", listener.local_addr().map_err(failed)?);
    let (note, outside, public) = demo_note(args, sample).await?;
    let (config, token) = note
        .load(&outside)
        .map_err(|e| (e.to_string(), Exit::Usage))?;
    let data_dir = config.data_dir.clone();
    std::fs::create_dir_all(&data_dir).map_err(failed)?;
    let kept = data_dir.join("demo-world.json");
    let world = demo::World::kept(kept, chrono::Utc::now(), STEP)
        .map_err(failed)?
        .with_hub(config.public_url.as_str());
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        if let Err(error) = demo::serve_sample(listener, world, stopped).await {
            tracing::error!(%error, "the sample server ended");
        }
    });
    let house = House::start_at(public, config, token, Purpose::Serve)
        .await
        .map_err(|e| (e.to_string(), e.exit()))?;
    note.leave(&data_dir)
        .map_err(|e| (format!("noting what the demo is: {e}"), Exit::Failed))?;
    Ok(Demo {
        house,
        note,
        outside,
        stop,
    })
}

/// What commands have to know of the demo, what its configuration is read with, and its public door: its address is
/// needed for our IRIs before the daemon opens, and with port 0 nobody knows it before.
async fn demo_note(
    args: &args::Demo,
    sample: String,
) -> Result<(DemoNote, Outside, TcpListener), (String, Exit)> {
    let wanted = args
        .listen
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
    let failed = |e: StartError| (e.to_string(), Exit::Failed);
    let public = public_door(wanted).await.map_err(failed)?;
    let listen = public
        .local_addr()
        .map_err(|e| failed(StartError::Io("listening", e)))?;
    let own = || -> Result<DemoNote, Box<dyn std::error::Error>> {
        Ok(DemoNote {
            sample,
            public_url: url::Url::parse(&format!("http://{listen}/"))?,
            config: args.config.as_ref().map(std::path::absolute).transpose()?,
        })
    };
    let note = own().map_err(|e| (e.to_string(), Exit::Failed))?;
    let outside = Outside {
        listen: Some(listen),
        public_url: Some(note.public_url.clone()),
        ..args.outside()
    };
    Ok((note, outside, public))
}
