//! Code of the application that the library calls: the `Drop` of a value, and wakers. A panic of it
//! harms nothing else.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Runs the code and continues when it panics. The panic hook has reported the panic.
#[inline]
pub(crate) fn run(code: impl FnOnce()) {
    if let Err(thrown) = catch_unwind(AssertUnwindSafe(code)) {
        mem::forget(thrown); // its `Drop` may panic
    }
}

/// Drops a value of the application. The `Drop` of the value is foreign code. When it panics,
/// nothing else is harmed; the panic hook has reported it.
///
/// For authors of transports and drivers, which drop payloads outside of the application's code.
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

    /// Takes the value itself, if it has this type. From here on only the application holds it.
    pub(crate) fn take<T: Send + Sync + 'static>(mut self) -> Option<Arc<T>> {
        self.0.take()?.downcast().ok()
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}
