use std::{
    collections::VecDeque,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use futures_util::FutureExt;
use switchwire_core::{
    CloseOutcome, HandshakeRequest, SessionId, WebSocketMessage, WebSocketSession,
    WebSocketSettings,
    spi::{OutboundMessage, SessionPort},
};

use super::{members::SHARE, *};

/// A session without a driver, with room for one message.
fn session(number: u8) -> (WebSocketSession, SessionPort) {
    let (head, ()) = http::Request::new(()).into_parts();
    let info = HandshakeRequest::from(head).into_info(None);
    let settings = WebSocketSettings::builder().with_outbound_messages(1);
    let settings = Arc::new(settings.build().unwrap());
    SessionPort::open(SessionId::from_bytes([number; 16]), info, settings)
}

/// Makes this many sessions that are members.
fn joined(topic: &Topic, count: usize) -> (Vec<(WebSocketSession, SessionPort)>, Vec<Membership>) {
    let sessions: Vec<_> = (0..count).map(|n| session(n as u8)).collect();
    let join = |(session, _): &(WebSocketSession, _)| topic.join(&session.sender());
    let guards = sessions.iter().map(join).collect();
    (sessions, guards)
}

fn take(port: &SessionPort) -> Vec<WebSocketMessage> {
    let mut taken = VecDeque::new();
    let _ = port.take_outbound(&mut taken);
    let _ = port.written();
    let taken = taken.into_iter();
    taken.map(OutboundMessage::into_message).collect()
}

fn published(accepted: usize, missed: usize, gone: usize) -> Published {
    Published {
        accepted,
        missed,
        gone,
    }
}

#[test]
fn members_share_the_payload() {
    let topic = Topic::new();
    let (sessions, guards) = joined(&topic, 5);
    let payload = Bytes::from(vec![7; 1000]);
    assert_eq!(topic.publish_now(payload.clone()), published(5, 0, 0));
    for (_, port) in &sessions {
        assert_eq!(take(port)[0].payload().as_ptr(), payload.as_ptr());
    }
    drop(guards);
    assert_eq!(topic.publish_now("nobody hears"), published(0, 0, 0));
}

#[test]
fn a_full_member_delays_nobody_and_is_waited_for() {
    let topic = Topic::new();
    let [(slow, slow_port), (fast, fast_port)] = [session(1), session(2)];
    let _guards = [topic.join(&slow.sender()), topic.join(&fast.sender())];
    slow.sender().try_send("before").unwrap();
    assert_eq!(topic.publish_now("missed"), published(1, 1, 0));
    assert_eq!(take(&fast_port), ["missed".into()]);
    let mut publishing = Box::pin(topic.publish("waits"));
    assert!((&mut publishing).now_or_never().is_none());
    assert_eq!(take(&fast_port), ["waits".into()]);
    assert_eq!(take(&slow_port), ["before".into()]);
    assert_eq!(publishing.now_or_never(), Some(published(2, 0, 0)));
    assert_eq!(take(&slow_port), ["waits".into()]);
}

#[test]
fn whoever_leaves_or_ends_is_not_waited_for() {
    let topic = Topic::new();
    let [(leaver, _port), (ended, port)] = [session(1), session(2)];
    for session in [&leaver, &ended] {
        session.sender().try_send("full").unwrap();
    }
    let guard = topic.join(&leaver.sender());
    let _other = topic.join(&ended.sender());
    let mut publishing = Box::pin(topic.publish("too late"));
    assert!((&mut publishing).now_or_never().is_none());
    drop(guard);
    port.finish(CloseOutcome::TimedOut);
    let told = publishing.now_or_never().expect("nobody to wait for");
    assert_eq!(told, published(0, 0, 2));
    assert!(topic.is_empty());
}

#[test]
fn sessions_that_ended_are_forgotten_though_their_guards_are_kept() {
    let topic = Topic::new();
    let mut guards = Vec::new();
    for number in 0..=255 {
        let (session, port) = session(number);
        guards.push(topic.join(&session.sender()));
        port.finish(CloseOutcome::TimedOut);
    }
    let kept = topic.members.kept();
    assert!(kept <= 64, "{kept}");
    assert!(topic.is_empty());
    assert_eq!(topic.members.kept(), 0);
}

/// Polls once, like a runtime that has other tasks.
fn poll_once(publishing: &mut Pin<Box<impl Future<Output = Published>>>) -> Option<Published> {
    publishing.as_mut().now_or_never()
}

/// More members than two polls reach.
const MEMBERS: usize = 2 * SHARE + 100;

#[test]
fn one_poll_of_a_publisher_reaches_a_share_of_the_members() {
    let topic = Topic::new();
    let (sessions, mut guards) = joined(&topic, MEMBERS);
    let mut publishing = Box::pin(topic.publish("news"));
    let (mut reached, mut polls) = (0, 0);
    let told = loop {
        let told = poll_once(&mut publishing);
        polls += 1;
        let now: usize = sessions.iter().map(|(_, port)| take(port).len()).sum();
        assert!(now <= SHARE, "{now} members in one poll");
        reached += now;
        if let Some(told) = told {
            break told;
        }
        if polls == 1 {
            guards.pop(); // the last one leaves before its turn
            let (late, port) = session(1);
            guards.push(topic.join(&late.sender()));
            drop(port);
        }
    };
    assert_eq!((reached, told), (MEMBERS - 1, published(MEMBERS - 1, 0, 0)));
    assert_eq!(polls, MEMBERS.div_ceil(SHARE));
}

#[test]
fn one_poll_of_a_publisher_waits_with_a_share_of_the_members() {
    let topic = Topic::new();
    let (sessions, mut guards) = joined(&topic, MEMBERS);
    assert_eq!(topic.publish_now("before"), published(MEMBERS, 0, 0));
    let mut publishing = Box::pin(topic.publish("news"));
    for _ in 0..2 * MEMBERS.div_ceil(SHARE) {
        assert_eq!(poll_once(&mut publishing), None);
    }
    // All have room at once, except one that leaves.
    for (_, port) in &sessions[..MEMBERS - 1] {
        assert_eq!(take(port), ["before".into()]);
    }
    guards.pop();
    let mut reached = 0;
    let told = loop {
        let told = poll_once(&mut publishing);
        let reading = &sessions[..MEMBERS - 1];
        let now: usize = reading.iter().map(|(_, port)| take(port).len()).sum();
        assert!(now <= SHARE, "{now} members in one poll");
        reached += now;
        if let Some(told) = told {
            break told;
        }
    };
    assert_eq!((reached, told), (MEMBERS - 1, published(MEMBERS - 1, 0, 1)));
}

#[test]
fn who_publishes_in_a_loop_lets_others_run() {
    let topic = Topic::new();
    let publishing = async {
        for _ in 0..2 * SHARE {
            topic.publish("to nobody").await;
        }
    };
    assert_eq!(publishing.now_or_never(), None);
}

#[test]
fn gaps_are_told_to_members_once_and_as_one() {
    let topic = Topic::named("prices");
    topic.tell_gap(Gap::new(7)); // before any session joined
    let (_sessions, mut guards) = joined(&topic, 2);
    assert!(guards[0].gap().now_or_never().is_none());
    topic.tell_gap(Gap::new(2));
    topic.tell_gap(Gap::new(3));
    assert_eq!(guards[0].gap().now_or_never(), Some(Gap::new(5)));
    assert!(guards[0].gap().now_or_never().is_none());
    topic.tell_gap(Gap::new(None));
    assert_eq!(guards[0].gap().now_or_never(), Some(Gap::new(None)));
    topic.tell_gap(Gap::new(1));
    assert_eq!(guards[0].gap().now_or_never(), Some(Gap::new(1)));
    assert_eq!(guards[1].gap().now_or_never(), Some(Gap::new(None)));
}

#[test]
fn a_gap_wakes_those_who_wait_for_one() {
    let topic = Topic::new();
    let (_sessions, mut guards) = joined(&topic, 1);
    let mut gap = pin!(guards[0].gap());
    assert!(gap.as_mut().now_or_never().is_none());
    let (waker, count) = counting_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(gap.as_mut().poll(&mut cx).is_pending());
    topic.tell_gap(Gap::new(1));
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(gap.as_mut().poll(&mut cx), Poll::Ready(Gap::new(1)));
}

/// A topic of several machines, whose broker may be away.
struct Distributed {
    here: Topic,
    is_away: AtomicBool,
}

impl Distributed {
    fn check(&self) -> Result<(), BroadcastError> {
        match self.is_away.load(Ordering::Relaxed) {
            true => Err(BroadcastError::Unavailable("no route".into())),
            false => Ok(()),
        }
    }

    /// The broker goes away or comes back. When it comes back, messages may be missing.
    fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::Relaxed);
        if !is_away {
            self.here.tell_gap(Gap::new(None));
        }
    }
}

#[async_trait]
impl Broadcast for Distributed {
    fn name(&self) -> &str {
        self.here.name()
    }

    async fn join(&self, session: &WebSocketSender) -> Result<Membership, BroadcastError> {
        self.check()?;
        yield_now().await; // the broker confirms
        Ok(self.here.join(session))
    }

    async fn publish(&self, message: WebSocketMessage) -> Result<Published, BroadcastError> {
        self.check()?;
        Ok(self.here.publish(message).await)
    }

    fn publish_now(&self, message: WebSocketMessage) -> Result<Published, BroadcastError> {
        self.check()?;
        Ok(self.here.publish_now(message))
    }
}

#[test]
fn an_adapter_says_that_its_broker_is_away_and_tells_a_gap_when_it_is_back() {
    let topic = Distributed {
        here: Topic::named("prices"),
        is_away: AtomicBool::new(false),
    };
    let broadcast: &dyn Broadcast = &topic;
    assert_eq!(broadcast.name(), "prices");
    let (session, port) = session(1);
    let sender = session.sender();
    let mut joining = broadcast.join(&sender);
    assert!(
        joining.as_mut().now_or_never().is_none(),
        "the broker has not confirmed"
    );
    let mut membership = joining.now_or_never().unwrap().unwrap();
    let publish = |text: &'static str| broadcast.publish(text.into()).now_or_never().unwrap();
    assert_eq!(publish("1").unwrap(), published(1, 0, 0));
    topic.set_away(true);
    assert_eq!(
        publish("2").unwrap_err().to_string(),
        "the broker is not available"
    );
    assert!(broadcast.publish_now("3".into()).is_err());
    assert!(broadcast.join(&sender).now_or_never().unwrap().is_err());
    assert!(membership.gap().now_or_never().is_none());
    topic.set_away(false);
    assert_eq!(membership.gap().now_or_never(), Some(Gap::new(None)));
    assert_eq!(take(&port), ["1".into()]);
}

/// A waker that counts its wake-ups.
fn counting_waker() -> (Waker, Arc<AtomicUsize>) {
    struct Count(Arc<AtomicUsize>);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let count = Arc::<AtomicUsize>::default();
    (Arc::new(Count(count.clone())).into(), count)
}
