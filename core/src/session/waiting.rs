use std::ops::Deref;

use super::{state::Shared, wakers::Place};

/// A future that may wait for an event of a session. It gives its place back when it is dropped.
pub(super) struct Waiting<S: Deref<Target = Shared>> {
    pub(super) shared: S,
    pub(super) place: Place,
}

impl<S: Deref<Target = Shared>> Waiting<S> {
    pub(super) fn new(shared: S) -> Self {
        Self {
            shared,
            place: Place::default(),
        }
    }
}

impl<S: Deref<Target = Shared>> Drop for Waiting<S> {
    #[inline]
    fn drop(&mut self) {
        self.shared.give_back(&self.place);
    }
}
