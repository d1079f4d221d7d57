//! The table: address to value, revision, writer, rule and lock.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::lock::Lock;
use super::names::NameId;
use super::rules::RuleId;
use super::sorted::Sorted;
use super::tail::Tail;
use crate::limits::SPARE_LOCKS_MAX;
use crate::osc::Pattern;

/// An address in the [`Table`]. One that has a value is never given to another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AddressId(u32);

/// Everything known about one address.
#[derive(Debug)]
pub(super) struct Entry {
    name: Box<str>,
    /// The value, from the comma on; empty: none yet.
    pub(super) value: Tail,
    /// Counts accepted writes; 0: none yet.
    pub(super) revision: i64,
    /// Who wrote the value.
    pub(super) writer: NameId,
    /// Who may write it, as long as it is held.
    pub(super) lock: Option<Box<Lock>>,
    /// Its rule and followers as they were found when `epoch` was the gateway's.
    pub(super) rule: RuleId,
    /// See `rule`.
    pub(super) followers: u32,
    /// See `rule`; 0: never found.
    pub(super) epoch: u32,
}

impl Entry {
    /// The address.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it counts as known: it has a value or a lock.
    pub(super) fn is_known(&self) -> bool {
        !self.value.is_empty() || self.lock.is_some()
    }
}

/// All known addresses.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    free: Vec<u32>,
    index: HashTable<u32>,
    order: Sorted,
    hasher: DefaultHashBuilder,
    /// Memory of locks that ended, for those that begin: a fader is touched and let go all night.
    #[allow(clippy::vec_box, reason = "an entry holds its lock in just such a box")]
    spare_locks: Vec<Box<Lock>>,
}

impl Table {
    /// How many addresses are known.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The id of an address, if it is known.
    pub(super) fn find(&self, address: &str) -> Option<AddressId> {
        let hash = self.hash(address.as_bytes());
        let found = self
            .index
            .find(hash, |&id| &*self.entries[id as usize].name == address);
        found.map(|&id| AddressId(id))
    }

    /// A number for an address, known or not. Two addresses have the same once in 2^64.
    pub(super) fn hash(&self, address: &[u8]) -> u64 {
        self.hasher.hash_one(address)
    }

    /// The known address of a number.
    pub(super) fn find_by_hash(&self, hash: u64) -> Option<AddressId> {
        let has = |&id: &u32| self.hash(self.entries[id as usize].name.as_bytes()) == hash;
        self.index.find(hash, has).map(|&id| AddressId(id))
    }

    /// The entry of a known address.
    pub(super) fn entry(&self, id: AddressId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    /// The entry of a known address, to be changed.
    pub(super) fn entry_mut(&mut self, id: AddressId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }

    /// Adds an address that is not known. The caller gives it a value or a lock at once.
    pub(super) fn insert(&mut self, address: &str) -> AddressId {
        let entry = Entry {
            name: address.into(),
            value: Tail::EMPTY,
            revision: 0,
            writer: NameId::NOBODY,
            lock: None,
            rule: RuleId::default(),
            followers: 0,
            epoch: 0,
        };
        let id = if let Some(id) = self.free.pop() {
            self.entries[id as usize] = entry;
            id
        } else {
            self.entries.push(entry);
            u32::try_from(self.entries.len() - 1).expect("the limit on addresses is a u32")
        };
        let (entries, hasher) = (&self.entries, &self.hasher);
        let hash_of = |&id: &u32| hasher.hash_one(entries[id as usize].name.as_bytes());
        self.index.insert_unique(hash_of(&id), id, hash_of);
        self.order
            .insert(id, |other| (*entries[other as usize].name).cmp(address));
        AddressId(id)
    }

    /// Locks a known address that is free.
    pub(super) fn lock(&mut self, id: AddressId, lock: Lock) {
        let held = match self.spare_locks.pop() {
            Some(mut spare) => {
                *spare = lock;
                spare
            }
            None => Box::new(lock),
        };
        self.entry_mut(id).lock = Some(held);
    }

    /// Frees a known address; the lock that it had.
    pub(super) fn unlock(&mut self, id: AddressId) -> Option<Lock> {
        let held = self.entry_mut(id).lock.take()?;
        let lock = *held;
        if self.spare_locks.len() < SPARE_LOCKS_MAX {
            self.spare_locks.push(held);
        }
        Some(lock)
    }

    /// Forgets an address that has neither value nor lock any more.
    pub(super) fn forget_if_unknown(&mut self, id: AddressId) {
        if self.entry(id).is_known() {
            return;
        }
        let name = std::mem::take(&mut self.entry_mut(id).name);
        // The order is asked with the name still in mind, so the entry must not be looked at.
        let entries = &self.entries;
        self.order.remove(|other| {
            let other = if other == id.0 {
                &*name
            } else {
                &*entries[other as usize].name
            };
            other.cmp(&name)
        });
        let hash = self.hash(name.as_bytes());
        if let Ok(found) = self.index.find_entry(hash, |&other| other == id.0) {
            found.remove();
        }
        self.free.push(id.0);
    }

    /// The known addresses in address order, from the first not before `start`.
    pub(super) fn from<'a>(&'a self, start: &'a str) -> impl Iterator<Item = AddressId> + 'a {
        self.order
            .from(|id| (*self.entries[id as usize].name).cmp(start))
            .map(AddressId)
    }

    /// The known addresses that `pattern` could match, in address order: those that begin with
    /// its literal prefix.
    pub(super) fn candidates<'a>(
        &'a self,
        pattern: &'a Pattern,
    ) -> impl Iterator<Item = AddressId> + 'a {
        self.from(pattern.prefix())
            .take_while(|&id| self.entry(id).name().starts_with(pattern.prefix()))
    }
}

#[cfg(test)]
impl AddressId {
    /// An id from nowhere, for tests that never look it up.
    pub(super) const fn for_test(id: u32) -> Self {
        Self(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_neither_value_nor_lock_makes_room() {
        let mut table = Table::default();
        let a = table.insert("/b");
        table.entry_mut(a).value.set(b",\0\0\0");
        let b = table.insert("/a");
        table.forget_if_unknown(a);
        table.forget_if_unknown(b);
        assert_eq!(table.find("/b"), Some(a));
        assert_eq!(table.find("/a"), None);
        assert_eq!(table.insert("/c"), b, "the slot is used again");
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn candidates_come_in_address_order_from_the_prefix_on() {
        let mut table = Table::default();
        for address in ["/b/2", "/a/1", "/b/10", "/c/1", "/b"] {
            table.insert(address);
        }
        let pattern = Pattern::compile("/b/*").expect("a pattern");
        let names: Vec<&str> = table
            .candidates(&pattern)
            .map(|id| table.entry(id).name())
            .collect();
        assert_eq!(names, ["/b/10", "/b/2"]);
    }
}
