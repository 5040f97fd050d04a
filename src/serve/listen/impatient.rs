//! A client's connection: not for ever where it takes nothing, and not closed over its mouth while it still sends.
//!
//! Knows nothing of HTTP. Start at [`Impatient`].

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// What is read of a request's body after its answer was sent, and thrown away.
#[derive(Debug, Clone, Copy)]
pub struct Leftover {
    /// 0: nothing.
    pub bytes_max: u64,
    /// From the answer on.
    pub longest: Duration,
    /// It ends where nothing comes for so long.
    pub wait: Duration,
}

/// A stream whose writes fail when the other side takes nothing for too long.
pub(super) struct Impatient {
    stream: TcpStream,
    longest: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// The newest request has a body: the client may still be sending it.
    pub sends: Arc<AtomicBool>,
    leftover: Leftover,
    /// Runs once the answer is sent and the rest of the body is read.
    ending: Option<Ending>,
}

struct Ending {
    /// It ends then, whatever comes.
    at: Instant,
    silence: Pin<Box<Sleep>>,
    bytes: u64,
}

impl Impatient {
    pub fn new(stream: TcpStream, longest: Duration, leftover: Leftover) -> Self {
        Self {
            stream,
            longest,
            stalled: None,
            sends: Arc::default(),
            leftover,
            ending: None,
        }
    }

    /// Reads what still comes and throws it away. A socket that is closed over unread bytes is reset, and the answer goes with
    /// it.
    fn poll_leftover(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Leftover {
            bytes_max,
            longest,
            wait,
        } = self.leftover;
        let ending = self.ending.get_or_insert_with(|| Ending {
            at: Instant::now() + longest,
            silence: Box::pin(sleep(wait.min(longest))),
            bytes: 0,
        });
        let mut bytes = [0; 16 << 10];
        while ending.bytes < bytes_max {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    ending.bytes += buffer.filled().len() as u64;
                    let until = (Instant::now() + wait).min(ending.at);
                    ending.silence.as_mut().reset(until);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return ending.silence.as_mut().poll(cx),
            }
        }
        Poll::Ready(())
    }

    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let longest = self.longest;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + longest)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client takes nothing",
        )))
    }
}

impl AsyncRead for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ending.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if self.sends.load(Relaxed) {
            ready!(self.poll_leftover(cx));
        }
        Poll::Ready(Ok(()))
    }
}
