use std::{collections::BTreeMap, mem, num::NonZeroU64, task::Waker};

use crate::foreign;

/// Tasks that wait for the same event; usually there is one. They are woken all at once. A future
/// that is dropped before that gives its place back.
#[derive(Debug, Default)]
pub(super) struct WakerSet {
    first: Option<(NonZeroU64, Waker)>,
    others: Others,
}

/// It costs one word in a session and one check when no other task waits, which is nearly always.
type Others = Option<Box<BTreeMap<NonZeroU64, Waker>>>;

/// The identity of a future in the sets where it waits, from the first time it waits.
#[derive(Debug, Default)]
pub(super) struct Place(Option<NonZeroU64>);

/// Counts the places that were given.
#[derive(Debug, Default)]
pub(super) struct Places(u64);

impl WakerSet {
    /// Puts the waker in this place, and returns the waker that was there.
    ///
    /// The caller drops the returned waker after it has released the lock. That waker may be the
    /// last reference to a task, whose futures then give their places back.
    #[must_use]
    #[inline]
    pub(super) fn register(&mut self, place: NonZeroU64, waker: &Waker) -> Option<Waker> {
        if self.is_empty() {
            self.first = Some((place, waker.clone()));
            return None;
        }
        self.register_beside(place, waker)
    }

    fn register_beside(&mut self, place: NonZeroU64, waker: &Waker) -> Option<Waker> {
        if let Some(known) = self.at(place) {
            return (!known.will_wake(waker)).then(|| mem::replace(known, waker.clone()));
        }
        if self.first.is_some() {
            let others = self.others.get_or_insert_default();
            return others.insert(place, waker.clone());
        }
        self.first = Some((place, waker.clone()));
        None
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.others.is_none()
    }

    /// Takes the waker out of this place, if it is still there.
    #[must_use]
    pub(super) fn remove(&mut self, place: NonZeroU64) -> Option<Waker> {
        match self.first.take_if(|(first, _)| *first == place) {
            Some((_, waker)) => Some(waker),
            None => self.others.as_mut()?.remove(&place),
        }
    }

    /// Takes all wakers. The caller wakes them after it has released the lock.
    pub(super) fn take(&mut self) -> Wakers {
        Wakers {
            first: self.first.take(),
            others: self.others.take(),
        }
    }

    fn at(&mut self, place: NonZeroU64) -> Option<&mut Waker> {
        match &mut self.first {
            Some((first, waker)) if *first == place => Some(waker),
            _ => self.others.as_mut()?.get_mut(&place),
        }
    }
}

/// Tasks that waited.
#[derive(Debug)]
#[must_use = "they wait"]
pub(super) struct Wakers {
    first: Option<(NonZeroU64, Waker)>,
    others: Others,
}

impl Wakers {
    #[inline]
    pub(super) fn wake(self) {
        if self.first.is_some() || self.others.is_some() {
            self.wake_all();
        }
    }

    fn wake_all(self) {
        if let Some((_, first)) = self.first {
            wake(first);
        }
        if let Some(others) = self.others {
            for other in others.into_values() {
                wake(other);
            }
        }
    }
}

/// Wakes a task. A waker is foreign code: when it panics, neither the caller nor the other wakers
/// are harmed.
fn wake(waker: Waker) {
    foreign::run(|| waker.wake());
}

impl Place {
    /// The number of this place; the first call gives it a new one.
    pub(super) fn number(&mut self, places: &mut Places) -> NonZeroU64 {
        *self.0.get_or_insert_with(|| {
            let number = NonZeroU64::MIN.saturating_add(places.0);
            places.0 = number.get();
            number
        })
    }

    /// The number of this place, if it ever waited.
    #[inline]
    pub(super) fn get(&self) -> Option<NonZeroU64> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Task {
        fn woken(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn tasks<const N: usize>() -> [Arc<Task>; N] {
        std::array::from_fn(|_| Arc::default())
    }

    fn places<const N: usize>() -> [NonZeroU64; N] {
        let mut places = Places::default();
        std::array::from_fn(|_| Place::default().number(&mut places))
    }

    #[test]
    fn all_who_wait_are_woken_once() {
        let (mut set, tasks, places) = (WakerSet::default(), tasks::<3>(), places::<3>());
        for (task, place) in tasks.iter().zip(places) {
            assert!(set.register(place, &task.clone().into()).is_none());
            assert!(set.register(place, &task.clone().into()).is_none());
        }
        set.take().wake();
        set.take().wake();
        assert_eq!(tasks.each_ref().map(|task| task.woken()), [1, 1, 1]);
    }

    #[test]
    fn a_place_that_is_given_back_leaves_nothing() {
        let (mut set, tasks, places) = (WakerSet::default(), tasks::<3>(), places::<3>());
        for (task, place) in tasks.iter().zip(places) {
            assert!(set.register(place, &task.clone().into()).is_none());
        }
        for at in [0, 2] {
            assert!(set.remove(places[at]).is_some());
            assert!(set.remove(places[at]).is_none());
        }
        assert_eq!(tasks.each_ref().map(Arc::strong_count), [1, 2, 1]);
        set.take().wake();
        assert_eq!(tasks.each_ref().map(|task| task.woken()), [0, 1, 0]);
    }

    #[test]
    fn a_future_that_another_task_polls_is_woken_there() {
        let (mut set, tasks, places) = (WakerSet::default(), tasks::<3>(), places::<2>());
        let [here, there, first] = tasks.each_ref().map(|task| Waker::from(task.clone()));
        assert!(set.register(places[0], &first).is_none());
        assert!(set.register(places[1], &here).is_none());
        drop(set.remove(places[0])); // the other place is not the one it checks first
        let old = set.register(places[1], &there);
        assert!(old.is_some_and(|old| old.will_wake(&here)));
        set.take().wake();
        assert_eq!(tasks.each_ref().map(|task| task.woken()), [0, 1, 0]);
    }
}
