//! Sessions of a client with a handler.

use std::{io, sync::mpsc};

use switchwire_core::{CloseCode, ConnectError, HandlerError, HandlerResult, WebSocketSession};

use crate::{
    ClientCase,
    case::ensure,
    requirements::*,
    wire::{Answer, Frame},
};

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::contract::handler_that_ends_closes_with_1000",
        &[&CLIENT_EXECUTE_1, &HANDLER_END_1],
        |client| {
            let mut listener = client.listen()?;
            let call = client.execute(
                listener.request("/")?,
                |session: WebSocketSession| async move {
                    session.send("done").await?;
                    Ok(())
                },
            );
            let (mut peer, _) = listener.switched()?;
            peer.expect_text("done")?;
            peer.expect_close(1000)?;
            call.expect_outcome("closed by this side: 1000")
        },
    ),
    ClientCase::new(
        "client::contract::handler_that_fails_closes_with_1011",
        &[&CLIENT_EXECUTE_1, &HANDLER_END_2],
        |client| {
            let mut listener = client.listen()?;
            let call = client.execute(listener.request("/")?, |session| async move {
                drop(session);
                Err(io::Error::other("secret").into())
            });
            let (mut peer, _) = listener.switched()?;
            let reason = peer.expect_close(1011)?;
            ensure(reason.is_empty(), "no reason", reason)?;
            call.expect_outcome("closed by this side: 1011")
        },
    ),
    ClientCase::new(
        "client::contract::error_of_a_handler_can_choose_the_status",
        &[&CLIENT_EXECUTE_1, &HANDLER_END_2],
        |client| {
            let mut listener = client.listen()?;
            let call = client.execute(listener.request("/")?, |session| async move {
                drop(session);
                Err(HandlerError::closing_with(
                    CloseCode::UNSUPPORTED_DATA,
                    "no",
                ))
            });
            let (mut peer, _) = listener.switched()?;
            peer.expect_close(1003)?;
            call.expect_outcome("closed by this side: 1003")
        },
    ),
    ClientCase::new(
        "client::contract::call_resolves_with_the_servers_close",
        &[&CLIENT_EXECUTE_1, &K17],
        |client| {
            let mut listener = client.listen()?;
            let call = client.execute(listener.request("/")?, echo);
            let (mut peer, _) = listener.switched()?;
            peer.send(&Frame::text("hello"));
            peer.expect_text("hello")?;
            peer.send(&Frame::close(1012, "restart"));
            peer.expect_close_answer(1012)?;
            call.expect_outcome("closed by the peer: 1012 (restart)")
        },
    ),
    ClientCase::new(
        "client::contract::call_resolves_with_an_abnormal_end",
        &[&CLIENT_EXECUTE_1, &K19],
        |client| {
            let mut listener = client.listen()?;
            let call = client.execute(
                listener.request("/")?,
                |mut session: WebSocketSession| async move {
                    drop(session.receive().await);
                    Ok(())
                },
            );
            let (mut peer, _) = listener.switched()?;
            peer.finish();
            call.expect_outcome("ended abnormally: Disconnected")
        },
    ),
    ClientCase::new(
        "client::contract::handler_is_not_called_without_a_session",
        &[&CLIENT_EXECUTE_1],
        |client| {
            let mut listener = client.listen()?;
            let (to, called) = mpsc::channel();
            let call = client.execute(listener.request("/")?, move |session| {
                let told = to.send(());
                async move {
                    drop((session, told));
                    Ok(())
                }
            });
            let (mut peer, _) = listener.asked()?;
            peer.answer(&Answer::status("403 Forbidden").whole_body("no"));
            call.expect_error("the error of a refusal", |it| {
                matches!(it, ConnectError::Refused(_))
            })?;
            ensure(
                called.try_recv().is_err(),
                "no call of the handler",
                "a call",
            )
        },
    ),
    ClientCase::new(
        "client::contract::dropped_call_drops_handler_and_connection",
        &[&CLIENT_DROP_1],
        |client| {
            let mut listener = client.listen()?;
            let (alive, dropped) = mpsc::channel::<()>();
            let call = client.execute(listener.request("/")?, move |session: WebSocketSession| {
                let alive = alive.clone();
                async move {
                    session.send("here").await?;
                    session.closed().await;
                    drop(alive);
                    Ok(())
                }
            });
            let (mut peer, _) = listener.switched()?;
            peer.expect_text("here")?;
            drop(call);
            peer.expect_end_unasked()?;
            let gone = dropped.recv_timeout(client.deadline());
            let fits = gone == Err(mpsc::RecvTimeoutError::Disconnected);
            ensure(fits, "the handler to be dropped", format_args!("{gone:?}"))
        },
    ),
];

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}
