//! Text in columns: measuring, wrapping, cutting, and making text from elsewhere harmless for a terminal.

/// Between words that belong on one line.
pub(super) const HARD_SPACE: char = '\u{a0}';

/// Columns that `text` takes on a terminal; escape codes take none.
pub(super) fn columns(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().chars().map(width).sum()
}

/// A narrow version of Unicode's East Asian Width: enough for names and descriptions.
fn width(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// `text` filled up with spaces to `columns`.
pub(super) fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(columns(text))))
}

/// Words filled into lines of at most `room` columns: the first line begins with `first`, the others with spaces of the
/// same width. A word is never broken, so that a URL can be copied; nor is a [`HARD_SPACE`], which ends up as a space.
pub(super) fn wrap(first: &str, text: &str, room: usize) -> String {
    let indent = " ".repeat(columns(first));
    let mut result = String::new();
    let mut begin = first;
    for paragraph in text.lines() {
        let mut line = begin.to_owned();
        let mut taken = columns(&line);
        let mut fresh = true;
        for word in paragraph.split([' ', '\t']).filter(|word| !word.is_empty()) {
            let needed = columns(word);
            if !fresh && taken + 1 + needed > room {
                result += line.trim_end();
                result.push('\n');
                line = indent.clone();
                taken = columns(&line);
                fresh = true;
            }
            if !fresh {
                line.push(' ');
                taken += 1;
            }
            line += word;
            taken += needed;
            fresh = false;
        }
        result += line.trim_end();
        result.push('\n');
        begin = &indent;
    }
    result.replace(HARD_SPACE, " ")
}

/// Items, separated by commas, on at most `lines` lines; then how many did not fit.
pub(super) fn pack(indent: &str, items: &[String], room: usize, lines: usize) -> String {
    let tail = |left: usize| if left == 0 { String::new() } else { format!(" and {left} more") };
    let mut filled: Vec<String> = vec![indent.to_owned()];
    for (index, item) in items.iter().enumerate() {
        let left = items.len() - index - 1;
        let current = filled.last().map_or(0, |line| columns(line));
        let fresh = current == columns(indent);
        // The last line keeps room for the tail.
        let reserve = if filled.len() == lines { tail(left).len() } else { 1 };
        let needed = columns(item) + if fresh { 0 } else { 1 };
        if !fresh && current + needed + reserve > room {
            if filled.len() == lines {
                let more = tail(left + 1);
                if let Some(line) = filled.last_mut() {
                    line.truncate(line.trim_end_matches(',').len());
                    *line += &more;
                }
                return filled.join("\n") + "\n";
            }
            filled.push(indent.to_owned());
        }
        if let Some(line) = filled.last_mut() {
            if line.len() > indent.len() {
                line.push(' ');
            }
            *line += item;
            if left > 0 {
                line.push(',');
            }
        }
    }
    if items.is_empty() { String::new() } else { filled.join("\n") + "\n" }
}

/// Control characters shown as escapes, so that text from AWS or a file cannot drive the terminal; line breaks stay.
pub(super) fn harmless(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => result.push('\n'),
            '\t' => result += "    ",
            c if c.is_control() || is_bidi_control(c) => result.extend(c.escape_default()),
            c => result.push(c),
        }
    }
    result
}

pub(super) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// The first `room` columns of `text`, with `more` at the end if it was cut.
pub(super) fn cut(text: &str, room: usize, more: &str) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let more = if columns(more) <= room { more } else { "" };
    let room = room - columns(more);
    let mut taken = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            taken += width(*c);
            taken <= room
        })
        .collect();
    kept + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_between_words_and_keeps_a_url_whole() {
        let text = "call https://abc123.execute-api.us-east-1.amazonaws.com/prod/admit with a key";
        insta::assert_snapshot!(wrap("  ! ", text, 30), @"
          ! call
            https://abc123.execute-api.us-east-1.amazonaws.com/prod/admit
            with a key
        ");
    }

    #[test]
    fn a_hard_space_is_no_place_to_break() {
        assert_eq!(wrap("", "took (0.8\u{a0}s)", 10), "took\n(0.8 s)\n");
    }

    #[test]
    fn packs_items_and_counts_the_rest() {
        let items: Vec<String> = (1..=12).map(|n| format!("item{n}")).collect();
        insta::assert_snapshot!(pack("  ", &items, 30, 2), @"
          item1, item2, item3, item4,
          item5, item6 and 6 more
        ");
        insta::assert_snapshot!(pack("  ", &items, 100, 2), @"  item1, item2, item3, item4, item5, item6, item7, item8, item9, item10, item11, item12");
    }

    #[test]
    fn text_from_elsewhere_cannot_drive_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\tc\r\u{202e}"), "a\\u{1b}[2Jb    c\\r\\u{202e}");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(columns("入学"), 4);
        assert_eq!(cut("入学入学", 5, "…"), "入学…");
        assert_eq!(cut("入学入学", 0, "…"), "");
        assert_eq!(columns("\u{1b}[1mbold\u{1b}[0m"), 4);
    }
}
