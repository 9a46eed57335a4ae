//! The same work with other libraries.

use serde_json::value::RawValue;

/// The frame as serde reads it without copying, with the payload left as text.
pub(crate) type Borrowed<'a> = (Option<&'a str>, Option<&'a str>, &'a str, &'a str, &'a RawValue);

/// The five elements with jiter: the places of all, and nothing built.
pub(crate) fn jiter_skip(text: &str) -> Option<[usize; 5]> {
    let mut jiter = jiter::Jiter::new(text.as_bytes());
    let mut starts = [0; 5];
    let mut peek = jiter.next_array().ok()??;
    for start in &mut starts {
        *start = jiter.current_index();
        jiter.known_skip(peek).ok()?;
        if let Some(next) = jiter.array_step().ok()? {
            peek = next;
        }
    }
    jiter.finish().ok()?;
    Some(starts)
}
