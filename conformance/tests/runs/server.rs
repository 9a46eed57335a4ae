//! `glimesh-conformance server`, against the mock as a server that runs.

use glimesh_mock::{MockServer, Profile};
use serde_json::Value;
use tokio::process::Command;

/// Exit code, standard output, and standard error with the server's address replaced.
async fn ask(server: &MockServer, flags: &[&str]) -> (i32, String, String) {
    let host = server.addr().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"));
    command.args(["server", &format!("ws://{host}/api/graph/websocket?vsn=2.0.0")]).args(flags);
    let output = command.output().await.expect("it can be started");
    let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8").replace(&host, "HOST:PORT");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

async fn serve(profile: Profile, control: bool) -> MockServer {
    let server = MockServer::builder().profile(profile).control(control);
    server.start().await.expect("a port is free")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_the_world_is_played_with_control_alone() {
    let server = serve(Profile::phoenix(), true).await;
    let push = ["--category", "push,lifecycle"];
    let (code, _, shown) = ask(&server, &[&push[..], &["--control"]].concat()).await;
    assert_eq!(code, 0, "{shown}");
    insta::assert_snapshot!(shown, @r#"
    recordings of the real server, played on HOST:PORT

    category     same  different  listed  not played
    push           29          0       0           0
    lifecycle      12          0       0           2
    all            41          0       0           2

    not played
         2  it stops the server
    "#);
    let (code, _, shown) = ask(&server, &push).await;
    assert_eq!(code, 0, "{shown}");
    insta::assert_snapshot!(shown, @r#"
    recordings of the real server, played on HOST:PORT

    category     same  different  listed  not played
    push            0          0       0          29
    lifecycle       5          0       0           9
    all             5          0       0          38

    not played
        29  it needs a world that nobody has changed
         7  it needs something done inside the server
         2  it stops the server
            --control plays what changes the world, on a server that takes orders:
              glimesh-mock serve --control
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn difference_is_shown_in_full_and_counted_apart_where_it_is_known() {
    let server = serve(Profile::glimesh(), false).await;
    let record = ["--record", "doc/q_channel_arg_username_old"];
    let (code, _, shown) = ask(&server, &[&record[..], &["--profile", "phoenix"]].concat()).await;
    assert_eq!(code, 1, "{shown}");
    insta::assert_snapshot!(shown, @r#"
    recordings of the real server, played on HOST:PORT

    category     same  different  listed  not played
    doc             0          1       0           0
    all             0          1       0           0

    doc/q_channel_arg_username_old: query {channel(username:"Mytho"){id}}
      step      2, connection a: text ["1","5","__absinthe__:control","doc",{"query"
                :"{channel(username:\"Mytho\"){id}}"}]
      expected  ["1","5","__absinthe__:control","phx_reply",{"response":{"errors":[{
                "locations":[{"column":10,"line":1}],"message":"Unknown argument
                \"username\" on field \"channel\" of type
                \"RootQueryType\"."}]},"status":"error"}]
      actual    ["1","5","__absinthe__:control","phx_reply",{"response":{"data":{"ch
                annel":{"id":"6"}}},"status":"ok"}]
    "#);
    let (code, told, _) = ask(&server, &[&record[..], &["--format", "json"]].concat()).await;
    assert_eq!(code, 0, "{told}");
    let told: Value = serde_json::from_str(&told).expect("it is JSON");
    assert_eq!(told["all"]["listed"], 1);
    assert_eq!(told["records"][0]["outcome"], "listed");
    assert_eq!(told["records"][0]["differences"][0]["step"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_and_absent_servers_have_their_own_codes() {
    let server = serve(Profile::glimesh(), false).await;
    let check = async |flags: &[&str], code: i32, message: &str| {
        let (found, _, shown) = ask(&server, flags).await;
        assert_eq!(found, code, "{shown}");
        assert!(shown.contains(message), "{shown}");
    };
    check(&["--record", "join/norma"], 2, "did you mean join/normal?").await;
    check(&["--category", "joins"], 2, "there is no category \"joins\"; there are connect,").await;
    check(&["--control"], 2, "HOST:PORT takes no orders").await;
    check(&["--category", "timing"], 4, "--slow plays it").await;
    let addr = server.addr();
    server.stop().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"));
    let output = command.args(["server", &format!("ws://{addr}")]).output().await;
    assert_eq!(output.expect("it can be started").status.code(), Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn server_with_tls_is_asked_by_whoever_trusts_its_authority() {
    let server = MockServer::builder().profile(Profile::phoenix()).control(true).tls(true);
    let server = server.start().await.expect("a port is free");
    let ca_file = server.ca_file().expect("it speaks TLS").to_owned();
    let url = server.url();
    let ask = async |flags: &[&str], environment: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"));
        command.env_remove("SSL_CERT_FILE").envs(environment.iter().copied());
        command
            .args(["server", &url, "--category", "join,push,lifecycle", "--control"])
            .args(flags);
        let output = command.output().await.expect("it can be started");
        let shown = String::from_utf8(output.stderr).expect("it is UTF-8");
        (output.status.code(), shown)
    };
    let ca = ca_file.to_str().expect("it is UTF-8");
    let (code, by_flag) = ask(&["--ca", ca], &[]).await;
    assert_eq!(code, Some(0), "{by_flag}");
    let total = by_flag.lines().find(|line| line.starts_with("all ")).expect("a table");
    let (code, by_environment) = ask(&[], &[("SSL_CERT_FILE", ca)]).await;
    assert_eq!(code, Some(0), "{by_environment}");
    assert!(by_environment.contains(total), "{by_environment}");
    let (code, nobody) = ask(&[], &[]).await;
    assert_eq!(code, Some(2), "{nobody}");
    assert!(nobody.contains("wss needs to know whom to trust: --ca FILE"), "{nobody}");
    let (code, no_file) = ask(&["--ca", "no/such.pem"], &[]).await;
    assert_eq!(code, Some(2), "{no_file}");
    let other = MockServer::builder().tls(true).start().await.expect("a port is free");
    let other = other.ca_file().expect("it speaks TLS").to_str().expect("it is UTF-8").to_owned();
    let (code, distrusted) = ask(&["--ca", &other], &[]).await;
    assert_eq!(code, Some(7), "{distrusted}");
    server.stop().await;
}
