//! One system call for many datagrams, each with its own control messages. Linux only.
//!
//! Over libc, because the wrappers there are share one set of control messages between all the
//! datagrams of a call, or do not restore the lengths that the kernel overwrites.
#![allow(
    unsafe_code,
    reason = "recvmmsg, sendmmsg and their control messages have no safe wrapper that serves"
)]

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};

use super::batch::{
    BATCH_DATAGRAMS_MAX, Entry, RecvBatch, SLOT_BYTES, SLOT_STRIDE, SendBatch, run_length,
};

pub(super) use libc::{EAFNOSUPPORT as NO_FAMILY, EMSGSIZE as TOO_LONG, ENOBUFS as NO_BUFFERS};

/// Bytes of control messages for one datagram, either way: an `in6_pktinfo` (40 with its header)
/// and a segment size (24).
const CONTROL_BYTES: usize = 64;

/// Bytes of control messages for one report from the error queue: the report with the address of
/// who reports (64), and the packet information that comes with it (40).
const REPORT_BYTES: usize = 256;

/// Control messages, aligned as their headers must be.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
struct Control<const BYTES: usize>([u8; BYTES]);

/// Where the kernel writes names and control messages while receiving: plain data without
/// pointers, so that a batch may be handed to another thread.
pub(super) struct RecvScratch {
    names: Box<[libc::sockaddr_in6; BATCH_DATAGRAMS_MAX]>,
    controls: Box<[Control<CONTROL_BYTES>; BATCH_DATAGRAMS_MAX]>,
}

impl RecvScratch {
    pub(super) fn new() -> Self {
        Self {
            names: Box::new([empty_name(); BATCH_DATAGRAMS_MAX]),
            controls: Box::new([Control([0; CONTROL_BYTES]); BATCH_DATAGRAMS_MAX]),
        }
    }
}

impl std::fmt::Debug for RecvScratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecvScratch").finish_non_exhaustive()
    }
}

/// Asks that each received datagram says which local address it was sent to.
pub(super) fn receive_local_address(fd: BorrowedFd<'_>, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => set_option(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1),
        SocketAddr::V6(_) => set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1),
    }
}

/// Asks that ICMP errors are kept for [`recv_error`], or that they are not.
pub(super) fn receive_errors(
    fd: BorrowedFd<'_>,
    address: SocketAddr,
    on: libc::c_int,
) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => set_option(fd, libc::IPPROTO_IP, libc::IP_RECVERR, on),
        SocketAddr::V6(_) => set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, on),
    }
}

fn set_option(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the pointer is to a live c_int and the length is a c_int's; the kernel only reads.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            length_of::<libc::c_int>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Receives what is there, up to a batch; never waits.
pub(super) fn recv(fd: BorrowedFd<'_>, batch: &mut RecvBatch) -> io::Result<usize> {
    let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH_DATAGRAMS_MAX];
    let mut headers = [empty_header(); BATCH_DATAGRAMS_MAX];
    let scratch = &mut batch.scratch;
    let places = batch.arena.chunks_exact_mut(SLOT_STRIDE);
    let names = scratch.names.iter_mut().zip(scratch.controls.iter_mut());
    for (((header, part), place), (name, control)) in
        headers.iter_mut().zip(&mut parts).zip(places).zip(names)
    {
        let part = part.write(libc::iovec {
            iov_base: place.as_mut_ptr().cast(),
            iov_len: SLOT_BYTES,
        });
        // The kernel overwrites both lengths, so they are set anew for each call.
        header.msg_hdr.msg_name = (&raw mut *name).cast();
        header.msg_hdr.msg_namelen = length_of::<libc::sockaddr_in6>();
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
        header.msg_hdr.msg_controllen = CONTROL_BYTES as _;
    }
    // SAFETY: every header points to a name, one iovec with its slot, and control messages of the
    // lengths stated; all of them live, are used by no other header and outlast the call. There
    // is no time limit to point to. The flags are cast because musl counts them as unsigned.
    let received = unsafe {
        libc::recvmmsg(
            fd.as_raw_fd(),
            headers.as_mut_ptr(),
            BATCH_DATAGRAMS_MAX as libc::c_uint,
            libc::MSG_DONTWAIT as _,
            std::ptr::null_mut(),
        )
    };
    let count = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    for (slot, header) in headers.iter().enumerate().take(count) {
        let Some(from) = name_of(&batch.scratch.names[slot]) else {
            continue; // Not from a UDP socket of either family, so nobody could be answered.
        };
        let local = local_of(&header.msg_hdr);
        let cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
        let length = if cut {
            SLOT_BYTES
        } else {
            header.msg_len as usize
        };
        batch.filled(slot, length, from, local);
    }
    Ok(count)
}

/// Sends what waits, as far as the kernel takes it, without waiting; says how many datagrams that
/// were. An error is that of the first that waits.
pub(super) fn send(fd: BorrowedFd<'_>, batch: &SendBatch, joined: bool) -> io::Result<usize> {
    let waiting = batch.waiting();
    let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH_DATAGRAMS_MAX];
    let mut names = [const { MaybeUninit::<libc::sockaddr_in6>::uninit() }; BATCH_DATAGRAMS_MAX];
    let mut controls =
        [const { MaybeUninit::<Control<CONTROL_BYTES>>::uninit() }; BATCH_DATAGRAMS_MAX];
    let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH_DATAGRAMS_MAX];
    let mut runs = [0_usize; BATCH_DATAGRAMS_MAX];
    let mut start = 0;
    let mut count = 0;
    while let Some(first) = waiting.get(start) {
        let run = if joined {
            run_length(&waiting[start..])
        } else {
            1
        };
        let bytes = batch.bytes(first.range.start..waiting[start + run - 1].range.end);
        let part = parts[count].write(libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        });
        let name = names[count].write(name_from(first.to));
        let local = if count == 0 && batch.any_source {
            None
        } else {
            first.local
        };
        let control = controls[count].write(Control([0; CONTROL_BYTES]));
        let mut header = empty_header();
        header.msg_hdr.msg_name = (&raw mut *name).cast();
        header.msg_hdr.msg_namelen = name_length(first.to);
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
        fill_control(&mut header.msg_hdr, control, first, local, run);
        headers[count].write(header);
        runs[count] = run;
        start += run;
        count += 1;
    }
    // SAFETY: the first `count` headers are written, and each points to a name, an iovec, bytes
    // and control messages of the lengths stated, which outlast the call; the kernel only reads
    // them, but for `msg_len` in the headers, which are ours to write.
    let sent = unsafe {
        libc::sendmmsg(
            fd.as_raw_fd(),
            headers.as_mut_ptr().cast(),
            count as libc::c_uint,
            (libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as _,
        )
    };
    let sent = usize::try_from(sent).map_err(|_| io::Error::last_os_error())?;
    Ok(runs[..sent].iter().sum())
}

/// Takes one report from the error queue: whom an ICMP error was about, if it was an error of
/// that kind which says that nothing listens there.
pub(super) fn recv_error(fd: BorrowedFd<'_>) -> io::Result<Option<SocketAddr>> {
    let mut name = empty_name();
    let mut control = Control([0; REPORT_BYTES]);
    let mut header = empty_header().msg_hdr;
    header.msg_name = (&raw mut name).cast();
    header.msg_namelen = length_of::<libc::sockaddr_in6>();
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = REPORT_BYTES as _;
    // SAFETY: the header points to a live name and control messages of the lengths stated and to
    // no iovec: the bytes of what was sent are not wanted.
    let result = unsafe {
        libc::recvmsg(
            fd.as_raw_fd(),
            &raw mut header,
            libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut refused = false;
    each_control(&header, |level, kind, data| {
        let is_report = (level, kind) == (libc::IPPROTO_IP, libc::IP_RECVERR)
            || (level, kind) == (libc::IPPROTO_IPV6, libc::IPV6_RECVERR);
        if is_report && let Some(report) = read::<libc::sock_extended_err>(data) {
            // Destination unreachable, port unreachable: 3 and 3 in ICMP, 1 and 4 in ICMPv6.
            refused |= matches!(
                (report.ee_origin, report.ee_type, report.ee_code),
                (libc::SO_EE_ORIGIN_ICMP, 3, 3) | (libc::SO_EE_ORIGIN_ICMP6, 1, 4)
            );
        }
    });
    Ok(if refused { name_of(&name) } else { None })
}

/// The local address to answer from, if the kernel says one that can be a sender.
fn local_of(header: &libc::msghdr) -> Option<IpAddr> {
    let mut local = None;
    each_control(header, |level, kind, data| {
        if (level, kind) == (libc::IPPROTO_IP, libc::IP_PKTINFO) {
            // Not ipi_addr: for a broadcast that is the broadcast address itself.
            local = read::<libc::in_pktinfo>(data)
                .map(|info| IpAddr::from(info.ipi_spec_dst.s_addr.to_ne_bytes()));
        } else if (level, kind) == (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) {
            local = read::<libc::in6_pktinfo>(data)
                .map(|info| IpAddr::from(info.ipi6_addr.s6_addr).to_canonical());
        }
    });
    local.filter(|address| !address.is_multicast() && !address.is_unspecified())
}

/// Calls `found` with level, type and content of each control message that came.
fn each_control(header: &libc::msghdr, mut found: impl FnMut(i32, i32, &[u8])) {
    // SAFETY: msg_control and msg_controllen are as the kernel left them: within the live,
    // aligned buffer that was given to it, holding whole control messages.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !next.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR give null or a whole header within the buffer.
        let (level, kind, length) = unsafe {
            (
                (*next).cmsg_level,
                (*next).cmsg_type,
                (*next).cmsg_len as usize,
            )
        };
        // SAFETY: pure arithmetic.
        let head = unsafe { libc::CMSG_LEN(0) } as usize;
        // SAFETY: the content begins where CMSG_DATA says and ends with cmsg_len, which the
        // kernel keeps within msg_controllen.
        let data = unsafe {
            std::slice::from_raw_parts(libc::CMSG_DATA(next), length.saturating_sub(head))
        };
        found(level, kind, data);
        // SAFETY: as for CMSG_FIRSTHDR; `next` came from it or from CMSG_NXTHDR.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
}

/// A value of a plain C type from the front of `data`, if that is long enough.
fn read<T: Plain>(data: &[u8]) -> Option<T> {
    if data.len() < size_of::<T>() {
        return None;
    }
    // SAFETY: the bytes are there, need no alignment, and Plain types take any bytes.
    Some(unsafe { data.as_ptr().cast::<T>().read_unaligned() })
}

/// C types made of integers alone, for which any bytes are a value.
trait Plain {}
impl Plain for libc::in_pktinfo {}
impl Plain for libc::in6_pktinfo {}
impl Plain for libc::sock_extended_err {}

/// Says in `control` where the datagram is sent from and how a run is cut, as far as needed.
fn fill_control(
    header: &mut libc::msghdr,
    control: &mut Control<CONTROL_BYTES>,
    entry: &Entry,
    local: Option<IpAddr>,
    run: usize,
) {
    let mut used = 0;
    match local {
        Some(IpAddr::V4(v4)) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.octets()),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            put(control, &mut used, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
        }
        Some(IpAddr::V6(v6)) => {
            // A link-local address means nothing without its link, and the peer names it.
            let link = match entry.to {
                SocketAddr::V6(to) if v6.is_unicast_link_local() => to.scope_id(),
                SocketAddr::V6(_) | SocketAddr::V4(_) => 0,
            };
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: v6.octets(),
                },
                ipi6_ifindex: link,
            };
            put(
                control,
                &mut used,
                libc::IPPROTO_IPV6,
                libc::IPV6_PKTINFO,
                info,
            );
        }
        None => {}
    }
    if run > 1 {
        let segment = u16::try_from(entry.range.len()).expect("SEGMENT_BYTES_MAX is below 65,536");
        put(
            control,
            &mut used,
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            segment,
        );
    }
    if used > 0 {
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = used as _;
    }
}

/// Appends one control message at `used`.
fn put<T>(control: &mut Control<CONTROL_BYTES>, used: &mut usize, level: i32, kind: i32, value: T) {
    // SAFETY: pure arithmetic.
    let (length, space) = unsafe {
        (
            libc::CMSG_LEN(size_of::<T>() as u32) as usize,
            libc::CMSG_SPACE(size_of::<T>() as u32),
        )
    };
    let end = *used + space as usize;
    let place = &mut control.0[*used..end];
    let header = place.as_mut_ptr().cast::<libc::cmsghdr>();
    // SAFETY: `place` is as long as CMSG_SPACE says, so that header and value lie within it; it
    // is aligned for a header, because the buffer is and CMSG_SPACE is a multiple of that; the
    // value is written without need of alignment.
    unsafe {
        (*header).cmsg_level = level;
        (*header).cmsg_type = kind;
        (*header).cmsg_len = length as _;
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
    }
    *used = end;
}

/// An address as the kernel takes it, in room for the longer of the two families.
fn name_from(address: SocketAddr) -> libc::sockaddr_in6 {
    let mut name = empty_name();
    match address {
        SocketAddr::V4(v4) => {
            let short = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: a sockaddr_in is shorter than a sockaddr_in6 and needs no more alignment.
            unsafe { (&raw mut name).cast::<libc::sockaddr_in>().write(short) };
        }
        SocketAddr::V6(v6) => {
            name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            name.sin6_port = v6.port().to_be();
            name.sin6_addr.s6_addr = v6.ip().octets();
            name.sin6_scope_id = v6.scope_id();
        }
    }
    name
}

/// An address as the kernel gave it; `None` if it gave none.
fn name_of(name: &libc::sockaddr_in6) -> Option<SocketAddr> {
    if i32::from(name.sin6_family) == libc::AF_INET {
        // SAFETY: a sockaddr_in is shorter than a sockaddr_in6, needs no more alignment, and is
        // made of integers.
        let short = unsafe { (&raw const *name).cast::<libc::sockaddr_in>().read() };
        let ip = short.sin_addr.s_addr.to_ne_bytes().into();
        return Some(SocketAddrV4::new(ip, u16::from_be(short.sin_port)).into());
    }
    if i32::from(name.sin6_family) == libc::AF_INET6 {
        let (ip, port) = (name.sin6_addr.s6_addr.into(), u16::from_be(name.sin6_port));
        return Some(SocketAddrV6::new(ip, port, 0, name.sin6_scope_id).into());
    }
    None
}

fn name_length(address: SocketAddr) -> libc::socklen_t {
    match address {
        SocketAddr::V4(_) => length_of::<libc::sockaddr_in>(),
        SocketAddr::V6(_) => length_of::<libc::sockaddr_in6>(),
    }
}

fn empty_name() -> libc::sockaddr_in6 {
    // SAFETY: made of integers, for which zero is a value.
    unsafe { mem::zeroed() }
}

fn empty_header() -> libc::mmsghdr {
    // SAFETY: made of integers and raw pointers, for which zero is a value.
    unsafe { mem::zeroed() }
}

fn length_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).expect("names and options are a few bytes long")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_way_there_and_back() {
        for text in ["10.1.2.3:8900", "[::1]:8900", "[fe80::1%3]:65535"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(name_of(&name_from(address)), Some(address));
        }
        assert_eq!(name_of(&empty_name()), None);
    }
}
