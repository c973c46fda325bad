//! Limits how many sessions an endpoint has.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{handshake::HandshakeError, service::Endpoint};

/// Counts the sessions of an endpoint that has a limit.
#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// The key is one client: an IPv4 address, or the prefix of an IPv6 address.
    by_address: HashMap<IpAddr, usize>,
}

/// A permit for one session of an endpoint. The session gives it back when it is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives the permit back"]
pub struct SessionPermit {
    /// `None` when the endpoint has no limit.
    taken: Option<(Arc<Places>, Option<IpAddr>)>,
}

impl Endpoint {
    /// Takes a permit for one more session from this address, before the handshake is answered.
    ///
    /// Clones of an endpoint share its permits.
    ///
    /// - IPv6 addresses with the same prefix
    ///   ([`ipv6_prefix_length`](crate::WebSocketSettings::ipv6_prefix_length)) count as one
    ///   client.
    /// - An IPv4-mapped IPv6 address counts as its IPv4 address.
    /// - A connection without an address counts towards the limit of the endpoint only.
    ///
    /// # Errors
    /// [`HandshakeError::TooManySessions`] or [`HandshakeError::TooManyFromAddress`] when the
    /// settings allow no more sessions.
    pub fn acquire_permit(&self, address: Option<IpAddr>) -> Result<SessionPermit, HandshakeError> {
        let settings = self.settings();
        let (most, most_each) = (settings.max_sessions(), settings.max_sessions_per_address());
        if most.is_none() && most_each.is_none() {
            return Ok(SessionPermit { taken: None });
        }
        let address = address
            .map(|address| client(address, settings.ipv6_prefix_length()))
            .filter(|_| most_each.is_some());
        let mut taken = self.places().lock();
        if most.is_some_and(|most| taken.all >= most) {
            return Err(HandshakeError::TooManySessions);
        }
        if let Some(address) = address {
            let each = taken.by_address.get(&address).copied().unwrap_or_default();
            if most_each.is_some_and(|most| each >= most) {
                return Err(HandshakeError::TooManyFromAddress);
            }
            taken.by_address.insert(address, each + 1);
        }
        taken.all += 1;
        drop(taken);
        Ok(SessionPermit {
            taken: Some((self.places().clone(), address)),
        })
    }
}

/// The key of one client: an IPv4 address, or the first bits of an IPv6 address.
fn client(address: IpAddr, prefix_length: u8) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let rest = u128::BITS.saturating_sub(prefix_length.into());
            let mask = u128::MAX.checked_shl(rest).unwrap_or_default();
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl Places {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SessionPermit {
    fn drop(&mut self) {
        let Some((places, address)) = self.taken.take() else {
            return;
        };
        let mut taken = places.lock();
        taken.all -= 1;
        if let Some(address) = address
            && let Some(each) = taken.by_address.get_mut(&address)
        {
            *each -= 1;
            if *each == 0 {
                taken.by_address.remove(&address);
            }
        }
        if taken.all == 0 {
            taken.by_address = HashMap::new(); // releases the memory of a past rush
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::{session::WebSocketSession, settings::WebSocketSettings};

    fn endpoint(most: Option<usize>, each: Option<usize>) -> Endpoint {
        let settings = WebSocketSettings::builder()
            .with_max_sessions(most)
            .with_max_sessions_per_address(each);
        Endpoint::new(|_: WebSocketSession| async { Ok(()) })
            .with_settings(settings.build().unwrap())
    }

    #[test]
    fn a_place_is_given_back() {
        let endpoint = endpoint(Some(1), None);
        let permit = endpoint.clone().acquire_permit(None).unwrap();
        assert!(matches!(
            endpoint.acquire_permit(None),
            Err(HandshakeError::TooManySessions)
        ));
        drop(permit);
        assert!(endpoint.acquire_permit(None).is_ok());
    }

    #[test]
    fn addresses_are_counted_each_and_forgotten() {
        let endpoint = endpoint(None, Some(1));
        let [four, mapped, other] = ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"]
            .map(|text| Some(text.parse().unwrap()));
        let permit = endpoint.acquire_permit(four).unwrap();
        assert!(matches!(
            endpoint.acquire_permit(mapped),
            Err(HandshakeError::TooManyFromAddress)
        ));
        let others = [
            endpoint.acquire_permit(other).unwrap(),
            endpoint.acquire_permit(None).unwrap(),
        ];
        drop(permit);
        assert!(
            !endpoint
                .places()
                .lock()
                .by_address
                .contains_key(&four.unwrap())
        );
        assert!(endpoint.acquire_permit(mapped).is_ok());
        drop(others);
        assert_eq!(endpoint.places().lock().by_address.capacity(), 0);
    }

    #[test]
    fn addresses_of_one_ipv6_prefix_are_one_client() {
        let is_one = |length, one: &str, other: &str| {
            let [one, other] = [one, other].map(|text| client(text.parse().unwrap(), length));
            one == other
        };
        for (length, one, other, expected) in [
            (64, "2001:db8:1:2::1", "2001:db8:1:2:ffff::1", true),
            (64, "2001:db8:1:2::1", "2001:db8:1:3::1", false),
            (56, "2001:db8:1:200::1", "2001:db8:1:2ff::1", true),
            (128, "2001:db8::1", "2001:db8::2", false),
            (1, "::1", "7fff::", true),
            (1, "::1", "8000::", false),
            (64, "192.0.2.1", "192.0.2.2", false),
            (64, "192.0.2.1", "::ffff:192.0.2.1", true),
            (64, "::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        ] {
            assert_eq!(
                is_one(length, one, other),
                expected,
                "{one} and {other} by {length}"
            );
        }
    }

    #[test]
    fn no_race_gets_past_the_limit() {
        let endpoint = endpoint(Some(10), Some(10));
        let address = Some("192.0.2.1".parse().unwrap());
        let taken: Vec<_> = thread::scope(|scope| {
            let take = || {
                (0..100)
                    .flat_map(|_| endpoint.acquire_permit(address))
                    .collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(taken.len(), 10);
    }
}
