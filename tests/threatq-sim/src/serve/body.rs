//! Bodies that are not simply there: broken off, dripping, or made while they are sent.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep};

/// Between the first half of a torn answer and the end of the connection, so that the half is on its way.
const TEAR: Duration = Duration::from_millis(20);

/// Breaks off in the middle: its error makes hyper close the connection.
pub struct Torn {
    half: Option<Bytes>,
    rest: Pin<Box<Sleep>>,
}

impl Torn {
    pub fn new(half: Bytes) -> Torn {
        Torn { half: Some(half), rest: Box::pin(sleep(TEAR)) }
    }
}

impl HttpBody for Torn {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        self.rest.as_mut().poll(context).map(|()| Some(Err(io::Error::other("torn"))))
    }
}

/// Nothing at all: its error makes hyper close the connection before a byte of the answer is on its way.
pub struct Cut;

impl HttpBody for Cut {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("cut"))))
    }
}

/// Comes byte by byte, each after a pause.
pub struct Drip {
    left: Bytes,
    pause: Duration,
    next: Pin<Box<Sleep>>,
}

impl Drip {
    pub fn new(body: Bytes, pause: Duration) -> Drip {
        Drip { left: body, pause, next: Box::pin(sleep(pause)) }
    }
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if self.next.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let again = Instant::now() + self.pause;
        self.next.as_mut().reset(again);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(1)))))
    }
}

/// Comes in pieces that are made when the connection takes them.
pub struct Pieces<I>(pub I);

impl<I: Iterator<Item = Bytes> + Unpin> HttpBody for Pieces<I> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }
}

/// `head`, so many spaces, and `tail`.
pub fn spaces(head: &'static [u8], count: u64, tail: &'static [u8]) -> impl Iterator<Item = Bytes> + Unpin {
    const PIECE: &[u8] = &[b' '; 1 << 16];
    let mut left = count;
    let middle = std::iter::from_fn(move || {
        let length = left.min(PIECE.len() as u64);
        left -= length;
        (length > 0).then(|| Bytes::from_static(&PIECE[..length as usize]))
    });
    let end = |bytes: &'static [u8]| std::iter::once(Bytes::from_static(bytes));
    end(head).chain(middle).chain(end(tail))
}
