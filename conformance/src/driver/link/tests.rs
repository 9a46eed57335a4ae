use tokio::io::{
    AsyncBufReadExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split,
};
use tokio::sync::mpsc;

use super::*;
use crate::driver::{Event, MOST};

/// An adapter played by hand: what it is asked, what it says, and what the link tells.
struct Adapter {
    asked: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
    says: WriteHalf<DuplexStream>,
    told: mpsc::UnboundedReceiver<Record>,
}

fn linked() -> (Link, Adapter) {
    let (ours, theirs) = duplex(4 * MOST);
    let (from, to) = split(ours);
    let (asked, says) = split(theirs);
    let (sender, told) = mpsc::unbounded_channel();
    let link = Link::start(from, to, move |record| sender.send(record).unwrap_or_default());
    (link, Adapter { asked: BufReader::new(asked).lines(), says, told })
}

impl Adapter {
    async fn asked(&mut self) -> String {
        self.asked.next_line().await.unwrap().unwrap()
    }

    async fn say(&mut self, text: &str) {
        self.says.write_all(text.as_bytes()).await.unwrap();
    }

    /// All that the link tells until the adapter's output ends, which is now.
    async fn told(mut self) -> Vec<Heard> {
        self.says.shutdown().await.unwrap();
        let mut told = Vec::new();
        while told.last() != Some(&Heard::End) {
            told.push(self.told.recv().await.unwrap().what);
        }
        told
    }
}

fn join() -> Op {
    Op::Join { conn: "a".to_owned() }
}

fn words(told: &[Heard]) -> Vec<String> {
    let word = |heard: &Heard| match heard {
        Heard::Asked(request) => format!("asked {}", request.id),
        Heard::Said { read, .. } => match &read.said {
            Said::Ok(reply) => format!("ok {}", reply.id),
            Said::Error(reply) => format!("error {}", reply.id),
            Said::Unsupported(reply) => format!("unsupported {}", reply.id),
            Said::Event(Event::Chat { n, .. }) => format!("chat {n}"),
            Said::Event(_) => "event".to_owned(),
        },
        Heard::Broken { line, violation } => {
            let span = violation.span.clone();
            let shown = String::from_utf8_lossy(&line.bytes[span]);
            format!("{}: {} at {shown}", line.number, violation.fault.name())
        }
        Heard::Log(line) => format!("log {}", String::from_utf8_lossy(&line.bytes)),
        Heard::Flood => "flood".to_owned(),
        Heard::End => "end".to_owned(),
    };
    told.iter().map(word).collect()
}

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn replies_find_their_requests_in_any_order() {
    let (link, mut adapter) = linked();
    let play = async {
        assert_eq!(adapter.asked().await, r#"@gck {"op":"join","conn":"a","id":1}"#);
        adapter.asked().await;
        adapter.say("@gck {\"id\":2,\"ok\":{\"second\":true}}\n").await;
        adapter.say("@gck {\"id\":1,\"unsupported\":\"it joins by itself\"}\n").await;
    };
    let (first, second, ()) =
        tokio::join!(link.ask(join(), PATIENCE), link.ask(join(), PATIENCE), play);
    assert!(matches!(first, Ok(Answer::Unsupported(refusal)) if refusal.id == 1));
    assert!(matches!(second, Ok(Answer::Ok(reply)) if reply.ok.contains_key("second")));
}

#[tokio::test]
async fn everything_is_told_in_order_and_log_output_is_no_fault() {
    let (link, mut adapter) = linked();
    let play = async {
        adapter.asked().await;
        let chat = r#"@gck {"event":"chat","conn":"a","sub":"s","n":1,"data":{}}"#;
        let text =
            format!("booting\r\n{chat}\n@gck {{\"id\":\"1\",\"ok\":{{}}}}\n@gck {{\"id\":1,");
        adapter.say(&text).await;
        adapter.say("\"ok\":{}}\n").await;
    };
    let (answer, ()) = tokio::join!(link.ask(join(), PATIENCE), play);
    assert!(matches!(answer, Ok(Answer::Ok(_))));
    adapter.say("@gck {\"id\":1,\"ok\":{}}\n@gck {\"id\":99,\"ok\":{}}\nthe last").await;
    let told = words(&adapter.told().await);
    let expected = [
        "asked 1",
        "log booting\r",
        "chat 1",
        "3: wrong-id at \"1\"",
        "ok 1",
        "5: wrong-id at 1",
        "6: wrong-id at 99",
        "log the last",
        "end",
    ];
    assert_eq!(told, expected);
    assert!(link.is_gone());
    assert_eq!(link.ask(join(), PATIENCE).await, Err(NoAnswer::Gone));
}

#[tokio::test]
async fn a_late_reply_answers_nothing_and_is_no_fault() {
    let (link, mut adapter) = linked();
    assert_eq!(link.ask(join(), Duration::ZERO).await, Err(NoAnswer::Late));
    adapter.say("@gck {\"id\":1,\"ok\":{}}\n").await;
    let told = words(&adapter.told().await);
    assert_eq!(told, ["asked 1", "ok 1", "end"]);
    drop(link);
}

#[tokio::test]
async fn whoever_waits_learns_that_the_adapter_is_gone() {
    let (link, mut adapter) = linked();
    let play = async {
        adapter.asked().await;
        adapter.says.shutdown().await.unwrap();
    };
    let (answer, ()) = tokio::join!(link.ask(join(), PATIENCE), play);
    assert_eq!(answer, Err(NoAnswer::Gone));
    let closed = async {
        link.close().await;
        adapter.asked.next_line().await.unwrap()
    };
    assert_eq!(closed.await, None);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_cut_and_the_next_one_is_read() {
    let (link, mut adapter) = linked();
    let long = format!(
        "@gck {}\n{}\n@gck {{\"id\":1,\"ok\":{{}}}}\n",
        "x".repeat(2 * MOST),
        "y".repeat(MOST + 7)
    );
    let play = async {
        adapter.asked().await;
        adapter.say(&long).await;
    };
    let (answer, ()) = tokio::join!(link.ask(join(), PATIENCE), play);
    assert!(matches!(answer, Ok(Answer::Ok(_))));
    let told = adapter.told().await;
    let [_, Heard::Broken { line, violation }, Heard::Log(log), Heard::Said { line: last, .. }, _] =
        &told[..]
    else {
        panic!("{:?}", words(&told));
    };
    assert_eq!(violation.message, format!("the line is {} bytes long", 2 * MOST + PREFIX_AND_END));
    assert_eq!((violation.fault, line.bytes.len()), (Fault::TooLong, MOST));
    assert_eq!((log.bytes.len(), last.number), (MOST, 3));
}

/// Of a line.
const PREFIX_AND_END: usize = 6;

#[tokio::test]
async fn a_flood_is_read_and_forgotten() {
    let (link, mut adapter) = linked();
    let flood = "x\n".repeat(MOST_LINES + 2);
    adapter.say(&flood).await;
    let told = adapter.told().await;
    assert_eq!(told.len(), MOST_LINES + 2);
    assert_eq!(told[MOST_LINES..], [Heard::Flood, Heard::End]);
    assert_eq!(link.ask(join(), PATIENCE).await, Err(NoAnswer::Gone));
}
