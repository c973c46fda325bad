/// Nothing, everything, or a list; set by default or explicitly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowed<T> {
    any: bool,
    listed: Vec<T>,
    by_default: bool,
}

impl<T> Default for Allowed<T> {
    fn default() -> Self {
        Self {
            any: false,
            listed: Vec::new(),
            by_default: false,
        }
    }
}

impl<T: Clone + PartialEq> Allowed<T> {
    pub(super) fn default_any() -> Self {
        Self {
            any: true,
            listed: Vec::new(),
            by_default: true,
        }
    }

    pub(super) fn default_list(listed: Vec<T>) -> Self {
        Self {
            any: false,
            listed,
            by_default: true,
        }
    }

    pub(super) fn is_unset(&self) -> bool {
        !self.any && self.listed.is_empty()
    }

    pub(super) fn is_any(&self) -> bool {
        self.any
    }

    pub(super) fn is_default(&self) -> bool {
        self.by_default
    }

    pub(super) fn listed(&self) -> &[T] {
        &self.listed
    }

    pub(super) fn lists(&self, value: &T) -> bool {
        self.listed.contains(value)
    }

    /// Allows everything, explicitly.
    pub(super) fn allow_any(&mut self) {
        *self = Self {
            by_default: false,
            ..Self::default_any()
        };
    }

    /// Allows one more value, explicitly. It adds nothing to everything.
    pub(super) fn allow(&mut self, value: T) {
        self.by_default = false;
        if !self.any && !self.lists(&value) {
            self.listed.push(value);
        }
    }

    pub(super) fn combine(&self, other: &Self) -> Self {
        if other.is_unset() || (other.by_default && !self.is_unset()) {
            return self.clone();
        }
        if self.is_unset() || self.by_default {
            return other.clone();
        }
        let mut combined = self.clone();
        if other.any {
            combined.allow_any();
        }
        for value in &other.listed {
            combined.allow(value.clone());
        }
        combined
    }

    /// The value of a header that lists these values, if there are any.
    pub(super) fn to_list(&self, text: impl Fn(&T) -> &str) -> Option<String> {
        if self.any {
            return Some("*".to_owned());
        }
        let listed: Vec<_> = self.listed.iter().map(text).collect();
        (!listed.is_empty()).then(|| listed.join(", "))
    }
}
