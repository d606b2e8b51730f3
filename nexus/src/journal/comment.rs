//! Comments, and the tags in them: `; project:roof, receipt:17`.

/// hledger's tags: a word, a colon, and everything up to the next comma.
pub fn tags(comment: &str) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    for part in comment.lines().flat_map(|line| line.split(',')) {
        let Some((before, value)) = part.split_once(':') else { continue };
        let name = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        if !name.is_empty() {
            tags.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    tags
}

/// Adds a line to a comment.
pub fn add(comment: &mut String, line: &str) {
    let line = line.trim();
    if line.is_empty() {
        return;
    }
    if !comment.is_empty() {
        comment.push('\n');
    }
    comment.push_str(line);
}

/// A line without its comment, and the comment.
pub fn split(text: &str) -> (&str, &str) {
    match text.split_once(';') {
        Some((text, comment)) => (text.trim_end(), comment.trim()),
        None => (text.trim_end(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_at_commas_and_lines() {
        let expected = [("project", "roof"), ("paid", ""), ("receipt", "17 b")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(tags("for the project:roof, paid:\nreceipt: 17 b, and more"), expected);
        assert_eq!(tags("nothing : here"), []);
    }
}
