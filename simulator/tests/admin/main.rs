//! The admin interface over real HTTP, in process and as a program.

mod calls;
mod circle;
mod conversation;
mod document;
mod faults;
mod groups;
mod marks;
mod media;
mod owner;
mod people;
mod phone;
mod program;
mod readme;
mod refusals;
mod ringing;
mod schema;
mod shown;
mod wire;
