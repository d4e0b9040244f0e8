//! What PyYAML's reader and scanner refuse and the parser lets pass: control characters, and tabs between words.

use saphyr_parser::{Event, ScalarStyle, Span};

/// Line and column, from 1, of the first character that no YAML may hold, or that PyYAML takes for the end of a
/// line and the parser does not (NEL and the Unicode separators).
pub(super) fn control_character(text: &str) -> Option<(usize, usize)> {
    let is_allowed = |letter: char| {
        let is_printable =
            matches!(letter, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
        is_printable && !matches!(letter, '\u{2028}' | '\u{2029}')
    };
    for (number, line) in text.split('\n').enumerate() {
        if let Some(column) = line.chars().position(|letter| !is_allowed(letter)) {
            return Some((number + 1, column + 1));
        }
    }
    None
}

/// Follows the events of a text with tabs, and finds those outside quotes, blocks and comments.
pub(super) struct Tabs {
    letters: Vec<char>,
    read: usize,
    line: usize,
    column: usize,
}

impl Tabs {
    /// None where the text has no tab, which is the usual case.
    pub(super) fn of(text: &str) -> Option<Self> {
        text.contains('\t').then(|| Self { letters: text.chars().collect(), read: 0, line: 1, column: 1 })
    }

    /// Line and column of a tab that PyYAML refuses, up to the end of this event.
    pub(super) fn refused(&mut self, event: &Event<'_>, span: &Span) -> Option<(usize, usize)> {
        let (start, end) = (span.start.index(), span.end.index());
        match event {
            Event::Scalar(_, ScalarStyle::Plain, ..) => self.pass(end, true),
            Event::Scalar(text, style, anchor, tag) => {
                let found = self.pass(start, true);
                let written = self.letters.get(start..end).unwrap_or_default();
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if !is_block {
                    // What stands between a quote and the next word belongs to the span too.
                    let length = written.iter().rposition(|letter| matches!(letter, '\'' | '"'));
                    let _ = self.pass(start + length.unwrap_or_default(), false);
                    return found.or(self.pass(end, true));
                }
                // A block's span begins at its first letter, unless it has none, or an anchor or a tag.
                let is_empty = text.chars().all(|letter| letter == '\n');
                let line = written.iter().position(|letter| *letter == '\n').unwrap_or(written.len());
                let has_mark = is_empty || *anchor != 0 || tag.is_some();
                let mark = if has_mark { self.pass(start + line, true) } else { None };
                let _ = self.pass(end, false);
                found.or(mark)
            }
            Event::StreamEnd => self.pass(self.letters.len(), true),
            _ => self.pass(start, true),
        }
    }

    /// Goes on to an index; the first tab outside a comment on the way, where it matters.
    fn pass(&mut self, end: usize, matters: bool) -> Option<(usize, usize)> {
        let (mut found, mut is_comment) = (None, false);
        let before = self.read.checked_sub(1).and_then(|index| self.letters.get(index));
        let mut is_apart = before.is_none_or(|letter| letter.is_whitespace());
        while self.read < end {
            let Some(letter) = self.letters.get(self.read) else { break };
            match letter {
                '\n' => {
                    (self.line, self.column) = (self.line + 1, 0);
                    is_comment = false;
                }
                '#' if is_apart => is_comment = true,
                '\t' if matters && !is_comment && found.is_none() => found = Some((self.line, self.column)),
                _ => {}
            }
            is_apart = letter.is_whitespace();
            self.read += 1;
            self.column += 1;
        }
        found
    }
}
