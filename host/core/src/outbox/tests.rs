mod drafts;
mod queue;
mod sent_keys;
mod values;
