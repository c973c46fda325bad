//! The application's code where a panic must harm nobody but itself: what a value does when it is dropped, a waker.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Runs it, and goes on when it panics: the panic hook has told.
#[inline]
pub(crate) fn run(code: impl FnOnce()) {
    if let Err(thrown) = catch_unwind(AssertUnwindSafe(code)) {
        mem::forget(thrown); // it may panic when it is dropped
    }
}

/// Drops a value of the application. What it does then is foreign code, and a panic of it harms nobody: the panic hook has
/// told.
///
/// For authors of transports and drivers, who drop payloads where the application does not run.
#[inline]
pub fn discard<T>(value: T) {
    if mem::needs_drop::<T>() {
        run(|| drop(value));
    }
}

/// A value of the application, which may panic when it is dropped.
#[derive(Clone)]
pub(crate) struct Value(Option<Arc<dyn Any + Send + Sync>>);

impl Value {
    pub(crate) fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self(Some(Arc::new(value)))
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }

    /// The value itself, if it has this type; from here on it is the application's alone.
    pub(crate) fn take<T: Send + Sync + 'static>(mut self) -> Option<Arc<T>> {
        self.0.take()?.downcast().ok()
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}
