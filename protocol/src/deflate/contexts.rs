//! The contexts of a thread: a session has one only while it compresses or inflates a message.

use std::cell::RefCell;

use zlib_rs::{Deflate, DeflateConfig, Inflate};

use super::WindowBits;

/// About how much an inflater allocates: a window of 32 KiB, and its tables.
pub(super) const INFLATE_SIZE: usize = 48 << 10;

/// A thread keeps at most this many contexts of each kind.
const KEPT: usize = 4;

/// What a compressor was made with.
pub(super) type Kind = (i32, WindowBits);

#[derive(Default)]
#[expect(
    clippy::vec_box,
    reason = "sessions hold them boxed, and moving one costs kilobytes"
)]
struct Contexts {
    inflate: Vec<Box<Inflate>>,
    deflate: Vec<(Kind, Box<Deflate>)>,
    /// Whether one was taken since those that are kept were looked at.
    used: bool,
}

thread_local! {
    static CONTEXTS: RefCell<Contexts> = RefCell::default();
}

/// Takes an inflater that knows nothing of another message. It reads every window.
pub(super) fn inflate() -> Box<Inflate> {
    let kept = CONTEXTS.with_borrow_mut(|contexts| {
        contexts.used = true;
        contexts.inflate.pop()
    });
    kept.unwrap_or_else(|| Box::new(Inflate::new(false, WindowBits::MAX.get())))
}

/// Gives an inflater back. A thread that is ending keeps none.
pub(super) fn give_back_inflate(context: Option<Box<Inflate>>) {
    let Some(mut context) = context else { return };
    context.reset(false);
    let _ = CONTEXTS.try_with(|contexts| {
        let kept = &mut contexts.borrow_mut().inflate;
        if kept.len() < KEPT {
            kept.push(context);
        }
    });
}

/// Takes a compressor that knows nothing of another message.
pub(super) fn deflate(kind: Kind) -> Box<Deflate> {
    let kept = CONTEXTS.with_borrow_mut(|contexts| {
        contexts.used = true;
        let at = contexts.deflate.iter().rposition(|(it, _)| *it == kind)?;
        Some(contexts.deflate.swap_remove(at).1)
    });
    kept.unwrap_or_else(|| {
        let (level, bits) = kind;
        Box::new(Deflate::new_with_config(DeflateConfig {
            level,
            window_bits: -i32::from(bits.get()),
            ..DeflateConfig::default()
        }))
    })
}

/// Gives a compressor back. A thread that is ending keeps none.
pub(super) fn give_back_deflate(kind: Kind, context: Option<Box<Deflate>>) {
    let Some(mut context) = context else { return };
    context.reset();
    let _ = CONTEXTS.try_with(|contexts| {
        let kept = &mut contexts.borrow_mut().deflate;
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((kind, context));
    });
}

/// Frees the contexts of this thread if none was taken since the last call.
pub(crate) fn release_unused() {
    // A thread that is ending has none.
    let _ = CONTEXTS.try_with(|contexts| {
        let mut contexts = contexts.borrow_mut();
        if !contexts.used {
            *contexts = Contexts::default();
        }
        contexts.used = false;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> usize {
        CONTEXTS.with_borrow(|contexts| contexts.inflate.len() + contexts.deflate.len())
    }

    #[test]
    fn a_thread_keeps_a_few_and_frees_them_when_they_are_not_needed() {
        let many: Vec<_> = (0..20).map(|_| inflate()).collect();
        many.into_iter().for_each(|it| give_back_inflate(Some(it)));
        let kind = (1, WindowBits::MAX);
        let many: Vec<_> = (0..20).map(|_| deflate(kind)).collect();
        many.into_iter()
            .for_each(|it| give_back_deflate(kind, Some(it)));
        assert_eq!(kept(), 2 * KEPT);
        release_unused();
        assert_eq!(kept(), 2 * KEPT, "they were used a moment ago");
        release_unused();
        assert_eq!(kept(), 0);
    }
}
