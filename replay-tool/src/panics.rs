//! Catches the panics by which the rules refuse a damaged log, and keeps them from the terminal.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// While true, this thread's panics are told by whoever catches them.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives, or the words of its panic. What it worked on is in an unknown state then: use it no more.
pub(crate) fn caught<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let former = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                former(panic);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    result.map_err(|panic| words(&*panic))
}

/// What a panic said.
pub(crate) fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_panic_come_back() {
        assert_eq!(caught(|| 7), Ok(7));
        let one = 1;
        assert_eq!(caught(|| assert!(one > 1, "LGR-1: {one}")), Err("LGR-1: 1".to_owned()));
    }
}
