use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::FutureExt;
use switchwire_core::{
    CloseOutcome, HandshakeRequest, SessionId, WebSocketMessage, WebSocketSession,
    WebSocketSettings, spi::SessionPort,
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

/// So many sessions that are members.
fn joined(topic: &Topic, count: usize) -> (Vec<(WebSocketSession, SessionPort)>, Vec<Membership>) {
    let sessions: Vec<_> = (0..count).map(|n| session(n as u8)).collect();
    let join = |(session, _): &(WebSocketSession, _)| topic.join(&session.sender());
    let guards = sessions.iter().map(join).collect();
    (sessions, guards)
}

fn take(port: &SessionPort) -> Vec<WebSocketMessage> {
    let mut taken = Default::default();
    let _ = port.take_outbound(&mut taken);
    let _ = port.written();
    taken.into()
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

/// Polls once, as a runtime does that has other tasks.
fn poll_once(publishing: &mut Pin<Box<impl Future<Output = Published>>>) -> Option<Published> {
    publishing.as_mut().now_or_never()
}

/// More than two polls reach.
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
    // All have room at once, but for one that leaves.
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
