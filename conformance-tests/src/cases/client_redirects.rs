//! Redirects (RFC 9110 section 15.4).

use std::time::Duration;

use switchwire_core::{ConnectError, client::RedirectError};

use crate::{
    ClientCase, ClientSettings,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::{Answer, Asked, Client, settings},
};

pub(super) const CASES: &[ClientCase] = &[
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
        "client::rfc9110::redirect_is_followed_before_its_body",
        &[&CLIENT_REDIRECT_2],
        |client| {
            let patient = settings(|it| it.with_handshake_timeout(Duration::from_secs(600)));
            let mut listener = client.listen()?;
            let request = listener.request("/")?.with_settings(patient);
            let call = client.connect_with(following(1), request);
            let (mut first, _) = listener.asked()?;
            first.answer(&Answer::status("302 Found").and("Location", "/elsewhere"));
            let (mut peer, asked) = listener.asked()?;
            peer.answer(&Answer::switching(&asked));
            call.session().map(drop)
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

pub(super) fn following(redirects: usize) -> ClientSettings {
    ClientSettings {
        redirects,
        ..ClientSettings::default()
    }
}

pub(super) fn to(location: &str) -> Answer {
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
