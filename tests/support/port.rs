//! A port on loopback that belongs to a test before anybody listens there.
//!
//! A port that was given and let go again may be given to somebody else before the program asks for it. Here a socket
//! stays bound to it and does not listen: the system gives the port to nobody who asks for any, whoever connects is
//! refused, and whoever asks for this very port gets it, as long as he may share its address (`SO_REUSEADDR`, as tokio's
//! listeners do). Start at [`Port::reserved`].

use std::net::SocketAddr;
use tokio::net::TcpSocket;

/// A port of our own until this is dropped.
pub struct Port {
    pub at: SocketAddr,
    _held: TcpSocket,
}

impl Port {
    pub fn reserved() -> Self {
        let held = TcpSocket::new_v4().unwrap();
        held.set_reuseaddr(true).unwrap();
        held.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self {
            at: held.local_addr().unwrap(),
            _held: held,
        }
    }
}
