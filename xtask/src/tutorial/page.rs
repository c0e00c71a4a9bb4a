//! The page as steps. A comment above a block of code says what a newcomer does with it:
//!
//! - `run`, `fails`: a script in their terminal, which ends well or does not; a block of text below it is all that it prints
//! - `typed`: below a script, what they type (`> …`) and which lines come
//! - `writes PATH`: a file gets another content; `adds to PATH`, `adds to PATH, behind LINE`: it gets more
//! - `beside, in the checkout`: a script in another terminal, which goes on; a block of text below it tells the lines that come
//! - `typed beside`: what they type there, and which lines come
//!
//! A block without a comment that is no such text is only looked at.

use anyhow::{Context, Result, bail};

/// A block of code that something is done with.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    /// Line of the page.
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) deed: Deed,
}

/// What is done with it.
#[derive(Debug, PartialEq)]
pub(super) enum Deed {
    Run {
        typed: Option<Chat>,
        fails: bool,
        shows: Option<String>,
    },
    Write {
        path: String,
    },
    Add {
        path: String,
        behind: Option<String>,
    },
    Beside {
        shows: Vec<String>,
    },
    TypeBeside(Vec<Typed>),
}

/// What is typed into a script, and the lines that come of it.
#[derive(Debug, PartialEq)]
pub(super) struct Chat {
    pub(super) lines: Vec<String>,
    pub(super) answers: Vec<String>,
}

/// One line of a chat.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typed {
    Line(String),
    Answer(String),
}

/// The steps of a page.
pub(super) fn read(page: &str) -> Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut note: Option<String> = None;
    let mut lines = (1..).zip(page.lines());
    // Whether something other than blocks came since the last one.
    let mut apart = true;
    while let Some((number, line)) = lines.next() {
        if let Some(said) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            note = Some(said.to_owned());
        } else if line.starts_with("```") {
            let text: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| !line.starts_with("```"))
                .collect();
            let text = text.join("\n") + "\n";
            let told = note.take();
            let before = blocks.last_mut().filter(|_| !apart || told.is_some());
            match told.as_deref() {
                None if line == "```text" => shows(before, &text).with_context(|| format!("line {number}"))?,
                None => {}
                Some("typed") => types(before, &text).with_context(|| format!("line {number}"))?,
                Some(note) => blocks.push(Block {
                    line: number,
                    deed: deed(note, &text).with_context(|| format!("line {number}"))?,
                    text,
                }),
            }
            apart = false;
        } else if !line.trim().is_empty() {
            apart = true;
        }
    }
    Ok(blocks)
}

fn deed(note: &str, text: &str) -> Result<Deed> {
    let run = |fails| Deed::Run {
        typed: None,
        fails,
        shows: None,
    };
    Ok(match note {
        "run" => run(false),
        "fails" => run(true),
        "beside, in the checkout" => Deed::Beside { shows: Vec::new() },
        "typed beside" => Deed::TypeBeside(typed(text)),
        _ => {
            if let Some(path) = note.strip_prefix("writes ") {
                Deed::Write { path: path.to_owned() }
            } else if let Some(place) = note.strip_prefix("adds to ") {
                let (path, behind) = match place.split_once(", behind ") {
                    Some((path, behind)) => (path, Some(behind.to_owned())),
                    None => (place, None),
                };
                Deed::Add {
                    path: path.to_owned(),
                    behind,
                }
            } else {
                bail!("nobody knows what to do about {note:?}")
            }
        }
    })
}

/// A text below a script is what it prints.
fn shows(before: Option<&mut Block>, text: &str) -> Result<()> {
    match before.map(|block| &mut block.deed) {
        Some(Deed::Run { shows, .. }) => *shows = Some(text.to_owned()),
        Some(Deed::Beside { shows }) => shows.extend(text.lines().map(str::to_owned)),
        Some(Deed::Write { .. } | Deed::Add { .. } | Deed::TypeBeside(_)) | None => {
            bail!("a text that nothing prints")
        }
    }
    Ok(())
}

fn types(before: Option<&mut Block>, text: &str) -> Result<()> {
    let Some(Deed::Run { typed: into, .. }) = before.map(|block| &mut block.deed) else {
        bail!("nothing runs that it could be typed into")
    };
    let mut chat = Chat {
        lines: Vec::new(),
        answers: Vec::new(),
    };
    for line in typed(text) {
        match line {
            Typed::Line(line) => chat.lines.push(line),
            Typed::Answer(answer) => chat.answers.push(answer),
        }
    }
    *into = Some(chat);
    Ok(())
}

fn typed(text: &str) -> Vec<Typed> {
    let line = |line: &str| match line.strip_prefix("> ") {
        Some(typed) => Typed::Line(typed.to_owned()),
        None => Typed::Answer(line.to_owned()),
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_steps() {
        let page = "# T\n\n<!-- run -->\n```sh\na\n```\n\n```text\nout\n```\n\nwords\n\n```toml\nonly = \"looked at\"\n```\n\n<!-- adds to x.toml, behind [y] -->\n```toml\nz = 1\n```\n\n<!-- run -->\n```sh\nchat\n```\n\nwords between\n\n<!-- typed -->\n```text\n> hi\nbot: hi\n```\n";
        let blocks = read(page).expect("it reads");
        let deeds: Vec<&Deed> = blocks.iter().map(|block| &block.deed).collect();
        assert_eq!(blocks[0].line, 4);
        assert_eq!(
            deeds,
            [
                &Deed::Run {
                    typed: None,
                    fails: false,
                    shows: Some("out\n".to_owned())
                },
                &Deed::Add {
                    path: "x.toml".to_owned(),
                    behind: Some("[y]".to_owned())
                },
                &Deed::Run {
                    typed: Some(Chat {
                        lines: vec!["hi".to_owned()],
                        answers: vec!["bot: hi".to_owned()]
                    }),
                    fails: false,
                    shows: None
                },
            ]
        );
    }

    #[test]
    fn what_nobody_understands_is_told() {
        let told = read("<!-- dances -->\n```sh\na\n```\n").expect_err("nobody dances");
        assert!(format!("{told:#}").contains("dances"), "{told:#}");
        assert!(read("```text\nout\n```\n").is_err());
    }
}
