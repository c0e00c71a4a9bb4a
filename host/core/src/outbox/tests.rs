mod drafts;
mod queue;
mod values;
