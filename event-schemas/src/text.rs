//! Short text that is made once and copied often: names, keys and paths. Up to 38 bytes need no memory of their own.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What fits beside the length: a UUID does, and so do nearly all paths of accounts. Forty bytes in all.
const INLINE_MAX: usize = 38;

/// Text that never changes.
#[derive(Clone)]
pub(crate) struct ShortText(Kept);

#[derive(Clone)]
enum Kept {
    Inline { length: u8, bytes: [u8; INLINE_MAX] },
    Shared(Arc<str>),
}

impl ShortText {
    pub fn new(text: &str) -> ShortText {
        ShortText::inline(text.as_bytes()).unwrap_or_else(|| ShortText(Kept::Shared(text.into())))
    }

    /// Of text that the caller has found to be ASCII.
    #[inline]
    pub fn of_ascii(text: &[u8]) -> ShortText {
        ShortText::inline(text)
            .unwrap_or_else(|| ShortText::new(std::str::from_utf8(text).expect("ASCII is UTF-8")))
    }

    #[inline]
    fn inline(text: &[u8]) -> Option<ShortText> {
        let mut bytes = [0; INLINE_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let length = u8::try_from(text.len()).expect("at most INLINE_MAX");
        Some(ShortText(Kept::Inline { length, bytes }))
    }

    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Kept::Shared(text) => text.as_bytes(),
        }
    }

    pub fn as_str(&self) -> &str {
        match &self.0 {
            Kept::Inline { .. } => std::str::from_utf8(self.as_bytes()).expect("it was made from text"),
            Kept::Shared(text) => text,
        }
    }
}

/// Like `all`, but looks at every byte whatever it finds: the compiler then looks at many at once.
#[inline]
pub(crate) fn every(text: &[u8], good: impl Fn(&u8) -> bool) -> bool {
    text.iter().fold(true, |all, byte| all & good(byte))
}

impl PartialEq for ShortText {
    #[inline]
    fn eq(&self, other: &ShortText) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for ShortText {}

impl PartialOrd for ShortText {
    fn partial_cmp(&self, other: &ShortText) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ShortText {
    fn cmp(&self, other: &ShortText) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for ShortText {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_length_is_kept_as_it_is() {
        assert_eq!(size_of::<ShortText>(), 40);
        for length in [0, 1, 37, 38, 39, 255] {
            let text = "x".repeat(length);
            assert_eq!(ShortText::new(&text).as_str(), text);
            assert_eq!(ShortText::of_ascii(text.as_bytes()), ShortText::new(&text));
        }
        let accented = "ä".repeat(19);
        assert_eq!(ShortText::new(&accented).as_str(), accented);
        assert!(ShortText::new("a") < ShortText::new("b"));
    }
}
