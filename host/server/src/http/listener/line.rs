//! The bytes of a connection: what comes and what is taken is noted, and its place is free when it is gone, whatever it became.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::meters::Open;
use super::places::Place;
use super::pulse::Pulse;

/// A connection over whatever carries it.
#[derive(Debug)]
pub(super) struct Line<S> {
    stream: S,
    pulse: Arc<Pulse>,
    _held: (Place, Open),
}

impl<S> Line<S> {
    pub(super) const fn new(stream: S, pulse: Arc<Pulse>, held: (Place, Open)) -> Self {
        Self {
            stream,
            pulse,
            _held: held,
        }
    }

    /// Notes whether the other side takes what it is sent.
    fn noted<T>(&self, sent: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &sent {
            Poll::Pending => self.pulse.untaken(),
            Poll::Ready(_) => self.pulse.taken(),
        }
        sent
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pulse.heard();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(sent)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_flush(cx);
        self.noted(sent)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.noted(sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.noted(sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
