//! The show file that `oscgate init` prints: every key at its default, with what it does.

use std::fmt::Write as _;

use super::keys::{FileKind, Written};

const FRONT: &str = "\
# A show file for oscgate.
#
# Lines that begin with \"# \" explain. Lines that begin with \"#\" alone are examples:
# take the # away and write what is yours. `oscgate check` says whether all is well.
# Times are written \"250ms\", \"10s\", \"2m\", \"1h\".
";

/// A commented show file in which every key stands at its default.
///
/// What has no default stands in examples that are commented out: without the `#` in front of
/// them they load as well.
#[must_use]
pub fn commented_show() -> String {
    let mut text = FRONT.to_owned();
    for &table in FileKind::Show.tables() {
        // A table of which this version knows nothing has nothing to show.
        if table.keys().all(|key| key.written == Written::Later) {
            continue;
        }
        let mark = if table.is_list() { "#" } else { "" };
        text.push('\n');
        comment(&mut text, table.says());
        line(&mut text, mark, &table.header());
        for key in table.keys() {
            let (mark, value) = match key.written {
                Written::Default(value) => (mark, value),
                Written::Example(value) => ("#", value),
                Written::Later => continue,
            };
            comment(&mut text, key.says);
            line(&mut text, mark, &format!("{} = {value}", key.name));
        }
    }
    text
}

fn comment(text: &mut String, says: &str) {
    for sentence in says.lines() {
        line(text, "# ", sentence.trim_start_matches("# "));
    }
}

fn line(text: &mut String, mark: &str, line: &str) {
    writeln!(text, "{mark}{line}").expect("a string takes whatever is written to it");
}

#[cfg(test)]
mod tests {
    use super::super::show_keys::KEYS;
    use super::super::{Show, load_show};
    use super::*;

    #[test]
    fn what_init_prints_is_the_default_show() {
        let mut show = load("init", &commented_show());
        assert!(show.gateway.listen_is_explicit);
        show.gateway.listen_is_explicit = false;
        assert_eq!(show, Show::default());
    }

    #[test]
    fn what_init_prints_names_every_key() {
        let text = commented_show();
        for key in KEYS {
            let lines = text.lines().map(|line| line.trim_start_matches('#'));
            let named = lines
                .filter(|line| line.starts_with(&format!("{} = ", key.name)))
                .count();
            let tables = KEYS.iter().filter(|other| other.name == key.name);
            let now = tables
                .filter(|other| other.written != Written::Later)
                .count();
            assert_eq!(named, now, "{}", key.name);
        }
    }

    #[test]
    fn the_examples_load_without_their_marks() {
        let text: String = commented_show()
            .lines()
            .map(|line| {
                let example = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
                format!("{}\n", example.unwrap_or(line))
            })
            .collect();
        let show = load("init", &text);
        assert_eq!(show.clients[0].name, "monitor-desk");
        assert_eq!(show.clients[0].reply_port, Some(9001));
        assert_eq!(show.addresses[0].pattern, "/mixer/fader/*");
        assert_eq!(show.addresses[0].range, Some((0.0, 1.0)));
    }

    #[test]
    fn no_line_is_too_long_to_read() {
        let text = commented_show();
        let long: Vec<_> = text
            .lines()
            .filter(|line| line.chars().count() > 100)
            .collect();
        assert!(long.is_empty(), "{long:#?}");
    }

    fn load(name: &str, text: &str) -> Show {
        load_show(name, text).unwrap_or_else(|faults| {
            let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
            panic!("{}\n{text}", faults.join("\n"))
        })
    }
}
