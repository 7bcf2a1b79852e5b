//! Text that strangers wrote, in a page.
//!
//! Enters: any text, such as the summary of a wheel or the user ID of a certificate. Leaves: the same text to be read, and
//! nothing that a browser would act on: neither markup nor characters that are invisible or reorder what stands beside them.
//! Sizes are written here too. Every attribute of our pages stands in double quotes, which is what [`escape`] is made for.

use crate::refusal::printable;

/// `text` for an element or for an attribute in quotes.
pub(super) fn escape(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A size as people say it: three digits and a decimal unit.
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes;
    for (unit, next) in [("B", "kB"), ("kB", "MB"), ("MB", "GB"), ("GB", "TB")] {
        if value < 1000 {
            return format!("{value} {unit}");
        }
        // tenths of the next unit, rounded
        let tenths = value.saturating_add(50) / 100;
        if tenths < 100 {
            return format!("{}.{} {next}", tenths / 10, tenths % 10);
        }
        value = value.saturating_add(500) / 1000;
    }
    format!("{value} TB")
}

/// A number with its thousands apart: 12 345.
pub(super) fn number(value: usize) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            // a narrow blank at which no line is broken
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `count` with the noun in the right number.
pub(super) fn count(count: usize, one: &str, several: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escape("<script>\"a\" & 'b'\u{202e}\u{7}\n</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;\\u{202e}\\u{7}\\u{a}&lt;/script&gt;"
        );
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1049, "1.0 kB"),
            (9949, "9.9 kB"),
            (9950, "10 kB"),
            (123_456, "123 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (4 << 30, "4.3 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
        assert_eq!(
            (number(12), number(1234), number(1_234_567)),
            ("12".into(), "1\u{202f}234".into(), "1\u{202f}234\u{202f}567".into())
        );
    }
}
