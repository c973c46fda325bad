//! Runs the application's code, so that its panic ends at most one session.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The application's code panicked. The panic hook has reported the message; the payload of the
/// panic is dropped.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs code of the application, or code that calls it: a handler, the `Display` of an error, the
/// `Drop` of a value.
///
/// A panic drops the values that the code owns, and a second panic then would end the process. So
/// the caller lends values with the application's `Drop` to this code, and drops them in a call of
/// their own.
#[inline]
pub(crate) fn run<T>(code: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|thrown| {
        // The payload of the panic may panic when it is dropped, too. The payload of that panic is
        // not dropped.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(thrown))) {
            mem::forget(again);
        }
        Panicked
    })
}
