//! One raw request, and its answer to the last byte.

use std::collections::BTreeMap;

use glimesh_mock::{MockServer, Profile};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::record::Record;

/// Headers that the recorder dropped.
const DROPPED: [&str; 2] = ["date", "x-request-id"];

/// How the mock differs from the record; `None` if it does not.
pub(crate) async fn difference(record: &Record) -> Option<String> {
    let server = MockServer::builder().profile(Profile::phoenix()).start().await.unwrap();
    let [step] = &record.steps[..] else { panic!("a request is one step") };
    let request = step.raw_http.as_ref().unwrap().replace("$HOST", &server.addr().to_string());
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (status_line, fields) = head.split_once("\r\n").unwrap();
    let status: u16 = status_line.split(' ').nth(1).unwrap().parse().unwrap();
    let fields = fields.lines().map(|line| line.split_once(": ").unwrap());
    let headers: BTreeMap<_, _> = fields
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .filter(|(name, _)| !DROPPED.contains(&name.as_str()))
        .collect();
    let event = record.events.iter().find(|event| event.k == "http").unwrap();
    let expected =
        (event.status.unwrap(), event.headers.clone().unwrap(), event.body.clone().unwrap());
    let actual = (status, headers, body.to_owned());
    (expected != actual).then(|| format!("\n  expected {expected:?}\n  actual   {actual:?}"))
}
