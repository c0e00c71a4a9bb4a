//! The admin interface over real HTTP, in process and as a program.

mod calls;
mod conversation;
mod document;
mod faults;
mod groups;
mod media;
mod owner;
mod people;
mod program;
mod readme;
mod refusals;
mod schema;
mod wire;
