//! Names kept once: clients' names, which outlive their sessions as writers of values.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// A name in [`Names`]. Holding one is holding a count in the table: see [`Names::keep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(u32);

impl NameId {
    /// The empty name: nobody.
    pub(super) const NOBODY: Self = Self(0);

    /// An id from nowhere, for tests that never look it up.
    #[cfg(test)]
    pub(super) const fn for_test(id: u32) -> Self {
        Self(id)
    }
}

/// Texts with a count of who refers to each; a text nobody refers to makes room.
///
/// A million addresses written by one console hold its name once; a thousand one-shot senders that
/// wrote one address each are remembered only as long as their value stands.
#[derive(Debug)]
pub(super) struct Names {
    texts: Vec<Text>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
struct Text {
    text: String,
    count: u32,
}

impl Names {
    /// A table that knows only [`NameId::NOBODY`].
    pub(super) fn new() -> Self {
        Self {
            texts: vec![Text {
                text: String::new(),
                count: 1,
            }],
            free: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// The id of `text`, counted once more.
    pub(super) fn intern(&mut self, text: &str) -> NameId {
        if text.is_empty() {
            return NameId::NOBODY;
        }
        let hash = self.hasher.hash_one(text);
        if let Some(&id) = self
            .index
            .find(hash, |&id| self.texts[id as usize].text == text)
        {
            return self.keep(NameId(id));
        }
        self.add(text)
    }

    /// A new id for `text`, though it may have one: what was written under that was written by
    /// somebody else.
    pub(super) fn anew(&mut self, text: &str) -> NameId {
        let hash = self.hasher.hash_one(text);
        let known = |&id: &u32| self.texts[id as usize].text == text;
        if let Ok(found) = self.index.find_entry(hash, known) {
            found.remove();
        }
        self.add(text)
    }

    fn add(&mut self, text: &str) -> NameId {
        let hash = self.hasher.hash_one(text);
        let id = if let Some(id) = self.free.pop() {
            let slot = &mut self.texts[id as usize];
            slot.text.push_str(text);
            slot.count = 1;
            id
        } else {
            self.texts.push(Text {
                text: text.to_owned(),
                count: 1,
            });
            u32::try_from(self.texts.len() - 1).expect("fewer names than addresses and clients")
        };
        self.index.insert_unique(hash, id, |&id| {
            self.hasher.hash_one(&*self.texts[id as usize].text)
        });
        NameId(id)
    }

    /// Counts one more holder of `id`.
    pub(super) fn keep(&mut self, id: NameId) -> NameId {
        if id != NameId::NOBODY {
            self.texts[id.0 as usize].count += 1;
        }
        id
    }

    /// Counts one holder less; the last one takes the text with it.
    pub(super) fn drop_one(&mut self, id: NameId) {
        if id == NameId::NOBODY {
            return;
        }
        let slot = &mut self.texts[id.0 as usize];
        slot.count -= 1;
        if slot.count > 0 {
            return;
        }
        let hash = self.hasher.hash_one(&*slot.text);
        if let Ok(found) = self.index.find_entry(hash, |&other| other == id.0) {
            found.remove();
        }
        self.texts[id.0 as usize].text.clear();
        self.free.push(id.0);
    }

    /// The text of `id`.
    pub(super) fn text(&self, id: NameId) -> &str {
        &self.texts[id.0 as usize].text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_goes_with_its_last_holder() {
        let mut names = Names::new();
        let a = names.intern("tablet");
        let b = names.intern("tablet");
        assert_eq!(a, b);
        names.drop_one(a);
        assert_eq!(names.text(b), "tablet");
        names.drop_one(b);
        let c = names.intern("desk");
        assert_eq!(c, a, "the slot is used again");
        assert_eq!(names.text(c), "desk");
        assert_ne!(names.intern("tablet"), c);
    }

    #[test]
    fn nobody_is_never_counted() {
        let mut names = Names::new();
        assert_eq!(names.intern(""), NameId::NOBODY);
        names.drop_one(NameId::NOBODY);
        names.drop_one(NameId::NOBODY);
        assert_eq!(names.text(NameId::NOBODY), "");
    }
}
