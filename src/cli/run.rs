//! `oscgate run`: the gateway, from its file to its end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc as std_mpsc;
use std::thread;

use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};

use super::args::Sockets;
use super::banner::show_banner;
use super::ending::Failure;
use super::file::{Loaded, Overrides, load, load_overridden, print_faults};
use super::log;
use super::output::print;
use super::reload::ShowFile;
use super::settings::RunSettings;
use super::signals::{HangUp, Stop};
use super::site::Site;
use crate::config::{Files, Show, Unreachable};
use crate::driver::{Driver, Handle, Settings};
use crate::http::{Inbox, exchange};
use crate::net::{self, BindError, Mechanism, Options, Segments, Shortage};

/// Runs the gateway until it is asked to stop.
///
/// # Errors
///
/// If its file or one of its sockets cannot be had.
pub fn run(settings: &RunSettings) -> Result<(), Failure> {
    let show = first_show(settings.file.as_deref(), &settings.overrides)?;
    log::begin(settings.log_format);
    new_runtime()?.block_on(supervise(settings, show))
}

async fn supervise(settings: &RunSettings, show: Show) -> Result<(), Failure> {
    let mut stop = Stop::listen().map_err(Failure::Start)?;
    let mut hang_up = HangUp::listen().map_err(Failure::Start)?;
    let (exchange, inbox) = exchange();
    let inbox = show.gateway.http.map(|_| inbox);
    let how = driver_settings(&show, settings.sockets);
    let mut running = Running::start(how, show.clone(), inbox)?;
    let (access, served) = watch::channel(show.access.clone());
    let site = match show.gateway.http {
        Some(address) => Some(Site::start(address, served, exchange)?),
        None => None,
    };
    let http = site.as_ref().map(|site| site.address);

    show_banner(&running.addresses, http, &show);
    for shortage in &running.shortages {
        warn!("{shortage}");
    }
    let (saves, mut saved) = mpsc::channel(1);
    let mut file = settings.file.clone().map(|path| {
        let overrides = settings.overrides.clone();
        ShowFile::new(path, overrides, settings.log_format, (&show, access), saves)
    });
    drop(show);

    let mut lines = String::new();
    for address in &running.addresses {
        lines.push_str(&format!("oscgate: listening on udp {address}\n"));
    }
    if let Some(address) = http {
        lines.push_str(&format!("oscgate: listening on http {address}\n"));
    }
    lines.push_str("oscgate: ready\n");
    print(&lines)?;
    running.go();

    loop {
        tokio::select! {
            () = stop.asked() => break,
            _ = &mut running.ended => return Err(Failure::Stopped),
            () = hang_up.asked() => match &mut file {
                Some(file) => file.reload(&running.handle).await,
                None => info!("SIGHUP: there is no file to read again"),
            },
            Some(()) = saved.recv() => if let Some(file) = &mut file {
                file.saved(&running.handle).await;
            },
        }
    }
    info!("stopping as asked");
    running.handle.stop().await;
    // The loop tells every session, and has a bound on how long that takes.
    let ended = running.ended.await.map_err(|_| Failure::Stopped);
    if let Some(site) = site {
        site.stop().await;
    }
    ended
}

/// The loop on its own thread, so that reading a file does not delay a fader.
struct Running {
    handle: Handle,
    addresses: Vec<SocketAddr>,
    shortages: Vec<Shortage>,
    go: Option<std_mpsc::Sender<()>>,
    ended: oneshot::Receiver<()>,
}

/// What the loop's thread tells once it has its sockets.
type Bound = Result<(Handle, Vec<SocketAddr>, Vec<Shortage>), BindError>;

impl Running {
    /// Binds the sockets; nothing is received before [`Running::go`].
    fn start(settings: Settings, show: Show, inbox: Option<Inbox>) -> Result<Self, Failure> {
        let runtime = new_runtime()?;
        let (tell_bound, bound) = std_mpsc::channel::<Bound>();
        let (go, wait_to_go) = std_mpsc::channel::<()>();
        let (tell_ended, ended) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async move {
                let (driver, handle) = match Driver::bind(&settings, show, inbox) {
                    Ok(bound) => bound,
                    Err(error) => return drop(tell_bound.send(Err(error))),
                };
                let addresses = driver.addresses().collect();
                let shortages = driver.shortages().collect();
                let told = tell_bound.send(Ok((handle, addresses, shortages)));
                if told.is_err() || wait_to_go.recv().is_err() {
                    return;
                }
                driver.run().await;
                let _ = tell_ended.send(());
            });
        };
        thread::Builder::new()
            .name("gateway".to_owned())
            .spawn(serve)
            .map_err(Failure::Start)?;
        let (handle, addresses, shortages) = bound.recv().map_err(|_| Failure::Stopped)??;
        Ok(Self {
            handle,
            addresses,
            shortages,
            go: Some(go),
            ended,
        })
    }

    /// Begins to receive.
    fn go(&mut self) {
        if let Some(go) = self.go.take() {
            // A thread that is gone is noticed by its ending.
            let _ = go.send(());
        }
    }
}

fn first_show(file: Option<&Path>, overrides: &Overrides) -> Result<Show, Failure> {
    let loaded = match file {
        Some(path) => load(path, overrides)?,
        None => load_overridden("the command line", b"", Files::NONE, overrides),
    };
    match loaded {
        // At the start nobody is writing it: an empty file says that every default holds.
        Loaded::Show(show) | Loaded::Empty(show) => Ok(*show),
        Loaded::Faults(faults) => {
            print_faults(&faults);
            Err(Failure::Faults {
                faults: faults.len(),
                unreadable: 0,
            })
        }
    }
}

fn driver_settings(show: &Show, sockets: Sockets) -> Settings {
    Settings {
        listen: show.gateway.listen.clone(),
        may_lack_family: !show.gateway.listen_is_explicit,
        options: Options {
            mechanism: match sockets {
                Sockets::Batched => Mechanism::Batched,
                Sockets::Portable => Mechanism::Portable,
            },
            segments: Segments::default(),
            unreachable: match show.sessions.unreachable {
                Unreachable::Ignore => net::Unreachable::Ignored,
                Unreachable::Ends => net::Unreachable::Reported,
            },
        },
    }
}

/// A runtime for one thread.
pub(super) fn new_runtime() -> Result<Runtime, Failure> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Start)
}
