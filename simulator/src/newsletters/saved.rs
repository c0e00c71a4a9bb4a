//! Newsletters in a file, with the numbers of those that were deleted.

use rand_signal::rngs::StdRng;

use crate::newsletters::newsletter::saved::SavedNewsletter;
use crate::newsletters::{NewsletterId, Newsletters};
use crate::saved::Unsound;

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SavedNewsletters {
    newsletters: Vec<SavedNewsletter>,
    /// Every number that was given out.
    numbers: Vec<u64>,
}

impl SavedNewsletters {
    pub(crate) fn of(newsletters: &Newsletters) -> Self {
        Self {
            newsletters: newsletters
                .by_id
                .values()
                .map(|newsletter| SavedNewsletter::of(newsletter.id.0, newsletter))
                .collect(),
            numbers: newsletters.used.iter().copied().collect(),
        }
    }

    /// The newsletters again, in a world of `count` accounts; new ones are drawn from `rng`.
    pub(crate) fn restore(self, rng: StdRng, count: usize) -> Result<Newsletters, Unsound> {
        let mut newsletters = Newsletters::new(rng);
        newsletters.used = self.numbers.into_iter().collect();
        for saved in self.newsletters {
            let newsletter = saved.restore(NewsletterId, count)?;
            newsletters.used.insert(newsletter.id.0);
            newsletters.by_code.insert(newsletter.code.clone(), newsletter.id);
            newsletters.by_id.insert(newsletter.id, newsletter);
        }
        Ok(newsletters)
    }
}
