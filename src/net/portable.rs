//! The same batches by a loop, one datagram a system call, where `mmsg` is not to be had.
//!
//! Which local address a datagram was sent to is not known here, unless the socket has only one.

use std::io;
use std::net::IpAddr;

use tokio::net::UdpSocket;

use super::batch::{BATCH_DATAGRAMS_MAX, RecvBatch, SendBatch};

/// Receives what is there, up to a batch. An error after the first datagram is left out: should
/// it last, the next call meets it again.
pub(super) fn recv(
    io: &UdpSocket,
    local: Option<IpAddr>,
    batch: &mut RecvBatch,
) -> io::Result<usize> {
    for slot in 0..BATCH_DATAGRAMS_MAX {
        match io.try_recv_from(batch.slot_mut(slot)) {
            Ok((length, from)) => batch.filled(slot, length, from, local),
            Err(_) if slot > 0 => return Ok(slot),
            Err(error) => return Err(error),
        }
    }
    Ok(BATCH_DATAGRAMS_MAX)
}

/// Sends the first datagram that waits; the caller's loop does the rest.
pub(super) fn send(io: &UdpSocket, batch: &SendBatch) -> io::Result<usize> {
    let Some((entry, bytes)) = batch.head() else {
        return Ok(0);
    };
    io.try_send_to(bytes, entry.to).map(|_| 1)
}
