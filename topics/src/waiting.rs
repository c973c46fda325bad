use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use futures_util::{Stream, stream::FuturesUnordered};
use switchwire_core::spi::SharedMessage;

use crate::{
    Published,
    members::{Member, SHARE},
    yielding::yield_now,
};

/// Sends to members without room, to all at the same time, as each gets room. Polls a share of them
/// at a time.
pub(super) async fn wait_for(
    members: &[Arc<Member>],
    message: &SharedMessage,
    published: &mut Published,
) {
    let left = AtomicUsize::new(SHARE);
    let mut waiting = FuturesUnordered::new();
    let mut shares = members.chunks(SHARE);
    loop {
        let share = shares.next().unwrap_or_default();
        let are_all_in = shares.len() == 0;
        waiting.extend(share.iter().map(|member| send(member, message, &left)));
        let turn = poll_fn(|cx| {
            while left.load(Ordering::Relaxed) > 0 {
                match Pin::new(&mut waiting).poll_next(cx) {
                    Poll::Ready(Some(true)) => published.accepted += 1,
                    Poll::Ready(Some(false)) => published.gone += 1,
                    Poll::Ready(None) if are_all_in => return Poll::Ready(true),
                    Poll::Pending if are_all_in && left.load(Ordering::Relaxed) > 0 => {
                        left.store(SHARE, Ordering::Relaxed);
                        return Poll::Pending;
                    }
                    Poll::Ready(None) | Poll::Pending => break,
                }
            }
            left.store(SHARE, Ordering::Relaxed);
            Poll::Ready(false)
        });
        let are_done = turn.await;
        if are_done {
            return;
        }
        yield_now().await;
    }
}

/// Sends to one member, in a turn in which `left` of the share remains.
async fn send(member: &Member, message: &SharedMessage, left: &AtomicUsize) -> bool {
    let mut sending = pin!(member.send(message.clone()));
    poll_fn(|cx| match left.load(Ordering::Relaxed) {
        0 => {
            cx.waker().wake_by_ref(); // in the next turn
            Poll::Pending
        }
        some => {
            left.store(some - 1, Ordering::Relaxed);
            sending.as_mut().poll(cx)
        }
    })
    .await
}
