//! Which tree a space is.
//!
//! A tree is created by the first commit to its space, never by a read.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use sled::{Db, Tree};

use crate::store::Space;

/// The open trees. Only the writer adds and removes.
pub(super) struct Trees(RwLock<HashMap<Space, Tree>>);

impl Trees {
    pub(super) fn of(db: &Db) -> Result<Self, sled::Error> {
        let mut trees = HashMap::new();
        for name in db.tree_names() {
            // Trees of other names are sled's own.
            if let Some(space) = space_of(&name) {
                trees.insert(space, db.open_tree(&name)?);
            }
        }
        Ok(Self(RwLock::new(trees)))
    }

    pub(super) fn get(&self, space: Space) -> Option<Tree> {
        // Inserting and removing leave the map whole, so a poisoned lock guards a good map.
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&space)
            .cloned()
    }

    /// Every space that has a tree, in order.
    pub(super) fn spaces(&self) -> Vec<Space> {
        let trees = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut spaces: Vec<Space> = trees.keys().copied().collect();
        spaces.sort_unstable();
        spaces
    }

    pub(super) fn create(&self, db: &Db, space: Space) -> Result<Tree, sled::Error> {
        if let Some(tree) = self.get(space) {
            return Ok(tree);
        }
        let tree = db.open_tree(name_of(space))?;
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(space, tree.clone());
        Ok(tree)
    }

    pub(super) fn remove(&self, db: &Db, space: Space) -> Result<(), sled::Error> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&space);
        db.drop_tree(name_of(space)).map(|_| ())
    }
}

fn name_of(space: Space) -> String {
    match space {
        Space::System => "system".into(),
        Space::Sessions => "sessions".into(),
        Space::Session(id) => id.to_string(),
    }
}

fn space_of(name: &[u8]) -> Option<Space> {
    match std::str::from_utf8(name).ok()? {
        "system" => Some(Space::System),
        "sessions" => Some(Space::Sessions),
        id => id.parse().ok().map(Space::Session),
    }
}
