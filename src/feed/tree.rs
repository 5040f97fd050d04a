//! Where pages stand in the search tree: ranges of page numbers, and nothing else.
//!
//! A node stands over `FAN_OUT` to the power of its level pages, and begins at a multiple of that number. Start at [`cover`].

use std::ops::Range;

/// Children of a node above pages.
pub const FAN_OUT: u64 = 32;

/// The fewest nodes that stand over exactly these pages, in order: what the root names. At most 31 a level on the way up
/// and on the way down.
pub fn cover(pages: &Range<u64>) -> Vec<Range<u64>> {
    let mut nodes = Vec::new();
    let mut at = pages.start;
    while at < pages.end {
        let mut size = 1;
        while let Some(larger) = u64::checked_mul(size, FAN_OUT)
            && at.is_multiple_of(larger)
            && at.checked_add(larger).is_some_and(|end| end <= pages.end)
        {
            size = larger;
        }
        nodes.push(at..at + size);
        at += size;
    }
    nodes
}

/// The children of a node. Empty for a page.
pub fn children(node: &Range<u64>) -> Vec<Range<u64>> {
    let size = (node.end - node.start) / FAN_OUT;
    match size {
        0 => Vec::new(),
        _ => (0..FAN_OUT)
            .map(|child| node.start + child * size..node.start + (child + 1) * size)
            .collect(),
    }
}

/// `7` for a page, `0-31` for the node over the first 32.
pub fn name(node: &Range<u64>) -> String {
    match node.end - node.start {
        0 | 1 => node.start.to_string(),
        _ => format!("{}-{}", node.start, node.end - 1),
    }
}

/// The inverse of [`name`]; None for what names no page and no node of the tree.
pub fn named(name: &str) -> Option<Range<u64>> {
    let number = |text: &str| {
        let plain = text == "0" || !text.starts_with('0');
        let plain = plain && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<u64>().ok()).flatten()
    };
    let (first, last) = match name.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(name)?, number(name)?),
    };
    let node = first..last.checked_add(1)?;
    let own = name.contains('-') == (first != last) && first <= last;
    (own && cover(&node) == [node.clone()]).then_some(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_cover_all_pages_and_no_other() {
        for (pages, expected) in [
            (0..0, vec![]),
            (0..1, vec!["0"]),
            (0..31, (0..31).map(|_| "").collect()),
            (0..32, vec!["0-31"]),
            (0..34, vec!["0-31", "32", "33"]),
            (0..1024, vec!["0-1023"]),
            (0..1057, vec!["0-1023", "1024-1055", "1056"]),
            (30..66, vec!["30", "31", "32-63", "64", "65"]),
            (5..5, vec![]),
        ] {
            let nodes = cover(&pages);
            assert_eq!(nodes.len(), expected.len(), "{pages:?}");
            for (node, expected) in nodes.iter().zip(expected) {
                assert!(expected.is_empty() || name(node) == expected, "{node:?}");
            }
            let all: Vec<u64> = nodes.iter().cloned().flatten().collect();
            assert_eq!(all, pages.collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_root_grows_with_the_logarithm() {
        for pages in [10_u64.pow(3), 10_u64.pow(6), 10_u64.pow(9)] {
            let levels = f64::from(u32::try_from(pages).unwrap_or(u32::MAX)).log(32.0) as usize + 1;
            assert!(cover(&(0..pages)).len() <= 31 * levels);
            assert!(cover(&(1..pages)).len() <= 2 * 31 * levels);
        }
    }

    #[test]
    fn a_node_once_there_is_there_for_ever() {
        let mut seen = std::collections::BTreeSet::new();
        for pages in 0..3000 {
            let now = cover(&(0..pages));
            for node in &now {
                seen.insert((node.start, node.end));
            }
            for (start, end) in &seen {
                let kept = now.iter().any(|n| n.start <= *start && *end <= n.end);
                assert!(kept, "{start}..{end} cannot be reached from {pages} pages");
            }
        }
    }

    #[test]
    fn children_are_the_level_below() {
        assert_eq!(children(&(7..8)), []);
        let pages = children(&(32..64));
        assert_eq!(
            (pages.len(), &pages[0], &pages[31]),
            (32, &(32..33), &(63..64))
        );
        let nodes = children(&(1024..2048));
        assert_eq!(
            (nodes.len(), &nodes[0], &nodes[31]),
            (32, &(1024..1056), &(2016..2048))
        );
    }

    #[test]
    fn names_are_read_strictly() {
        for node in [0..1, 31..32, 0..32, 32..64, 0..1024, 1024..2048] {
            assert_eq!(named(&name(&node)), Some(node));
        }
        for wrong in [
            "",
            "-",
            "a",
            "01",
            "+1",
            "0-0",
            "0-30",
            "1-32",
            "0-32",
            "31-0",
            "32-1023",
            "0-31-63",
            "18446744073709551615",
            "99999999999999999999",
        ] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }
}
