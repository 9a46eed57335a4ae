//! A small client that does what a client must, and never gives up: for tests of scenarios.

use std::net::SocketAddr;
use std::time::Duration;

use glimesh_mock::recording::line::{Line, RawFrame, Seen};
use tokio::time::{Instant, sleep};

/// How long it waits before it connects anew.
const AGAIN: Duration = Duration::from_millis(50);

/// How often it beats.
const BEAT: Duration = Duration::from_millis(100);

/// How long it waits for any answer before it connects anew.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// How long a connection may be without a word, beats and their replies among them.
const SILENCE: Duration = Duration::from_secs(6);

const CONTROL: &str = "__absinthe__:control";

/// Connects, joins, subscribes and beats until it is dropped.
pub(crate) async fn run(addr: SocketAddr, target: String) {
    let mut connection = 0;
    loop {
        connection += 1;
        if let Ok(mut line) = Line::dial(addr).await {
            talk(&mut line, &target, connection).await;
        }
        sleep(AGAIN).await;
    }
}

async fn talk(line: &mut Line, target: &str, connection: u32) {
    line.send(super::raw::upgrade_request(target).as_bytes()).await;
    let answer = line.next_at(SILENCE).await;
    if !matches!(answer, Some((_, Seen::Http { status: 101, .. }))) {
        return;
    }
    let join_ref = format!("j{connection}");
    let join = format!(r#"["{join_ref}","{join_ref}","{CONTROL}","phx_join",{{}}]"#);
    let subscribe = format!(
        r#"["{join_ref}","s","{CONTROL}","doc",{{"query":"subscription{{chatMessage(channelId:6){{id message user{{username}}}}}}"}}]"#
    );
    line.frame(&RawFrame::text(&join)).await;
    let (mut beat_at, mut heard_at) = (Instant::now() + BEAT, Instant::now());
    let (mut asked_at, mut subscribed) = (Instant::now(), false);
    let mut beats = 0;
    loop {
        let wait = beat_at.saturating_duration_since(Instant::now());
        let seen = line.next_at(wait).await.map(|(_, seen)| seen);
        if beat_at <= Instant::now() {
            beats += 1;
            let beat = format!(r#"[null,"b{beats}","phoenix","heartbeat",{{}}]"#);
            line.frame(&RawFrame::text(&beat)).await;
            beat_at = Instant::now() + BEAT;
        }
        if seen.is_some() {
            heard_at = Instant::now();
        }
        match seen {
            Some(Seen::Text(text)) if !subscribed && is_joined(&text, &join_ref) => {
                line.frame(&RawFrame::text(&subscribe)).await;
                subscribed = true;
            }
            Some(Seen::Text(text)) if text.contains(CONTROL) && is_gone(&text) => return,
            Some(Seen::Ping(payload)) => line.frame(&RawFrame::new(10, payload)).await,
            Some(Seen::Close { .. }) => {
                return line.frame(&RawFrame::new(8, 1000_u16.to_be_bytes())).await;
            }
            Some(Seen::Eof | Seen::Malformed(_)) => return,
            _ => {}
        }
        if !subscribed && asked_at.elapsed() > PATIENCE * 3 {
            asked_at = Instant::now();
            line.frame(&RawFrame::text(&join)).await;
        }
        if heard_at.elapsed() > SILENCE {
            return;
        }
    }
}

fn is_joined(text: &str, join_ref: &str) -> bool {
    let reply = format!(r#""{join_ref}","{CONTROL}","phx_reply""#);
    text.contains(&reply) && text.contains(r#""status":"ok""#)
}

fn is_gone(text: &str) -> bool {
    text.contains("phx_error") || text.contains("phx_close") || text.contains("unmatched topic")
}
