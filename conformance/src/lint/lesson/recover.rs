let mut delay = Duration::from_secs(1);
loop {
    // Returns whether it was joined.
    let was_joined = session(url).await;
    if was_joined {
        delay = Duration::from_secs(1);
    }
    tokio::time::sleep(delay).await;
    delay = (2 * delay).min(Duration::from_secs(30));
}
