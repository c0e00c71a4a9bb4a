//! Looking over a store that nobody uses: whether every record can be read, whether indexes and counters agree with the records they are made
//! of, and whether files are what they are named by.
//!
//! [`Checker::check`] changes nothing. [`Checker::repair`] mends what can be made again from records: rows of indexes, counters. A record that
//! cannot be read is moved into a file, where somebody can look at it, and never thrown away; what depended on it is told by the next
//! check.

mod directory;
mod forms;
mod session;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::backup::Counts;
use crate::clock::{Clock, Ids};
use crate::log::Log;
use crate::long_record;
use crate::schema::{self, Key, sessions};
use crate::store::{Class, Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};
pub use directory::check_files;
use forms::Form;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub space: Space,
    /// Which row; none when one is missing.
    pub key: Option<Bytes>,
    /// What is wrong, in words.
    pub what: Box<str>,
    /// What can be done.
    pub remedy: Remedy,
}

/// What can be done about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// These changes make it right; they follow from other records.
    Mend(Vec<Op>),
    /// The record can only be taken out of the way.
    MoveAside,
    /// A person has to look.
    None,
}

/// What was found in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Spaces, each with its records.
    pub spaces: BTreeMap<Space, Counts>,
    /// Records that were read, by space and table.
    pub read: u64,
    /// Records of others, which are sealed or have no form of their own, and were only counted.
    pub opaque: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// What a repair did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Findings that were mended.
    pub mended: usize,
    /// Records that were moved aside.
    pub moved: usize,
    /// Findings that are left for a person.
    pub left: usize,
}

/// Why a repair stopped.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The store failed.
    #[error("the store could not be used")]
    Store(#[from] StoreError),
    /// What is taken out of the way cannot be kept.
    #[error("records that are moved aside could not be written to {}", path.display())]
    Aside {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Looks over one store.
#[derive(Debug)]
pub struct Checker {
    store: Arc<dyn Store>,
    log: Log,
}

impl Checker {
    /// Over a store that nobody else uses.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        let log = Log::new(Arc::clone(&store), clock, ids);
        Self { store, log }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// Those of the store, when it cannot even be scanned.
    pub async fn check(&self) -> Result<Report, StoreError> {
        let mut report = Report::default();
        let mut registered = BTreeSet::new();
        for space in self.store.spaces().await? {
            match space {
                Space::System => self.system(&mut report).await?,
                Space::Sessions => registered = self.register(&mut report).await?,
                Space::Session(id) => {
                    session::check(self, id, &mut report).await?;
                    if !registered.contains(&Bytes::copy_from_slice(&id.ulid().to_bytes())) {
                        report.note(space, None, "the register knows no such session", Remedy::None);
                    }
                }
            }
        }
        Ok(report)
    }

    /// Does what can be done about findings. What is moved aside is appended to the file at `aside`, durably, before it is removed.
    ///
    /// # Errors
    /// [`RepairError`]; what was mended stays mended.
    pub async fn repair(&self, findings: Vec<Finding>, aside: &Path) -> Result<Repaired, RepairError> {
        let mut done = Repaired::default();
        for Finding {
            space,
            key,
            what,
            remedy,
        } in findings
        {
            match (remedy, key) {
                (Remedy::Mend(ops), _) => {
                    self.commit(space, ops).await?;
                    done.mended += 1;
                }
                (Remedy::MoveAside, Some(key)) => {
                    if let Some(value) = self.store.get(space, &key).await? {
                        keep_aside(aside, space, &key, &value, &what).map_err(|source| RepairError::Aside {
                            path: aside.to_owned(),
                            source,
                        })?;
                        self.commit(space, vec![Op::Delete(key)]).await?;
                    }
                    done.moved += 1;
                }
                (Remedy::MoveAside, None) | (Remedy::None, _) => done.left += 1,
            }
        }
        self.store.flush().await?;
        Ok(done)
    }

    async fn commit(&self, space: Space, ops: Vec<Op>) -> Result<(), StoreError> {
        let commit = Commit {
            space,
            expect: Vec::new(),
            ops,
            class: Class::Lazy,
        };
        self.store.commit(commit).await.map(drop)
    }

    /// Reads every row of a space by its form, and shows it to `see` when it can be read: its key, and all of its record.
    async fn rows(
        &self,
        space: Space,
        report: &mut Report,
        mut see: impl FnMut(&Bytes, &Bytes, &mut Report),
    ) -> Result<(), StoreError> {
        let mut range = KeyRange {
            start: Bytes::new(),
            end: None,
        };
        let mut counts = Counts::default();
        loop {
            let page = self
                .store
                .scan(space, range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { break };
            range = range.after(last);
            for (key, value) in page {
                counts.count += 1;
                counts.bytes += (key.len() + value.len()) as u64;
                let form = forms::of(space, &key);
                let whole = match form {
                    // All but its table, and the number of the part.
                    Form::Part => match self
                        .store
                        .get(space, key.get(1..key.len() - 1).unwrap_or_default())
                        .await?
                    {
                        Some(_) => Ok(value),
                        None => Err(damaged(&key, "the record it continues is not there")),
                    },
                    Form::Record(_) if forms::may_be_long(space, &key) => {
                        long_record::get(&*self.store, space, &key, value).await
                    }
                    Form::Record(_) | Form::Opaque | Form::Unknown => Ok(value),
                };
                let read = whole.and_then(|whole| match form {
                    Form::Record(read) => read(&key, &whole).map(|()| (whole, 1)),
                    Form::Opaque | Form::Part => Ok((whole, 0)),
                    Form::Unknown => Err(damaged(&key, "no table of this program has such a key")),
                });
                match read {
                    Ok((whole, read)) => {
                        report.read += read;
                        report.opaque += 1 - read;
                        see(&key, &whole, report);
                    }
                    Err(error @ StoreError::Damaged { .. }) => {
                        let remedy = match form {
                            // It may be of a later version of this program.
                            Form::Unknown => Remedy::None,
                            Form::Record(_) | Form::Opaque | Form::Part => Remedy::MoveAside,
                        };
                        report.note(space, Some(key), &error.to_string(), remedy);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        report.spaces.insert(space, counts);
        Ok(())
    }

    /// The register of sessions; answers the ids in it, those of sessions that are to be gone among them.
    async fn register(&self, report: &mut Report) -> Result<BTreeSet<Bytes>, StoreError> {
        let (mut records, mut names) = (BTreeMap::new(), Vec::new());
        let (mut of_records, mut known) = (Vec::new(), BTreeSet::new());
        self.rows(Space::Sessions, report, |key, value, _| {
            let table = key.first().copied().unwrap_or_default();
            match table {
                sessions::RECORD => {
                    known.insert(key.slice(1..));
                    let record: Option<crate::session::SessionRecord> = crate::codec::decode(key, value).ok();
                    records.extend(record.map(|record| (key.slice(1..), record)));
                }
                sessions::NAME | sessions::NAME_OF => names.push((key.clone(), value.clone())),
                sessions::OWNER | sessions::TOKEN => of_records.push((key.clone(), value.clone())),
                sessions::TOMBSTONE => drop(known.insert(key.slice(1..))),
                _ => {}
            }
        })
        .await?;
        let mut owners = BTreeMap::new();
        for (key, value) in &of_records {
            if !records.contains_key(&key.slice(1..)) {
                let delete = Remedy::Mend(vec![Op::Delete(key.clone())]);
                report.note(
                    Space::Sessions,
                    Some(key.clone()),
                    "it is of a session that is not there",
                    delete,
                );
            } else if key.first() == Some(&sessions::OWNER) {
                owners.extend(crate::session::owner_in(key, value));
            }
        }
        let mut wanted: BTreeMap<Bytes, Bytes> = BTreeMap::new();
        for (id, record) in &records {
            let tenant = owners.get(&record.id).copied().unwrap_or(crate::id::TenantId::DEFAULT);
            wanted.insert(schema::session_name_of(&record.name, tenant), id.clone());
        }
        for (key, value) in names {
            match wanted.remove(&key) {
                Some(id) if id == value => {}
                Some(id) => {
                    let put = Remedy::Mend(vec![Op::Put(key.clone(), id)]);
                    report.note(Space::Sessions, Some(key), "the name leads to another session", put);
                }
                None => {
                    let delete = Remedy::Mend(vec![Op::Delete(key.clone())]);
                    report.note(Space::Sessions, Some(key), "no session has this name", delete);
                }
            }
        }
        for (key, id) in wanted {
            let put = Remedy::Mend(vec![Op::Put(key, id)]);
            report.note(Space::Sessions, None, "a session is not found by its name", put);
        }
        Ok(known)
    }

    /// Everything else that is the host's.
    async fn system(&self, report: &mut Report) -> Result<(), StoreError> {
        use schema::system::{TENANT, TENANT_NAME, USER, USER_NAME};
        let (mut there, mut names) = (BTreeSet::new(), Vec::new());
        self.rows(Space::System, report, |key, value, _| match key.first() {
            Some(&(TENANT | USER)) => drop(there.insert(key.clone())),
            Some(&(TENANT_NAME | USER_NAME)) => names.push((key.clone(), value.clone())),
            Some(_) | None => {}
        })
        .await?;
        for (key, id) in names {
            let table = if key.first() == Some(&TENANT_NAME) {
                TENANT
            } else {
                USER
            };
            if !there.contains(&Key::table(table).bytes(&id).finish()) {
                let delete = Remedy::Mend(vec![Op::Delete(key.clone())]);
                report.note(Space::System, Some(key), "the name is of nobody", delete);
            }
        }
        Ok(())
    }
}

impl Report {
    fn note(&mut self, space: Space, key: Option<Bytes>, what: &str, remedy: Remedy) {
        self.findings.push(Finding {
            space,
            key,
            what: what.into(),
            remedy,
        });
    }

    /// All records.
    #[must_use]
    pub fn records(&self) -> Counts {
        let mut all = Counts::default();
        for counts in self.spaces.values() {
            all += *counts;
        }
        all
    }
}

fn damaged(key: &[u8], reason: &str) -> StoreError {
    StoreError::Damaged {
        key: key.escape_ascii().to_string().into(),
        reason: reason.into(),
    }
}

fn keep_aside(path: &Path, space: Space, key: &[u8], value: &[u8], because: &str) -> std::io::Result<()> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let space = match space {
        Space::System => "system".into(),
        Space::Sessions => "sessions".into(),
        Space::Session(id) => id.to_string(),
    };
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{space} {} = {} # {because}", hex(key), hex(value))?;
    file.sync_all()
}
