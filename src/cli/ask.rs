//! The tools: finds the gateway, has one of them talk to it, and leaves it cleanly.

use tokio::runtime;

use super::ending::Failure;
use super::output::Output;
use super::settings::{Link, Request};
use super::signals::Stop;
use super::{get, hold, meta, ping, set, unlock, watch};
use crate::client::{CallError, Client};

/// Asks a running gateway.
///
/// # Errors
///
/// Whatever keeps it from being done; it has not been told yet.
pub fn ask(link: &Link, request: &Request) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Start)?;
    runtime.block_on(talk(link, request))
}

async fn talk(link: &Link, request: &Request) -> Result<(), Failure> {
    let output = Output::new(link.form);
    let name = link.name.as_deref();
    let mut client = Client::open(&link.target, name, link.patience)
        .await
        .map_err(|error| Failure::of_call(name.unwrap_or("this machine"), error))?;
    let done = serve(&mut client, output, request).await;
    match request {
        Request::Hold(hold) if done.is_ok() && hold.leaves_lock() => client.stay().await,
        Request::Get(_)
        | Request::Set(_)
        | Request::Hold(_)
        | Request::Unlock(..)
        | Request::Release(..)
        | Request::Meta(_)
        | Request::Watch(_)
        | Request::Ping { .. } => client.leave().await,
    }
    done
}

async fn serve(client: &mut Client, output: Output, request: &Request) -> Result<(), Failure> {
    match request {
        Request::Get(address) => get::get(client, output, address).await,
        Request::Set(write) => set::set(client, output, write).await,
        Request::Hold(hold) => {
            let mut stop = Stop::listen().map_err(Failure::Start)?;
            hold::hold(client, output, hold, &mut stop).await
        }
        Request::Unlock(address, values) => unlock::unlock(client, output, address, values).await,
        Request::Release(address, reason) => {
            unlock::release(client, output, address, reason.as_deref()).await
        }
        Request::Meta(address) => meta::meta(client, output, address).await,
        Request::Watch(watch) => {
            let mut stop = Stop::listen().map_err(Failure::Start)?;
            tokio::select! {
                done = watch::watch(client, output, watch) => done,
                () = stop.asked() => Ok(()),
            }
        }
        Request::Ping { count, interval } => {
            let mut stop = Stop::listen().map_err(Failure::Start)?;
            ping::ping(client, output, *count, *interval, &mut stop).await
        }
    }
}

/// The failure of a call whose answer has not the shape that it should have.
pub(super) const fn bad_answer(request: &'static str) -> Failure {
    Failure::Call(CallError::BadAnswer { request })
}
