//! Sessions with a handler, and redirects.

use std::{io, sync::mpsc};

use switchwire_core::{
    CloseCode, ConnectError, HandlerError, HandlerResult, RedirectError, WebSocketSession,
};

use crate::{
    ClientCase, ClientSettings,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Answer, Asked, Client, Frame},
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
    // Redirects.
    ClientCase::new(
        "client::rfc9110::redirect_is_an_answer_like_any_other",
        &[&CLIENT_REDIRECT_1, &C11],
        |client| {
            let mut listener = client.listen()?;
            let call = client.connect(listener.request("/")?);
            let (mut peer, _) = listener.asked()?;
            peer.answer(&to("/elsewhere"));
            let answer = call.expect_refusal(302)?;
            let location = answer.headers().get("location");
            ensure(location.is_some(), "Location", format_args!("{answer:?}"))?;
            listener.expect_nobody()
        },
    ),
    ClientCase::new(
        "client::rfc9110::redirect_is_followed_when_asked_for",
        &[&CLIENT_REDIRECT_1],
        |client| {
            let asked = redirected(client, "/elsewhere?x=1", None)?;
            ensure(asked.target() == "/elsewhere?x=1", "/elsewhere?x=1", &asked)
        },
    ),
    ClientCase::new(
        "client::rfc9110::redirect_to_the_same_origin_keeps_headers",
        &[&C23],
        |client| {
            let asked = redirected(client, "/elsewhere", None)?;
            let kept = asked.header("authorization") == Some("Bearer secret");
            ensure(
                kept && asked.header("cookie") == Some("a=1"),
                "Authorization and Cookie",
                &asked,
            )
        },
    ),
    ClientCase::new(
        "client::rfc9110::redirect_to_another_origin_carries_no_credentials",
        &[&C23],
        |client| {
            let asked = redirected(client, "/x", Some("http"))?;
            let names = ["authorization", "cookie", "proxy-authorization"];
            let none = names.iter().all(|name| asked.header(name).is_none());
            ensure(none, "no credentials", &asked)
        },
    ),
    ClientCase::new(
        "client::rfc9110::redirects_end_at_their_number",
        &[&CLIENT_REDIRECT_1],
        |client| {
            let mut listener = client.listen()?;
            let call = client.connect_with(following(2), listener.request("/")?);
            for _ in 0..3 {
                let (mut peer, _) = listener.asked()?;
                peer.answer(&to("/again"));
            }
            let is_last = |it: &ConnectError| {
                matches!(
                    it,
                    ConnectError::Redirect {
                        source: RedirectError::TooMany,
                        ..
                    }
                )
            };
            call.expect_error("the error of too many redirects", is_last)?;
            listener.expect_nobody()
        },
    ),
    ClientCase::new(
        "client::rfc9110::redirect_to_another_scheme_fails",
        &[&C8, &C23],
        |client| {
            let mut listener = client.listen()?;
            let call = client.connect_with(following(2), listener.request("/")?);
            let (mut peer, _) = listener.asked()?;
            peer.answer(&to(&format!("ftp://{}/", listener.address())));
            let is = |it: &ConnectError| matches!(it, ConnectError::Redirect { .. });
            call.expect_error("the error of a redirect", is)?;
            listener.expect_nobody()
        },
    ),
];

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

fn following(redirects: usize) -> ClientSettings {
    ClientSettings {
        redirects,
        ..ClientSettings::default()
    }
}

fn to(location: &str) -> Answer {
    Answer::status("302 Found")
        .and("Location", location)
        .whole_body("")
}

/// Sends a request with credentials, and redirects it to a path here, or at another port; what is asked there.
fn redirected(client: &Client<'_>, path: &str, elsewhere: Option<&str>) -> Verdict<Asked> {
    let (mut first, mut second) = (client.listen()?, client.listen()?);
    let request = first
        .request("/")?
        .with_header("authorization", "Bearer secret")?;
    let request = request.with_header("proxy-authorization", "Basic c2VjcmV0")?;
    let call = client.connect_with(following(3), request.with_cookie("a", "1")?);
    let (mut peer, _) = first.asked()?;
    let (target, location) = match elsewhere {
        Some(scheme) => {
            let location = format!("{scheme}://{}{path}", second.address());
            (&mut second, location)
        }
        None => (&mut first, path.to_owned()),
    };
    peer.answer(&to(&location));
    let (mut peer, asked) = target.asked()?;
    peer.answer(&Answer::switching(&asked));
    call.session().map_err(|failure| Failure {
        expected: "a session where the redirect leads".into(),
        ..failure
    })?;
    Ok(asked)
}
