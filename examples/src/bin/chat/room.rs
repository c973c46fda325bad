//! Rooms: who is there, and what was said last.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use serde_json::value::RawValue;
use switchwire::{ByteString, HandlerError, Membership, Topic, WebSocketSender};

/// How many messages a room remembers, and how many bytes of them.
const HISTORY: usize = 100;
const HISTORY_BYTES: usize = 256 << 10;

/// How many rooms there may be before those that are empty are forgotten.
const MAX_ROOMS: usize = 1000;

/// What the page is sent. Every message has the number of the last one that was said, so that a gap shows.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToClient<'a> {
    /// First of all: who is there, and what was said since the last visit, or not all of it when `gap` is set.
    Welcome {
        epoch: u64,
        last: u64,
        you: &'a str,
        people: Vec<&'a str>,
        said: Vec<&'a RawValue>,
        gap: bool,
    },
    Said {
        last: u64,
        name: &'a str,
        text: &'a str,
        at: u64,
    },
    Joined {
        last: u64,
        name: &'a str,
        people: Vec<&'a str>,
    },
    Left {
        last: u64,
        name: &'a str,
        people: Vec<&'a str>,
    },
    Typing {
        last: u64,
        name: &'a str,
    },
}

/// All rooms, made when a user enters.
pub(crate) struct Rooms {
    /// Tells this run of the server from others, whose numbers mean nothing here.
    epoch: u64,
    rooms: Mutex<HashMap<String, Arc<Room>>>,
}

impl Rooms {
    pub(crate) fn new(epoch: u64) -> Self {
        Self {
            epoch,
            rooms: Mutex::default(),
        }
    }

    pub(crate) fn find(&self, name: &str) -> Arc<Room> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(name) {
            return room.clone();
        }
        if rooms.len() >= MAX_ROOMS {
            rooms.retain(|_, room| Arc::strong_count(room) > 1);
        }
        let room = Arc::new(Room {
            epoch: self.epoch,
            state: Mutex::default(),
        });
        rooms.insert(name.to_owned(), room.clone());
        room
    }
}

/// A room. What is published is published under the lock, in the order of its number.
pub(crate) struct Room {
    epoch: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    topic: Topic,
    /// How many sessions each person has.
    people: BTreeMap<String, usize>,
    /// The number of the last message that was said.
    last: u64,
    /// As they were sent, the latest last.
    said: VecDeque<ByteString>,
}

impl Room {
    /// Welcomes a session with what was said `since`, which is the `epoch.last` of what it heard last.
    pub(crate) fn enter(
        self: Arc<Self>,
        session: &WebSocketSender,
        name: &str,
        since: Option<&str>,
    ) -> Result<Visit, HandlerError> {
        let mut state = self.lock();
        let heard = since.and_then(|since| self.numbered(since));
        let missing = state.last - heard.unwrap_or_default().min(state.last);
        let kept = usize::try_from(missing)?.min(state.said.len());
        let said = state.said.iter().skip(state.said.len() - kept);
        let new = *state.people.get(name).unwrap_or(&0) == 0;
        let welcome = ToClient::Welcome {
            epoch: self.epoch,
            last: state.last,
            you: name,
            people: state
                .people
                .keys()
                .map(String::as_str)
                .chain(new.then_some(name))
                .collect(),
            said: said
                .map(|said| serde_json::from_str(said))
                .collect::<Result<_, _>>()?,
            gap: heard.is_some() && kept as u64 != missing,
        };
        session.try_send(serde_json::to_string(&welcome)?)?;
        *state.people.entry(name.to_owned()).or_default() += 1;
        if new {
            let (last, people) = (state.last, state.names());
            state.publish(&ToClient::Joined { last, name, people });
        }
        let membership = state.topic.join(session);
        drop(state);
        Ok(Visit {
            name: name.to_owned(),
            room: self,
            _membership: membership,
        })
    }

    /// The number in `epoch.number`, if it is of this run of the server.
    fn numbered(&self, since: &str) -> Option<u64> {
        let (epoch, number) = since.split_once('.')?;
        (epoch.parse() == Ok(self.epoch)).then(|| number.parse().ok())?
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn names(&self) -> Vec<&str> {
        self.people.keys().map(String::as_str).collect()
    }

    /// Encodes once for all, and waits for nobody: who has no room for it misses it.
    fn publish(&self, message: &ToClient<'_>) -> ByteString {
        let text = ByteString::from(serde_json::to_string(message).expect("it has string keys"));
        self.topic.publish_now(text.clone());
        text
    }
}

/// A session in a room; it leaves when this is dropped.
pub(crate) struct Visit {
    name: String,
    room: Arc<Room>,
    _membership: Membership,
}

impl Visit {
    /// Says something to everyone in the room, the speaker included.
    pub(crate) fn say(&self, text: &str, at: u64) {
        let mut state = self.room.lock();
        state.last += 1;
        let (last, name) = (state.last, self.name.as_str());
        let said = state.publish(&ToClient::Said {
            last,
            name,
            text,
            at,
        });
        state.said.push_back(said);
        let bytes = |said: &VecDeque<ByteString>| said.iter().map(|said| said.len()).sum::<usize>();
        while state.said.len() > HISTORY || bytes(&state.said) > HISTORY_BYTES {
            state.said.pop_front();
        }
    }

    pub(crate) fn typing(&self) {
        let state = self.room.lock();
        let (last, name) = (state.last, self.name.as_str());
        state.publish(&ToClient::Typing { last, name });
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.room.lock();
        let Some(sessions) = state.people.get_mut(&self.name) else {
            return;
        };
        *sessions -= 1;
        if *sessions == 0 {
            state.people.remove(&self.name);
            let (last, name, people) = (state.last, self.name.as_str(), state.names());
            state.publish(&ToClient::Left { last, name, people });
        }
    }
}
