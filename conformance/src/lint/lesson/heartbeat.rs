let mut beats = tokio::time::interval(Duration::from_secs(25));
beats.tick().await; // The first one is due at once.
loop {
    beats.tick().await;
    counter += 1;
    let beat = json!([null, counter.to_string(), "phoenix", "heartbeat", {}]);
    socket.send(Message::text(beat.to_string())).await?;
}
