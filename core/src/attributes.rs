//! Values that the HTTP side attaches to a session.

use std::{
    any::TypeId,
    borrow::Cow,
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use crate::foreign::Value;

/// Values attached to a session, by their type or by a name.
///
/// Interceptors add them during the handshake. The handler and any task can read and change them.
///
/// ```
/// use switchwire_core::Attributes;
///
/// #[derive(Debug, PartialEq)]
/// struct UserId(u64);
///
/// let attributes = Attributes::default();
/// attributes.insert(UserId(7));
/// attributes.insert_named("theme", "dark".to_owned());
/// assert_eq!(*attributes.get::<UserId>().unwrap(), UserId(7));
/// assert_eq!(*attributes.get_named::<String>("theme").unwrap(), "dark");
/// ```
#[derive(Default)]
pub struct Attributes {
    values: RwLock<HashMap<Key, Value>>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Type(TypeId),
    Name(Cow<'static, str>),
}

impl Attributes {
    /// Attaches a value by its type, and returns the one it replaced.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        self.put(Key::Type(TypeId::of::<T>()), value)
    }

    /// The value of this type.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.find(&Key::Type(TypeId::of::<T>()))
    }

    /// Removes and returns the value of this type.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.take(&Key::Type(TypeId::of::<T>()))
    }

    /// Attaches a value by a name, and returns the value it replaced if that has the same type.
    pub fn insert_named<T: Send + Sync + 'static>(
        &self,
        name: impl Into<Cow<'static, str>>,
        value: T,
    ) -> Option<Arc<T>> {
        self.put(Key::Name(name.into()), value)
    }

    /// The value of this name, if it has this type.
    #[must_use]
    pub fn get_named<T: Send + Sync + 'static>(&self, name: &str) -> Option<Arc<T>> {
        self.find(&Key::Name(Cow::Owned(name.to_owned())))
    }

    /// Removes and returns the value of this name, if it has this type.
    pub fn remove_named<T: Send + Sync + 'static>(&self, name: &str) -> Option<Arc<T>> {
        self.take(&Key::Name(Cow::Owned(name.to_owned())))
    }

    fn put<T: Send + Sync + 'static>(&self, key: Key, value: T) -> Option<Arc<T>> {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let old = values.insert(key, Value::new(value));
        drop(values); // after the lock: the `Drop` of a value may look at the others
        old?.take()
    }

    fn find<T: Send + Sync + 'static>(&self, key: &Key) -> Option<Arc<T>> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let value = values.get(key).cloned();
        drop(values);
        value?.take()
    }

    fn take<T: Send + Sync + 'static>(&self, key: &Key) -> Option<Arc<T>> {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let value = values.remove(key);
        drop(values);
        value?.take()
    }
}

impl fmt::Debug for Attributes {
    /// Shows the number of attributes, not their values: attributes may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Attributes")
            .field("len", &values.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_and_a_name_are_different_places() {
        let attributes = Attributes::default();
        attributes.insert(1_u32);
        attributes.insert_named("u32", 2_u32);
        assert_eq!(attributes.get::<u32>().as_deref(), Some(&1));
        assert_eq!(attributes.get_named::<u32>("u32").as_deref(), Some(&2));
        assert_eq!(attributes.get_named::<String>("u32"), None);
        assert_eq!(attributes.remove::<u32>().as_deref(), Some(&1));
        assert_eq!(attributes.get::<u32>(), None);
    }

    #[test]
    fn a_value_that_is_replaced_may_look_at_the_others() {
        struct Looks(Arc<Attributes>);
        impl Drop for Looks {
            fn drop(&mut self) {
                assert_eq!(self.0.get::<u32>().as_deref(), Some(&1));
            }
        }
        let attributes = Arc::new(Attributes::default());
        attributes.insert(1_u32);
        attributes.insert_named("it", Looks(attributes.clone()));
        attributes.insert_named("it", "of another type");
        assert_eq!(Arc::strong_count(&attributes), 1);
    }
}
