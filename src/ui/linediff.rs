//! The difference between two texts, line by line, with a little of what stands around it.

/// One line of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Same(&'a str),
    Removed(&'a str),
    Added(&'a str),
    /// So many equal lines are left out.
    Gap(usize),
}

/// Beyond so many cells the table would cost more than a nice difference is worth.
const LARGEST_TABLE: usize = 4_000_000;

/// The lines by which `after` differs from `before`, with `context` equal lines around each change.
pub(super) fn diff<'a>(before: &'a str, after: &'a str, context: usize) -> Vec<Line<'a>> {
    // A line break at the end of both is no line of its own; at the end of one, it is the difference.
    let (before, after) = match (before.strip_suffix('\n'), after.strip_suffix('\n')) {
        (Some(before), Some(after)) => (before, after),
        _ => (before, after),
    };
    let old: Vec<&str> = before.split('\n').collect();
    let new: Vec<&str> = after.split('\n').collect();
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let mut lines: Vec<Line<'a>> = old[..head].iter().map(|line| Line::Same(line)).collect();
    lines.extend(middle(&old[head..old.len() - tail], &new[head..new.len() - tail]));
    lines.extend(old[old.len() - tail..].iter().map(|line| Line::Same(line)));
    with_gaps(lines, context)
}

/// The longest common subsequence, removed lines before added ones.
fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let removed = |lines: &[&'a str]| lines.iter().map(|line| Line::Removed(line)).collect::<Vec<_>>();
    let added = |lines: &[&'a str]| lines.iter().map(|line| Line::Added(line)).collect::<Vec<_>>();
    if old.len().saturating_mul(new.len()) > LARGEST_TABLE {
        return [removed(old), added(new)].concat();
    }
    let row = new.len() + 1;
    let mut longest = vec![0u32; (old.len() + 1) * row];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * row + j] = if old[i] == new[j] {
                longest[(i + 1) * row + j + 1] + 1
            } else {
                longest[(i + 1) * row + j].max(longest[i * row + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            i += 1;
            j += 1;
        } else if longest[(i + 1) * row + j] >= longest[i * row + j + 1] {
            lines.push(Line::Removed(old[i]));
            i += 1;
        } else {
            lines.push(Line::Added(new[j]));
            j += 1;
        }
    }
    lines.extend(removed(&old[i..]));
    lines.extend(added(&new[j..]));
    lines
}

/// Leaves out equal lines that are far from every change. A single line is never left out: its gap would be as long.
fn with_gaps(lines: Vec<Line<'_>>, context: usize) -> Vec<Line<'_>> {
    let mut near = vec![false; lines.len()];
    for (index, line) in lines.iter().enumerate() {
        if !matches!(line, Line::Same(_)) {
            let end = (index + context + 1).min(lines.len());
            near[index.saturating_sub(context)..end].fill(true);
        }
    }
    let mut result = Vec::new();
    let mut index = 0;
    while index < lines.len() {
        let far = near[index..].iter().take_while(|near| !**near).count();
        match far {
            0 | 1 => {
                result.push(lines[index]);
                index += 1;
            }
            far => {
                result.push(Line::Gap(far));
                index += far;
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(before: &str, after: &str) -> String {
        diff(before, after, 1)
            .into_iter()
            .map(|line| match line {
                Line::Same(line) => format!("  {line}\n"),
                Line::Removed(line) => format!("- {line}\n"),
                Line::Added(line) => format!("+ {line}\n"),
                Line::Gap(lines) => format!("  ({lines})\n"),
            })
            .collect()
    }

    #[test]
    fn shows_changes_with_their_surroundings() {
        insta::assert_snapshot!(drawn("a\nb\nc\nd\ne\nf\ng", "a\nb\nc\nD\ne\nf\ng"), @"
          (2)
          c
        - d
        + D
          e
          (2)
        ");
    }

    #[test]
    fn a_line_break_at_the_end_is_a_difference() {
        insta::assert_snapshot!(drawn("a", "a\n"), @"
          a
        +
        ");
    }

    #[test]
    fn nothing_in_common() {
        insta::assert_snapshot!(drawn("a\nb", "c"), @"
        - a
        - b
        + c
        ");
    }
}
