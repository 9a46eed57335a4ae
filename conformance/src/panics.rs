//! Panics of the kit's own, in whatever task: what was judged then is not to be trusted.

use std::panic;
use std::sync::OnceLock;

static FIRST: OnceLock<String> = OnceLock::new();

/// From here on [`first`] knows of panics. They are printed as ever.
pub fn watch() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        let place = panicked.location().map_or_else(|| "somewhere".to_owned(), ToString::to_string);
        FIRST.get_or_init(|| place);
        print(panicked);
    }));
}

/// Where the first panic was, as `file:line:column`; `None` without one.
pub fn first() -> Option<&'static str> {
    FIRST.get().map(String::as_str)
}
