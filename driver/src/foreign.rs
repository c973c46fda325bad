//! Running the application's code where a panic must end no more than one session.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The application's code panicked. The panic hook has told what it said; what was thrown is gone.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs code that may be, or may call, the application's: a handler, what an error shows, what a value does when it is
/// dropped.
///
/// What the code owned is dropped while it unwinds, and a second panic then would end the process: values whose drop
/// is the application's are lent to it, and dropped by a call of their own.
#[inline]
pub(crate) fn run<T>(code: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|thrown| {
        // What was thrown may panic when it is dropped, too; what that throws is not tried.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(thrown))) {
            mem::forget(again);
        }
        Panicked
    })
}
