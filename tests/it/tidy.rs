//! The rules of the house (`docs/architecture.md`), held against the sources: which room may use which, how long a file
//! may be, and what must not occur.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Floor of each room. A room uses its own modules and rooms on lower floors; nothing above, nothing beside.
const FLOORS: [(&str, u8); 11] = [
    ("kernel", 0),
    ("store", 1),
    ("filter", 1),
    ("protocol", 2),
    ("consume", 3),
    ("replica", 3),
    ("node", 4),
    ("scenario", 5),
    ("run", 6),
    ("report", 7),
    ("cli", 8),
];

/// Rooms whose logic a real broker or client could use: no event queue, no randomness, time only as an argument.
const PURE: [&str; 4] = ["store", "filter", "consume", "replica"];
/// What they may use of the kernel.
const PURE_KERNEL: [&str; 2] = ["time", "java"];

/// Rooms that count in whole numbers only.
const WHOLE_NUMBERS: [&str; 3] = ["store", "protocol", "consume"];
/// Where the real system itself computes with `double`.
const DOUBLES: [&str; 2] = ["store/config.rs", "store/laws.rs"];

/// Lines of a file.
const LONGEST: usize = 400;
/// Lines of a `mod.rs`, which introduces its room and declares its modules.
const LONGEST_MOD: usize = 120;
/// Files that may be longer, up to a limit of their own: one table, or one machine whose parts share all their state.
const LONG: [(&str, usize); 3] =
    [("store/get_message.rs", 420), ("report/narrate/mod.rs", 150), ("scenario/resolve/mod.rs", 150)];

const BANNED: [&str; 4] = ["HashMap", "HashSet", "hash_map", "hash_set"];

/// A source file: its path below `src`, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(files.len() > FLOORS.len(), "the sources are below {}", root.display());
    let relative = |file: &Path| {
        let parts = file.strip_prefix(&root).expect("collected below the root").components();
        parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
    };
    files.iter().map(|file| Source { path: relative(file), text: fs::read_to_string(file).unwrap() }).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The text with comments, strings and characters blanked out, line by line as before.
fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut code = String::with_capacity(text.len());
    let mut index = 0;
    while index < chars.len() {
        let end = match (at(index), at(index + 1)) {
            ('/', '/') => find(&chars, index, |from| at(from) == '\n'),
            ('/', '*') => block_comment_end(&chars, index),
            ('"', _) => string_end(&chars, index + 1),
            ('r', '"' | '#') if !is_word(at(index.wrapping_sub(1))) => raw_string_end(&chars, index),
            ('\'', '\\') => find(&chars, index + 3, |from| at(from) == '\'') + 1,
            ('\'', _) if at(index + 2) == '\'' => index + 3,
            _ => index,
        };
        if end == index {
            code.push(chars[index]);
            index += 1;
        } else {
            code.extend(chars[index..end.min(chars.len())].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            index = end;
        }
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn find(chars: &[char], from: usize, hit: impl Fn(usize) -> bool) -> usize {
    (from..chars.len()).find(|index| hit(*index)).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut index = start;
    while index < chars.len() {
        match (chars[index], chars.get(index + 1)) {
            ('/', Some('*')) => (depth, index) = (depth + 1, index + 2),
            ('*', Some('/')) => (depth, index) = (depth - 1, index + 2),
            _ => index += 1,
        }
        if depth == 0 {
            break;
        }
    }
    index
}

fn string_end(chars: &[char], mut index: usize) -> usize {
    while index < chars.len() && chars[index] != '"' {
        index += if chars[index] == '\\' { 2 } else { 1 };
    }
    index + 1
}

/// The end of `r"…"` or `r#"…"#`; where it starts for a raw identifier.
fn raw_string_end(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let quote = start + 1 + hashes;
    if chars.get(quote) != Some(&'"') {
        return start;
    }
    let closed = |index: usize| {
        chars[index] == '"' && chars[index + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    find(chars, quote + 1, closed) + 1 + hashes
}

/// A word or one punctuation mark, with its line.
type Token<'a> = (usize, &'a str);

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
            tokens.push((number + 1, &rest[..end]));
            rest = rest[end..].trim_start();
        }
    }
    tokens
}

/// The names that can follow a path's `::` at `index`: one, or those of a brace group, each with the place behind it.
fn names_after<'a>(tokens: &[Token<'a>], mut index: usize) -> Vec<(Token<'a>, usize)> {
    let word = |index: usize| tokens.get(index).map_or("", |token| token.1);
    if word(index) != ":" || word(index + 1) != ":" {
        return Vec::new();
    }
    index += 2;
    if word(index) != "{" {
        return tokens.get(index).map(|token| (*token, index + 1)).into_iter().collect();
    }
    let (mut names, mut depth, mut first) = (Vec::new(), 0, true);
    for (offset, token) in tokens[index..].iter().enumerate() {
        match token.1 {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => first = true,
            _ if first => {
                names.push((*token, index + offset + 1));
                first = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Every path of the file that starts at the crate's root: the room's token, and the place behind it.
fn rooms_used<'a>(path: &str, tokens: &[Token<'a>]) -> Vec<(Token<'a>, usize)> {
    let module_depth = path.trim_end_matches("/mod.rs").split('/').count();
    let mut used = Vec::new();
    for (index, (_, word)) in tokens.iter().enumerate() {
        match *word {
            "crate" => used.extend(names_after(tokens, index + 1)),
            // A chain of `super` that climbs to the root.
            "super" if tokens.get(index.wrapping_sub(1)).is_none_or(|before| before.1 != ":") => {
                let climbed =
                    tokens[index..].chunks(3).take_while(|step| step.len() == 3 && step[0].1 == "super").count();
                if climbed >= module_depth {
                    used.extend(names_after(tokens, index + 3 * climbed - 2));
                }
            }
            _ => {}
        }
    }
    used
}

fn floor_of(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// Uses of rooms that stand above or beside, and of what the pure rooms must not know.
fn wrong_uses(source: &Source) -> Vec<String> {
    let Some((room, _)) = source.path.split_once('/') else { return Vec::new() };
    let code = code_of(&source.text);
    let tokens = tokens(&code);
    let mut wrong = Vec::new();
    let own = floor_of(room);
    if own.is_none() {
        wrong.push(format!("src/{}:1: the room `{room}` has no floor", source.path));
    }
    for ((line, used), next) in rooms_used(&source.path, &tokens) {
        let place = format!("src/{}:{line}", source.path);
        match (own, floor_of(used)) {
            (Some(own), Some(floor)) if used != room && floor >= own => {
                let relation = if floor == own { "beside" } else { "above" };
                wrong.push(format!("{place}: `{room}` uses `{used}`, which stands {relation} it"));
            }
            _ if used == "kernel" && PURE.contains(&room) => {
                for ((line, module), _) in names_after(&tokens, next) {
                    if !PURE_KERNEL.contains(&module) {
                        wrong.push(format!("src/{}:{line}: `{room}` uses `kernel::{module}`", source.path));
                    }
                }
            }
            _ => {}
        }
    }
    wrong
}

fn too_long(source: &Source) -> Option<String> {
    let own = LONG.iter().find(|(path, _)| *path == source.path).map(|(_, limit)| *limit);
    let limit = own.unwrap_or(if source.path.ends_with("mod.rs") { LONGEST_MOD } else { LONGEST });
    let lines = source.text.lines().count();
    (lines > limit).then(|| format!("src/{}: {lines} lines, {limit} at most", source.path))
}

fn wrong_words(source: &Source) -> Vec<String> {
    let code = code_of(&source.text);
    let room = source.path.split('/').next().unwrap_or_default();
    let whole = WHOLE_NUMBERS.contains(&room) && !DOUBLES.contains(&source.path.as_str());
    let wrong = |word: &str| BANNED.contains(&word) || (whole && matches!(word, "f32" | "f64"));
    let hits = tokens(&code).into_iter().filter(|(_, word)| wrong(word));
    hits.map(|(line, word)| format!("src/{}:{line}: `{word}`", source.path)).collect()
}

fn assert_none(wrong: impl Iterator<Item = String>) {
    let mut list = String::new();
    wrong.for_each(|line| writeln!(list, "{line}").unwrap());
    assert!(list.is_empty(), "\n{list}");
}

#[test]
fn rooms_use_lower_floors_only() {
    assert_none(sources().iter().flat_map(wrong_uses));
}

#[test]
fn files_stay_short() {
    assert_none(sources().iter().filter_map(too_long));
}

#[test]
fn no_hashed_iteration_anywhere_and_no_floating_point_in_what_counts() {
    assert_none(sources().iter().flat_map(wrong_words));
}

fn uses_of(path: &str, text: &str) -> Vec<String> {
    wrong_uses(&Source { path: path.into(), text: text.into() })
}

#[test]
fn upward_and_sideways_uses_are_found_in_every_form() {
    for (path, text, expected) in [
        ("store/log.rs", "use crate::node::config;", "src/store/log.rs:1: `store` uses `node`, which stands above it"),
        (
            "store/log.rs",
            "\nuse crate::filter::tag;",
            "src/store/log.rs:2: `store` uses `filter`, which stands beside it",
        ),
        (
            "run/world.rs",
            "use crate::{\n    node::{config, fact},\n    report::html,\n};",
            "src/run/world.rs:3: `run` uses `report`, which stands above it",
        ),
        (
            "kernel/rng.rs",
            "fn f() -> crate::store::ids::QueueIx {}",
            "src/kernel/rng.rs:1: `kernel` uses `store`, which stands above it",
        ),
        (
            "consume/offsets.rs",
            "use crate::kernel::queue::EventQueue;",
            "src/consume/offsets.rs:1: `consume` uses `kernel::queue`",
        ),
        (
            "filter/tag.rs",
            "use crate::kernel::{\n  time::SimTime,\n  rng::{Stream, Streams}};",
            "src/filter/tag.rs:3: `filter` uses `kernel::rng`",
        ),
        (
            "kernel/time.rs",
            "use super::super::node::fact;",
            "src/kernel/time.rs:1: `kernel` uses `node`, which stands above it",
        ),
        ("kernel/mod.rs", "use super::run;", "src/kernel/mod.rs:1: `kernel` uses `run`, which stands above it"),
        ("attic/mod.rs", "", "src/attic/mod.rs:1: the room `attic` has no floor"),
    ] {
        assert_eq!(uses_of(path, text), [expected], "{text}");
    }
}

#[test]
fn comments_strings_and_lower_floors_are_no_wrong_uses() {
    for (path, text) in [
        ("store/log.rs", "//! See [`crate::node`].\n/* crate::run /* crate::cli */ crate::run */"),
        ("store/log.rs", "const A: &str = \"crate::node \\\" crate::run\"; const B: &str = r#\"crate::cli \" \"#;"),
        ("store/log.rs", "const QUOTE: char = '\"'; // crate::node\nuse crate::kernel::time::SimTime;"),
        ("store/log.rs", "fn f<'a>(x: &'a str) {}\nuse crate::store::ids::{BrokerIx, node};"),
        ("run/world.rs", "use crate::{kernel::queue, node::fact, store::ids};\nuse super::network;"),
        ("kernel/queue/ladder.rs", "use super::super::time;"),
        ("lib.rs", "pub use crate::cli;"),
    ] {
        assert_eq!(uses_of(path, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn banned_words_and_long_files_are_found() {
    let of = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
    let text = "use std::collections::HashMap; // HashSet\nlet x: f64 = 1.0;";
    assert_eq!(wrong_words(&of("store/a.rs", text)), ["src/store/a.rs:1: `HashMap`", "src/store/a.rs:2: `f64`"]);
    assert_eq!(wrong_words(&of("run/a.rs", text)), ["src/run/a.rs:1: `HashMap`"]);
    assert_eq!(too_long(&of("run/a.rs", &"\n".repeat(401))).as_deref(), Some("src/run/a.rs: 401 lines, 400 at most"));
    assert_eq!(
        too_long(&of("run/mod.rs", &"\n".repeat(121))).as_deref(),
        Some("src/run/mod.rs: 121 lines, 120 at most")
    );
    assert_eq!(too_long(&of("run/a.rs", &"\n".repeat(400))), None);
}
