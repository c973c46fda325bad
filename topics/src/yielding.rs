use std::{future::poll_fn, mem, task::Poll};

/// Lets other tasks run before it continues. Any runtime comes back to a task that has woken
/// itself.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
