mod drafts;
mod queue;
mod sent_keys;
mod topics;
mod values;
