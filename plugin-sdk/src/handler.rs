//! Handlers: what a plugin implements, and the macro that makes a component of it.
//!
//! The macro exports the handlers it is told and nothing else. It does nothing when the plugin is built for another machine
//! than WebAssembly, except to check that the handlers are implemented; that is how a plugin's logic is tested natively.

use crate::bindings;
use crate::types::{EventContext, HandlerError, Message, Outcome, Tick};
use core::marker::PhantomData;

/// Handles messages. Subscribed to by `[[subscribe]] event = "message"` in the manifest.
pub trait MessageHandler {
    /// Handles one message. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// [`HandlerError::Retry`] makes the host call again later, [`HandlerError::Reject`] parks the event. An
    /// [`Error`](crate::Error) turns into one of them by `?`.
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError>;
}

/// Handles points in time: schedules of the configuration, and jobs set through [`schedule`](crate::schedule).
pub trait ScheduleHandler {
    /// Handles one tick. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_tick(ctx: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError>;
}

/// Stands between the generated traits and ours. Only [`export!`](crate::export) names it.
#[derive(Debug)]
pub struct Adapter<P>(PhantomData<P>);

impl<P: MessageHandler> bindings::message::exports::waspnest::plugin::message_handler::Guest for Adapter<P> {
    fn on_message(ctx: EventContext, msg: Message) -> Result<Outcome, HandlerError> {
        P::on_message(&ctx, &msg)
    }
}

impl<P: ScheduleHandler> bindings::schedule::exports::waspnest::plugin::schedule_handler::Guest for Adapter<P> {
    fn on_tick(ctx: EventContext, tick: Tick) -> Result<Outcome, HandlerError> {
        P::on_tick(&ctx, &tick)
    }
}

/// Makes a component of a type: `export!(Plugin: MessageHandler)`, `export!(Plugin: MessageHandler, ScheduleHandler)`.
///
/// Say it once, at the top level of the crate. The component exports the interfaces of the handlers named here, and imports
/// what the plugin really calls.
#[macro_export]
macro_rules! export {
    (@one $plugin:ident MessageHandler) => {
        const _: () = {
            fn handles<P: $crate::MessageHandler>() {}
            let _ = handles::<$plugin>;
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::Adapter<$plugin>;
            $crate::bindings::message::export!(Exported with_types_in $crate::bindings::message);
        };
    };
    (@one $plugin:ident ScheduleHandler) => {
        const _: () = {
            fn handles<P: $crate::ScheduleHandler>() {}
            let _ = handles::<$plugin>;
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::Adapter<$plugin>;
            $crate::bindings::schedule::export!(Exported with_types_in $crate::bindings::schedule);
        };
    };
    (@one $plugin:ident $other:ident) => {
        compile_error!(concat!(
            "no handler `", stringify!($other), "`: the handlers are MessageHandler and ScheduleHandler"
        ));
    };
    ($plugin:ident: $($handler:ident),+ $(,)?) => {
        $( $crate::export!(@one $plugin $handler); )+
    };
}
