//! The little of Markdown that descriptions use, as safe HTML: paragraphs, lists, headings, code, emphasis, links.
//! Whatever else is in the text stays text.

use super::chart::canvas::escape;

/// The text as HTML.
#[must_use]
pub fn html(text: &str) -> String {
    let mut html = String::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut items: Vec<String> = Vec::new();
    for line in text.lines().chain([""]) {
        let line = line.trim();
        let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        let heading = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim());
        if let (None, Some(last), false, None) = (item, items.last_mut(), line.is_empty(), heading) {
            // A line that goes on from an item.
            last.push(' ');
            last.push_str(line);
            continue;
        }
        if line.is_empty() || item.is_some() || heading.is_some() {
            close_paragraph(&mut html, &mut paragraph);
        }
        if item.is_none() {
            close_list(&mut html, &mut items);
        }
        match (item, heading) {
            (Some(item), _) => items.push(item.to_owned()),
            (None, Some(heading)) => html.push_str(&format!("<h3>{}</h3>\n", inline(heading))),
            (None, None) if !line.is_empty() => paragraph.push(line),
            (None, None) => {}
        }
    }
    html
}

fn close_paragraph(html: &mut String, lines: &mut Vec<&str>) {
    if !lines.is_empty() {
        html.push_str(&format!("<p>{}</p>\n", inline(&lines.join(" "))));
        lines.clear();
    }
}

fn close_list(html: &mut String, items: &mut Vec<String>) {
    if !items.is_empty() {
        html.push_str("<ul>\n");
        for item in items.drain(..) {
            html.push_str(&format!("<li>{}</li>\n", inline(&item)));
        }
        html.push_str("</ul>\n");
    }
}

/// Code, emphasis and links within a line.
fn inline(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let span = delimited(rest, "`", "`")
            .map(|(inner, after)| (format!("<code>{}</code>", escape(inner)), after))
            .or_else(|| {
                delimited(rest, "**", "**").map(|(inner, after)| (format!("<strong>{}</strong>", inline(inner)), after))
            })
            .or_else(|| delimited(rest, "*", "*").map(|(inner, after)| (format!("<em>{}</em>", inline(inner)), after)))
            .or_else(|| link(rest));
        match span {
            Some((span, after)) => {
                html.push_str(&span);
                rest = after;
            }
            None => {
                html.push_str(&escape(&super::human::clean(&rest[..c.len_utf8()])));
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    html
}

/// What stands between two marks at the beginning of a text, and what follows.
fn delimited<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    let (inner, after) = text.strip_prefix(open)?.split_once(close)?;
    let tight = !inner.is_empty() && !inner.starts_with(' ') && !inner.ends_with(' ');
    tight.then_some((inner, after))
}

/// `[words](https://…)`; other schemes stay text.
fn link(text: &str) -> Option<(String, &str)> {
    let (words, after) = text.strip_prefix('[')?.split_once("](")?;
    let (address, after) = after.split_once(')')?;
    let known = address.starts_with("https://") || address.starts_with("http://");
    (known && !address.contains(char::is_whitespace))
        .then(|| (format!("<a href=\"{}\">{}</a>", escape(address), escape(words)), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_and_spans_become_elements() {
        assert_eq!(
            html("One *two*\n**three**.\n\n- a `b<c`\n  goes on\n- d\n\nEnd"),
            "<p>One <em>two</em> <strong>three</strong>.</p>\n<ul>\n<li>a <code>b&lt;c</code> goes on</li>\n<li>d</li>\n</ul>\n\
             <p>End</p>\n"
        );
    }

    #[test]
    fn nothing_of_the_text_becomes_markup_of_its_own() {
        assert_eq!(html("<script>x</script> & 2 * 3"), "<p>&lt;script&gt;x&lt;/script&gt; &amp; 2 * 3</p>\n");
        assert_eq!(html("[x](javascript:alert(1))"), "<p>[x](javascript:alert(1))</p>\n");
        assert_eq!(html("[x](https://a.b/\"c)"), "<p><a href=\"https://a.b/&quot;c\">x</a></p>\n");
    }
}
