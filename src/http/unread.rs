//! Whether anything waits in the kernel that no connection has read yet.

use super::lines::Line;

/// Asks all of them with one system call. Where it cannot be asked, nothing does.
#[cfg(unix)]
pub(super) fn anything_unread<'a>(lines: impl Iterator<Item = &'a Line>) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut sockets: Vec<PollFd<'_>> = lines
        .map(|line| PollFd::new(&*line.socket, PollFlags::IN))
        .collect();
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut sockets, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

/// Asks all of them with one system call. Where it cannot be asked, nothing does.
#[cfg(not(unix))]
pub(super) fn anything_unread<'a>(_: impl Iterator<Item = &'a Line>) -> bool {
    false
}
