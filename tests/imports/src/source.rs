//! The paths in a source file. This reads just enough of Rust to find them: no file of this repository needs more.

use std::collections::BTreeMap;

/// What a file imports and re-exports.
#[derive(Debug, Default)]
pub(crate) struct Source {
    paths: Vec<Vec<String>>,
    reexports: BTreeMap<String, Vec<String>>,
}

impl Source {
    /// Reads the text of a file.
    pub(crate) fn parse(text: &str) -> Self {
        let tokens = tokens(without_tests(text));
        let mut source = Self::default();
        let mut position = 0;
        while let Some(token) = tokens.get(position) {
            if token == "use" {
                let is_public = position > 0 && ["pub", ")"].contains(&tokens[position - 1].as_str());
                let end = tokens[position..].iter().position(|token| token == ";").unwrap_or(1) + position;
                let mut tree = &tokens[position + 1..end.max(position + 1)];
                source.add_use(&[], &mut tree, is_public);
                position = end;
            } else if ["crate", "super", "self"].contains(&token.as_str())
                && tokens.get(position + 1).is_some_and(|next| next == "::")
            {
                let mut path = vec![token.clone()];
                while tokens.get(position + 1).is_some_and(|next| next == "::")
                    && tokens.get(position + 2).is_some_and(|name| is_name(name))
                {
                    path.push(tokens[position + 2].clone());
                    position += 2;
                }
                source.paths.push(path);
            }
            position += 1;
        }
        source
    }

    /// All paths that the file imports or names.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &[String]> {
        self.paths.iter().map(Vec::as_slice)
    }

    /// The path of a name that the file re-exports.
    pub(crate) fn reexport(&self, name: &str) -> Option<&[String]> {
        self.reexports.get(name).map(Vec::as_slice)
    }

    /// Reads one tree of a `use` declaration: `a::b`, `a::{b, c}`, `a as b`.
    fn add_use(&mut self, prefix: &[String], tokens: &mut &[String], is_public: bool) {
        let mut path = prefix.to_vec();
        while let Some((token, rest)) = tokens.split_first() {
            match token.as_str() {
                "::" => *tokens = rest,
                "{" => {
                    *tokens = rest;
                    while tokens.first().is_some_and(|token| token != "}") {
                        self.add_use(&path, tokens, is_public);
                        if tokens.first().is_some_and(|token| token == ",") {
                            *tokens = &tokens[1..];
                        }
                    }
                    *tokens = tokens.get(1..).unwrap_or_default();
                    return;
                }
                "as" => {
                    let alias = rest.first().cloned().unwrap_or_default();
                    *tokens = rest.get(1..).unwrap_or_default();
                    self.add_path(path, &alias, is_public);
                    return;
                }
                name if is_name(name) || name == "*" => {
                    if name != "self" || path.is_empty() {
                        path.push(name.to_owned());
                    }
                    *tokens = rest;
                }
                _ => break,
            }
        }
        let name = path.last().cloned().unwrap_or_default();
        self.add_path(path, &name, is_public);
    }

    fn add_path(&mut self, path: Vec<String>, name: &str, is_public: bool) {
        if is_public {
            self.reexports.insert(name.to_owned(), path.clone());
        }
        self.paths.push(path);
    }
}

/// The text before the tests, which are at the end of a file.
fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests").map_or(text, |end| &text[..end])
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The names and punctuation of a text, without comments and literals.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = string_length(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|other: char| !other.is_alphanumeric() && other != '_').unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the literal at the start of the text; `None` if there is none.
fn string_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let raw = text.strip_prefix('b').unwrap_or(text).strip_prefix('r');
    if let Some(raw) = raw {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let closing = format!("\"{}", "#".repeat(hashes));
            let start = text.len() - raw.len() + hashes + 1;
            return Some(text[start..].find(&closing).map_or(text.len(), |end| start + end + closing.len()));
        }
    }
    match bytes {
        [b'"', ..] => Some(quoted_length(text, '"')),
        // A character, and not a lifetime.
        [b'\'', b'\\', ..] => Some(quoted_length(text, '\'')),
        [b'\'', ..] => {
            let mut characters = text.char_indices().skip(1);
            characters.next()?;
            characters.next().filter(|(_, closing)| *closing == '\'').map(|(end, _)| end + 1)
        }
        _ => None,
    }
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (index, letter) in text.char_indices().skip(1) {
        if letter == quote && !is_escaped {
            return index + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    text.len()
}
