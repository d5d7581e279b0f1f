//! `README.zh-CN.md` is a translation of all of `README.md`: both have the same structure.

use std::path::Path;

/// Full-width punctuation belongs beside Chinese characters, and these are half-width.
const HALF_WIDTH: &str = ",.;:!?()";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The parts of a document, in their order.
#[derive(Debug, Default)]
struct Structure {
    /// The level of each heading.
    headings: Vec<usize>,
    /// The number of cells in each row of each table.
    tables: Vec<Vec<usize>>,
    /// The number of items in each list.
    lists: Vec<usize>,
    /// The lines of each block of code, without its comments.
    code: Vec<Vec<String>>,
    /// The target of each image and of each link. Links in a sentence may change their order.
    images: Vec<String>,
    links: Vec<String>,
    /// Everything outside the blocks of code.
    prose: Vec<String>,
}

impl Structure {
    fn of(document: &str) -> Self {
        let mut structure = Self::default();
        let mut block: Option<(&str, Vec<String>)> = None;
        let (mut in_table, mut in_list) = (false, false);
        for line in document.lines() {
            if let Some(language) = line.strip_prefix("```") {
                match block.take() {
                    None => block = Some((language, Vec::new())),
                    Some((_, lines)) => structure.code.push(lines),
                }
            } else if let Some((language, lines)) = &mut block {
                lines.push(untranslated(language, line));
            } else {
                structure.add_prose(line, in_table, in_list);
                in_table = line.starts_with('|');
                in_list = line.starts_with("- ") || (in_list && line.starts_with("  "));
            }
        }
        structure.links.sort_unstable();
        structure
    }

    fn add_prose(&mut self, line: &str, in_table: bool, in_list: bool) {
        if line.starts_with('#') {
            self.headings.push(line.chars().take_while(|character| *character == '#').count());
        } else if line.starts_with('|') {
            if !in_table {
                self.tables.push(Vec::new());
            }
            // A bar behind a backslash is part of a cell.
            let cells = line.replace("\\|", "").matches('|').count() - 1;
            self.tables.last_mut().unwrap().push(cells);
        } else if line.starts_with("- ") {
            if !in_list {
                self.lists.push(0);
            }
            *self.lists.last_mut().unwrap() += 1;
        }
        let (images, links): (Vec<_>, Vec<_>) = targets(line).into_iter().partition(|(image, _)| *image);
        self.images.extend(images.into_iter().map(|(_, target)| target));
        self.links.extend(links.into_iter().map(|(_, target)| target));
        self.prose.push(line.to_owned());
    }
}

/// What a line of code must have in both languages: commands and answers, but neither comments nor drawings.
fn untranslated(language: &str, line: &str) -> String {
    match language {
        "" => String::new(),
        _ => line.split("  # ").next().unwrap().trim_end().to_owned(),
    }
}

/// Whether each link of a line is an image, and where it leads. The two documents link to each other.
fn targets(line: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    for (end, _) in line.match_indices("](") {
        let start = line[..end].rfind('[').unwrap();
        let target = line[end + 2..].split(')').next().unwrap();
        let target = if target.starts_with("README") { "the other language" } else { target };
        found.push((line[..start].ends_with('!'), target.to_owned()));
    }
    found
}

/// The characters of a line that are prose: code in backquotes becomes one letter, and targets of links go.
fn prose(line: &str) -> Vec<char> {
    let without_code = line
        .split('`')
        .enumerate()
        .map(|(part, text)| if part % 2 == 0 { text } else { "x" })
        .collect::<String>();
    let mut parts = without_code.split("](");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        text.push(']');
        text += part.split_once(')').unwrap().1;
    }
    text.chars().collect()
}

fn is_chinese(character: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&character)
}

/// The half-width punctuation beside a Chinese character.
fn half_width(line: &str) -> Vec<String> {
    let characters = prose(line);
    let pairs = characters.windows(2).filter(|pair| {
        let [before, after] = [pair[0], pair[1]];
        (is_chinese(before) && HALF_WIDTH.contains(after))
            || (HALF_WIDTH.contains(before) && is_chinese(after))
    });
    pairs.map(|pair| pair.iter().collect()).collect()
}

#[test]
fn the_translation_has_the_structure_of_the_original() {
    let (original, translation) = (read("README.md"), read("README.zh-CN.md"));
    let (original, translation) = (Structure::of(&original), Structure::of(&translation));
    assert_eq!(translation.headings, original.headings);
    assert_eq!(translation.code, original.code);
    assert_eq!(translation.tables, original.tables);
    assert_eq!(translation.lists, original.lists);
    assert_eq!(translation.images, original.images);
    assert_eq!(translation.links, original.links);
    assert!(original.headings.len() > 10 && original.tables.len() > 4 && original.images.len() == 1);
}

#[test]
fn the_translation_has_full_width_punctuation() {
    for line in Structure::of(&read("README.zh-CN.md")).prose {
        assert_eq!(half_width(&line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn a_difference_is_found() {
    let original = "# A\n\n| a | b |\n|---|---|\n| `x\\|y` | [l](t) |\n\n- one\n  more\n- two\n\n```sh\nrun a    # does a\n```\n";
    let translation = original.replace("does a", "运行").replace("more", "更多");
    let (first, second) = (Structure::of(original), Structure::of(&translation));
    assert_eq!((&first.headings, &first.tables, &first.lists), (&vec![1], &vec![vec![2, 2, 2]], &vec![2]));
    assert_eq!((&first.code, &first.links), (&second.code, &vec!["t".to_owned()]));
    let other = Structure::of(&translation.replace("run a", "run b"));
    assert_ne!(first.code, other.code);
    assert_eq!(half_width("版本,在 Rust(rustup) 里。`a,b`中，[链接](docs/x.md)。"), ["本,", ",在"]);
    assert_eq!(half_width("装有(rustup)的"), ["有(", ")的"]);
}
