//! `/api/oauth/token` over a real port: a token is asked for, and used.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use glimesh_mock::{CLIENT_ID, CLIENT_SECRET, MockServer};
use raw::{Line, Seen};
use serde_json::{Value, json};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

#[tokio::test]
async fn granted_token_opens_the_socket_and_posts() {
    let server = MockServer::start().await.expect("a port is free");
    assert_eq!(server.oauth_url(), format!("http://{}/api/oauth/token", server.addr()));
    let form = format!(
        "grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&scope=public%20chat"
    );
    let (status, mut token) = post(&server, FORM, &form).await;
    assert_eq!(status, 200, "{token}");
    let access = token["access_token"].take().as_str().expect("it is text").to_owned();
    let created_at = token["created_at"].take();
    assert_eq!(created_at.as_str().expect("it is text").len(), "2021-01-31T18:27:36".len());
    assert_eq!(
        token,
        json!({"access_token": null, "created_at": null, "expires_in": 21600,
               "refresh_token": null, "scope": "public chat", "token_type": "bearer"})
    );
    let target = format!("/api/graph/websocket?vsn=2.0.0&token={access}");
    let mut line = Line::open(server.addr(), &target).await;
    line.text(r#"["1","1","__absinthe__:control","phx_join",{}]"#).await;
    line.next_text().await;
    line.text(r#"["1","2","__absinthe__:control","doc",{"query":"mutation{createChatMessage(channelId:6,message:{message:\"x\"}){user{username}}}"}]"#).await;
    assert!(line.next_text().await.contains(r#""username":"Mytho""#));
    drop(line);
    let transcript = serde_json::to_string(&server.stop().await.entries).expect("it is JSON");
    assert!(!transcript.contains(&access), "a granted token is a secret, too");
    assert!(transcript.contains(r#"["token","<token>"]"#), "{transcript}");
}

#[tokio::test]
async fn json_and_basic_credentials_are_taken_too() {
    let server = MockServer::start().await.expect("a port is free");
    let body = json!({"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET});
    let (status, token) =
        post(&server, "Content-Type: application/json\r\n", &body.to_string()).await;
    assert_eq!((status, &token["scope"]), (200, &json!("public")));
    // The client id and the secret, as BASE64(ID:SECRET).
    let basic = format!(
        "{FORM}Authorization: Basic NGQ0ZTRmNTAtMDAwMS00MDAwLTgwMDAtMDAwMDAwMDAwMDAxOnNlY3JldF9vZl9teXRobw==\r\n"
    );
    let (status, again) = post(&server, &basic, "grant_type=client_credentials").await;
    assert_eq!((status, &again["access_token"]), (200, &token["access_token"]));
}

#[tokio::test]
async fn refusals_say_what_is_wrong() {
    let server = MockServer::start().await.expect("a port is free");
    let with = |rest: &str| format!("grant_type=client_credentials&{rest}");
    let good = format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    check(&server, FORM, "", 400, "invalid_request", "grant_type is missing; found nothing").await;
    check(
        &server,
        FORM,
        &with(""),
        400,
        "invalid_request",
        "client_id is missing; found grant_type",
    )
    .await;
    let no_secret = with(&format!("client_id={CLIENT_ID}"));
    check(&server, FORM, &no_secret, 400, "invalid_request", "client_secret is missing").await;
    let password = format!("grant_type=password&{good}");
    check(&server, FORM, &password, 400, "unsupported_grant_type", "\"password\" is not served")
        .await;
    let wrong = with(&format!("client_id={CLIENT_ID}&client_secret=wrong"));
    check(&server, FORM, &wrong, 401, "invalid_client", "no client has this").await;
    let scope = with(&format!("{good}&scope=admin"));
    check(&server, FORM, &scope, 400, "invalid_scope", "there is no scope \"admin\"").await;
    check(&server, "", &with(&good), 400, "invalid_request", "Content-Type").await;
    let json = "Content-Type: application/json\r\n";
    check(&server, json, "[]", 400, "invalid_request", "no JSON object").await;
}

async fn check(
    server: &MockServer,
    headers: &str,
    body: &str,
    status: u16,
    error: &str,
    described: &str,
) {
    let (found, answer) = post(server, headers, body).await;
    assert_eq!((found, answer["error"].as_str()), (status, Some(error)), "{answer}");
    let description = answer["error_description"].as_str().expect("it is text");
    assert!(description.contains(described), "{description}");
}

async fn post(server: &MockServer, headers: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let request = format!(
        "POST /api/oauth/token HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    let mut line = Line::dial(server.addr()).await;
    line.send(request.as_bytes()).await;
    let Seen::Http { status, headers, body } = line.next().await else { panic!("no answer") };
    assert!(headers.contains(&("cache-control".to_owned(), "no-store".to_owned())));
    (status, serde_json::from_str(&body).expect("the answer is JSON"))
}
