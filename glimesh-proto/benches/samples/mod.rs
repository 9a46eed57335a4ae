//! The frames that are measured.

/// One sample, alive as long as the process.
pub(crate) fn named(name: &str) -> &'static str {
    let found = all().into_iter().find(|(known, _)| known.starts_with(name));
    found.map_or("", |(_, text)| text.leak())
}

fn all() -> [(&'static str, String); 5] {
    [
        ("heartbeat", HEARTBEAT.to_owned()),
        ("doc", DOC.to_owned()),
        ("data 399 B", DATA.to_owned()),
        ("message 64 KiB", message()),
        ("structure 64 KiB", structure()),
    ]
}

/// The smallest frame a client sends.
const HEARTBEAT: &str = r#"[null,"3","phoenix","heartbeat",{}]"#;

/// A subscription.
const DOC: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{ chatMessage(channelId: 6) { id, user { username, avatarUrl }, message } }","variables":{}}]"#;

/// A chat message for a subscriber, 399 bytes long.
const DATA: &str = r#"[null,null,"__absinthe__:doc:-576460752303421855:13AB67D398CFFD194D4D9F9C8C72101ADBD17F63A0783D1F0A0275A545489619","subscription:data",{"result":{"data":{"chatMessage":{"id":"1042","message":"hello, chat, from the streams!!","user":{"avatarUrl":"/a.png","username":"Mytho"}}}},"subscriptionId":"__absinthe__:doc:-576460752303421855:13AB67D398CFFD194D4D9F9C8C72101ADBD17F63A0783D1F0A0275A545489619"}]"#;

/// One long text.
fn message() -> String {
    let text = "All work and no play makes a dull stream. ".repeat(64 * 1024 / 42);
    format!(r#"["1","2","__absinthe__:control","doc",{{"query":"{text}","variables":{{}}}}]"#)
}

/// One of many short values.
pub(crate) const ITEM: &str =
    r#"{"id":"1042","likes":17,"score":-1.25,"pinned":false,"replyTo":null,"tags":["a","b"]}"#;

/// Many short values.
fn structure() -> String {
    let items = vec![ITEM; 64 * 1024 / (ITEM.len() + 1)].join(",");
    format!(
        r#"["1","2","__absinthe__:control","phx_reply",{{"response":[{items}],"status":"ok"}}]"#
    )
}
