//! The HTML report in a real browser: headless Chromium, asked over its DevTools protocol.
//!
//! `GLIMESH_CHROMIUM` names the program; without it these tests say that they are skipped.

use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use glimesh_conformance::check::Level;
use glimesh_conformance::printed::Printed;
use glimesh_conformance::report;
use glimesh_conformance::results::Finding;
use glimesh_conformance::session::Session;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::made::{finished, run};

/// No step takes so long, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_finding_leads_to_its_frame_and_back() {
    let (results, sessions) = run();
    let html = report::html(&finished(&results, &sessions), &Printed::new());
    let Some(mut page) = Page::open(&html).await else { return };

    page.eval("document.querySelector('#finding-HB001 dd a').click()").await;
    page.settled().await;
    assert_eq!(page.eval("location.hash").await, "#quiet-6");
    assert_eq!(page.eval("document.activeElement.id").await, "quiet-6");
    let shown = "(() => { const box = document.activeElement.getBoundingClientRect(); \
                 return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight; })()";
    assert_eq!(page.eval(shown).await, true);
    let panel = "document.activeElement.closest('section').querySelector('.panel').textContent";
    let panel = page.eval(panel).await;
    assert!(panel.as_str().unwrap().contains("phoenix\\u{1b}[2J"), "{panel}");

    page.eval("document.querySelector('#quiet-6 a.finding').click()").await;
    page.settled().await;
    assert_eq!(page.eval("location.hash").await, "#finding-HB001");

    page.nothing_complained();
    page.close().await;
}

#[tokio::test]
async fn the_timeline_obeys_the_keyboard_and_fits_a_phone() {
    let (mut results, sessions) = run();
    // As many checks as a real run has: the matrix is what is widest.
    for (nth, level) in
        (0..40).zip([Level::Must, Level::Should, Level::May, Level::Note].iter().cycle())
    {
        let id = format!("JN1{nth:02}");
        results.checks.push(Finding { id, level: *level, ..results.checks[0].clone() });
    }
    let html = report::html(&finished(&results, &sessions), &Printed::new());
    let Some(mut page) = Page::open(&html).await else { return };

    let size = json!({"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true});
    page.call("Emulation.setDeviceMetricsOverride", size).await;
    page.eval("location.hash = 'quiet-6'").await;
    page.settled().await;
    assert_eq!(page.eval("document.documentElement.scrollWidth").await, 360);

    page.eval("document.querySelector('[role=slider][aria-label=\"Timeline of quiet\"]').focus()")
        .await;
    for key in ["Home", "ArrowRight", "ArrowRight"] {
        let pressed = json!({"type": "keyDown", "key": key});
        page.call("Input.dispatchKeyEvent", pressed).await;
    }
    let heard = page.eval("document.activeElement.getAttribute('aria-valuetext')").await;
    assert!(heard.as_str().unwrap().contains("GET /api/graph/websocket"), "{heard}");
    page.nothing_complained();

    // Whatever a client managed to smuggle in: nothing but the report's own script runs.
    let smuggled = "(() => { const script = document.createElement('script'); \
                    script.textContent = 'window.smuggled = 1'; document.body.append(script); \
                    return typeof window.smuggled; })()";
    assert_eq!(page.eval(smuggled).await, "undefined");
    page.close().await;
}

#[tokio::test]
async fn ten_thousand_frames_stay_usable() {
    let (mut results, mut sessions) = run();
    let mut transcript = sessions[0].transcript.clone();
    let talk = [transcript.entries[5].clone(), transcript.entries[8].clone()];
    transcript.entries.extend((0..10_000).map(|nth| {
        let mut entry = talk[nth % 2].clone();
        entry.at = glimesh_proto::Instant::from_millis(6_000 + nth as u64 * 12);
        entry
    }));
    sessions[0] = Session::new(transcript);
    results.checks[1].frame = Some(7_000);
    let began = std::time::Instant::now();
    let html = report::html(&finished(&results, &sessions), &Printed::new());
    let (drawn, size) = (began.elapsed(), html.len());
    let began = std::time::Instant::now();
    let Some(mut page) = Page::open(&html).await else { return };
    let opened = began.elapsed();

    page.eval("document.querySelector('#finding-HB001 dd a').click()").await;
    page.settled().await;
    assert_eq!(page.eval("document.activeElement.id").await, "quiet-7000");
    let timing = "(() => { const [it] = performance.getEntriesByType('navigation'); \
                  return Math.round(it.loadEventEnd - it.startTime); })()";
    let load = page.eval(timing).await;
    eprintln!(
        "10,000 frames: {size} bytes in {drawn:?}; Chromium started and loaded in {opened:?}"
    );
    eprintln!("the page's own load event after {load} ms");
    page.nothing_complained();
    page.close().await;
}

/// A page in a browser of its own.
struct Page {
    browser: Child,
    socket: WebSocketStream<TcpStream>,
    session: String,
    next_id: u64,
    complaints: Vec<Value>,
    _home: TempDir,
}

impl Page {
    /// Opens a file with this content, and returns when it is loaded.
    async fn open(html: &str) -> Option<Self> {
        let Some(program) = std::env::var_os("GLIMESH_CHROMIUM") else {
            eprintln!("skipped: GLIMESH_CHROMIUM does not name a Chromium");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("report.html");
        std::fs::write(&file, html).unwrap();
        let mut browser = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(browser.stderr.take().unwrap()).lines();
        let url = loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            let line = line.expect("the browser says where it listens");
            if let Some(url) = line.strip_prefix("DevTools listening on ") {
                break url.to_owned();
            }
        };
        // What else it says must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let address = url.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(&url, stream).await.unwrap();
        let complaints = Vec::new();
        let mut page =
            Self { browser, socket, session: String::new(), next_id: 0, complaints, _home: home };
        page.load(&format!("file://{}", file.display())).await;
        Some(page)
    }

    async fn load(&mut self, url: &str) {
        let made = self.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let target = json!({"targetId": made["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", target).await;
        self.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(domain, json!({})).await;
        }
        self.call("Page.navigate", json!({"url": url})).await;
        let ready = "document.readyState === 'complete' && location.protocol === 'file:'";
        while self.eval(ready).await != true {
            self.settled().await;
        }
    }

    /// Returns when the page was drawn twice: whatever a click caused has happened by then.
    async fn settled(&mut self) {
        let twice = "new Promise((done) => setTimeout(() => requestAnimationFrame(() => \
                     requestAnimationFrame(() => done(true)))))";
        self.eval(twice).await;
    }

    async fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", asked).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.socket.send(Message::text(message.to_string())).await.unwrap();
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            let Message::Text(text) = next.unwrap().unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.note(message);
        }
    }

    fn note(&mut self, message: Value) {
        let is_complaint = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Log.entryAdded") => message["params"]["entry"]["level"] == "error",
            Some("Runtime.consoleAPICalled") => message["params"]["type"] == "error",
            _ => false,
        };
        if is_complaint {
            self.complaints.push(message["params"].clone());
        }
    }

    #[track_caller]
    fn nothing_complained(&self) {
        assert_eq!(self.complaints, Vec::<Value>::new());
    }

    async fn close(mut self) {
        self.session.clear();
        self.call("Browser.close", json!({})).await;
        let ended = tokio::time::timeout(PATIENCE, self.browser.wait()).await;
        ended.expect("the browser ends when asked to").unwrap();
    }
}
