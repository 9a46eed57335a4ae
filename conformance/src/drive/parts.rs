//! The kit's part in each driven session.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::{
    ANEW, ANSWER, AT_ONCE, CONN, ELSEWHERE, FOR_THE_NEW, FORBIDDEN, Gone, INJECTION, Kit,
    LARGE_QUERY, LAST, LAST_OF_MANY, LOST, OTHER_CHANNEL, OTHER_QUERY, OTHER_SUB, PATIENCE, PLAIN,
    QUERY, QUOTES, SLOW, STAYS_AWAY, SUB, TOLD, UNANSWERED, WRONG_QUERY, long_post, swapped,
};
use crate::driver::{Answer, Auth, AuthKind, Facts, Op};
use glimesh_mock::CHANNEL_ID;

/// How long nothing has to be told before the kit takes it that nothing comes.
const SILENCE: Duration = Duration::from_millis(700);

/// For how long the client is kept busy, in its heartbeat seconds: two heartbeats of one that beats every 30 s fit in.
const BUSY: Duration = Duration::from_secs(65);

/// How often it is asked meanwhile, in the same.
const OFTEN: Duration = Duration::from_secs(2);

/// How long a client is waited for that may come back by itself, for all that the adapter says.
const MAYBE: Duration = Duration::from_secs(3);

/// Plays the kit's part of a session to its end.
pub(crate) async fn play(kit: &Kit<'_>) {
    let part = async {
        let again = kit.scenario == "driven-again";
        let facts = kit.open(again).await?;
        kit.subscribe(SUB, &CHANNEL_ID.to_string()).await?;
        match kit.scenario.as_str() {
            "driven-busy" => busy(kit).await,
            "driven-posts" => posts(kit).await,
            "driven-again" => begins_again(kit, facts).await,
            "driven-gone" => goes_for_good(kit, facts).await,
            "driven-messages" => messages(kit).await,
            "driven-reader" | "driven-no-scope" => reads(kit).await,
            // Whoever takes no such message may end the connection: nothing else is asked in this session.
            "driven-large" => kit.query(LARGE_QUERY).await,
            _ => Ok(()),
        }
    };
    // A client that does not go along is judged by what it did.
    let _: Result<(), Gone> = part.await;
}

async fn busy(kit: &Kit<'_>) -> Result<(), Gone> {
    let rate = kit.clock.rate();
    let until = Instant::now() + BUSY / rate;
    let mut next = Instant::now();
    while next < until {
        kit.query(QUERY.0).await?;
        next += OFTEN / rate;
        sleep_until(next).await;
    }
    kit.hears(LAST_OF_MANY).await;
    Ok(())
}

async fn posts(kit: &Kit<'_>) -> Result<(), Gone> {
    for text in [PLAIN, QUOTES, INJECTION, &long_post(), SLOW] {
        kit.post(text).await?;
    }
    kit.post_in(OTHER_CHANNEL, ELSEWHERE, ANSWER).await?;
    let [one, two] = swapped();
    both(kit.post(&one), kit.post(&two)).await?;
    kit.query(QUERY.0).await?;
    kit.query(WRONG_QUERY).await?;
    both(kit.query(AT_ONCE), kit.query(OTHER_QUERY.0)).await?;
    kit.post_within(UNANSWERED, PATIENCE).await.map(drop)
}

async fn both<T>(
    one: impl Future<Output = Result<T, Gone>>,
    two: impl Future<Output = Result<T, Gone>>,
) -> Result<(), Gone> {
    let (one, two) = tokio::join!(one, two);
    one.and(two).map(drop)
}

/// The connection is lost, then the channel, and then the token is good no more.
async fn begins_again(kit: &Kit<'_>, facts: Facts) -> Result<(), Gone> {
    let alone = alone(&facts);
    let join = || Op::Join { conn: CONN.to_owned() };
    if let Some(Answer::Unsupported(_)) = kit.post(LOST).await? {
        // Then the connection does not end by the post.
        kit.disconnect().await?;
    }
    if !kit.reaches("reached:subscribed", 2, alone).await {
        let (url, auth) = kit.given();
        kit.connect(url, auth, true).await?;
        kit.must(join(), ANSWER).await?;
        kit.subscribe(SUB, &CHANNEL_ID.to_string()).await?;
    }
    kit.hears(FOR_THE_NEW).await;
    kit.reaches("step:phx_error", 1, TOLD).await;
    if !kit.reaches("reached:join", 1, alone.min(MAYBE)).await {
        // Whoever has just joined by itself says so, which is no harm.
        kit.ask(join(), ANSWER).await?;
    }
    kit.post(ANEW).await?;
    kit.reaches("step:revoke_credentials", 1, TOLD).await;
    kit.disconnect().await?;
    let Some(token) = kit.server.another_token() else { return Ok(()) };
    let url = kit.server.url_with_token(&token);
    kit.connect(url, Auth { kind: AuthKind::Token, value: token }, true).await
}

/// The connection is lost, and while the server refuses another one, nobody wants it any more.
async fn goes_for_good(kit: &Kit<'_>, facts: Facts) -> Result<(), Gone> {
    kit.reaches("step:cut", 1, TOLD).await;
    if kit.reaches("refused", 1, alone(&facts)).await {
        return disconnects(kit).await;
    }
    let connects = async {
        let (url, auth) = kit.given();
        // It is refused, and may be tried again and again until somebody says no.
        let _: Result<(), Gone> = kit.connect(url, auth, false).await;
        Ok(())
    };
    let refused = async {
        kit.reaches("refused", 1, TOLD).await;
        disconnects(kit).await
    };
    both(connects, refused).await
}

async fn disconnects(kit: &Kit<'_>) -> Result<(), Gone> {
    kit.disconnect().await?;
    sleep(STAYS_AWAY).await;
    Ok(())
}

/// For how long a client is waited for that says so of itself.
const fn alone(facts: &Facts) -> Duration {
    match facts.reconnects {
        Some(true) => TOLD,
        None => MAYBE,
        Some(false) => Duration::ZERO,
    }
}

async fn messages(kit: &Kit<'_>) -> Result<(), Gone> {
    kit.subscribe(OTHER_SUB, OTHER_CHANNEL).await?;
    kit.hears(LAST).await;
    sleep(SILENCE).await;
    let (conn, sub) = (CONN.to_owned(), SUB.to_owned());
    kit.ask(Op::Unsubscribe { conn, sub }, ANSWER).await?;
    Ok(())
}

async fn reads(kit: &Kit<'_>) -> Result<(), Gone> {
    kit.post(FORBIDDEN).await?;
    // Long enough for whoever tries again.
    sleep(Duration::from_secs(3)).await;
    kit.query(QUERY.0).await?;
    kit.ask(Op::NoSuchOp, ANSWER).await?;
    Ok(())
}
