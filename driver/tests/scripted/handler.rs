use std::{
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

use switchwire_core::{
    CloseCode, CloseStatus, HandlerError, HandlerResult, WebSocketMessage, WebSocketSender,
    WebSocketSession, spi::SharedMessage,
};
use tokio::time::sleep;

use super::{
    choices::Choices,
    setting::TICK,
    world::{Event, World},
};

/// What the handler does, one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Receive(usize),
    Echo(usize),
    Send {
        count: usize,
        size: usize,
    },
    TrySend,
    Ping,
    Flush,
    Close,
    Closed,
    ShuttingDown,
    Sleep(u32),
    /// Wakes itself so often.
    Yield(usize),
    /// Waits until the script says so.
    Gate,
    DropSession,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    Echo,
    Receive,
    Return,
    Fail,
    Panic,
    PanicInDrop,
    Hang,
}

#[derive(Debug, Clone)]
pub(super) struct Plan {
    acts: Vec<Act>,
    ending: Ending,
}

impl Plan {
    pub(super) fn choose(choices: &mut Choices<'_>) -> Self {
        let ending = choices.of(&[
            Ending::Echo,
            Ending::Receive,
            Ending::Return,
            Ending::Fail,
            Ending::Panic,
            Ending::PanicInDrop,
            Ending::Hang,
        ]);
        let acts = choices.below(12);
        let acts = (0..acts).map(|_| Act::choose(choices)).collect();
        Self { acts, ending }
    }
}

impl Act {
    fn choose(choices: &mut Choices<'_>) -> Self {
        match choices.below(13) {
            0 => Self::Receive(choices.of(&[1, 3, 300])),
            1 => Self::Echo(choices.of(&[1, 10, 5_000])),
            2 => Self::Send {
                count: choices.of(&[1, 5, 40, 3_000]),
                size: choices.of(&[4, 100, 700, 9_000, 70_000]),
            },
            3 => Self::TrySend,
            4 => Self::Ping,
            5 => Self::Flush,
            6 => Self::Close,
            7 => Self::Closed,
            8 => Self::ShuttingDown,
            9 => Self::Sleep(choices.of(&[1, 3, 20])),
            10 => Self::Yield(choices.of(&[1, 20, 200])),
            11 => Self::Gate,
            _ => Self::DropSession,
        }
    }
}

/// A handler that follows its plan, whose polls and end the world sees.
pub(super) fn handler(
    world: World,
    plan: Plan,
) -> impl Fn(WebSocketSession) -> Seen + Send + Sync + 'static {
    move |session| Seen {
        world: world.clone(),
        future: Some(Box::pin(play(world.clone(), plan.clone(), session))),
    }
}

pub(super) struct Seen {
    world: World,
    future: Option<Pin<Box<dyn Future<Output = HandlerResult> + Send>>>,
}

impl Future for Seen {
    type Output = HandlerResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<HandlerResult> {
        self.world.note(Event::Polled);
        let future = self.future.as_mut().expect("it was not dropped");
        future.as_mut().poll(cx)
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.world.note(Event::Dropped);
        self.future = None; // which may panic
    }
}

/// What panics when it is dropped, unless that is during a panic.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_quietly();
        }
    }
}

/// Without the panic hook, which ends a fuzzer.
fn panic_quietly() {
    resume_unwind(Box::new("on purpose"));
}

async fn play(world: World, plan: Plan, session: WebSocketSession) -> HandlerResult {
    let sender = session.sender();
    let mut session = Some(session);
    for act in plan.acts {
        match act {
            Act::Receive(count) => receive(&world, &mut session, count).await,
            Act::Echo(count) => echo(&world, &mut session, count).await,
            Act::Send { count, size } => {
                for _ in 0..count {
                    if !send(&world, &sender, size).await {
                        break;
                    }
                }
            }
            Act::TrySend => drop(sender.try_send(vec![u8::MAX; 50])),
            Act::Ping => drop(sender.send(WebSocketMessage::Ping("?".into())).await),
            Act::Flush => drop(sender.flush().await),
            Act::Close => drop(sender.close(CloseCode::NORMAL)),
            Act::Closed => drop(sender.closed().await),
            Act::ShuttingDown => sender.shutting_down().await,
            Act::Sleep(ticks) => sleep(ticks * TICK).await,
            Act::Yield(count) => {
                for _ in 0..count {
                    yield_at_once().await;
                }
            }
            Act::Gate => world.gate().await,
            Act::DropSession => session = None,
        }
    }
    match plan.ending {
        Ending::Echo => echo(&world, &mut session, usize::MAX).await,
        Ending::Receive => receive(&world, &mut session, usize::MAX).await,
        Ending::Return => {}
        Ending::Fail => {
            let status = CloseStatus::new(CloseCode::new(4_001)?, "no")?;
            return Err(HandlerError::closing_with(status, "the plan says so"));
        }
        Ending::Panic => panic_quietly(),
        Ending::PanicInDrop => {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
        }
        Ending::Hang => std::future::pending().await,
    }
    Ok(())
}

async fn receive(world: &World, session: &mut Option<WebSocketSession>, count: usize) {
    for _ in 0..count {
        if next(world, session).await.is_none() {
            break;
        }
    }
}

async fn echo(world: &World, session: &mut Option<WebSocketSession>, count: usize) {
    for _ in 0..count {
        let (Some(message), Some(session)) = (next(world, session).await, session.as_ref()) else {
            break;
        };
        if !send(world, &session.sender(), message.len().max(4)).await {
            break;
        }
    }
}

async fn next(world: &World, session: &mut Option<WebSocketSession>) -> Option<WebSocketMessage> {
    let message = session.as_mut()?.receive().await.ok()??;
    world.note(Event::Received(&message));
    Some(message)
}

/// Sends a message that carries its number; false when nothing can be sent any more.
async fn send(world: &World, sender: &WebSocketSender, size: usize) -> bool {
    let mut payload = vec![0; size];
    let number = world.next_number();
    payload[..4].copy_from_slice(&number.to_be_bytes());
    // Every other message is one that others might send, too.
    let sent = match number % 2 {
        0 => sender.send(payload).await,
        _ => sender.send_shared(SharedMessage::new(payload.into())).await,
    };
    let sent = sent.is_ok();
    if sent {
        world.note(Event::Sent);
    }
    sent
}

/// Wakes its waker at once; that of tokio may put it off.
async fn yield_at_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
