//! Commands that reactors send.

use std::fmt::Display;

use crate::command::{Command, Handle};

/// A command that a reactor can send: its rejection can be shown, since it becomes the reason why the event is parked.
#[diagnostic::on_unimplemented(
    message = "a reactor cannot send `{Self}`",
    label = "not a command whose rejection can be shown",
    note = "a reactor sends commands: write `#[derive(Clone, Serialize, Command)]` and `#[kenning(aggregate = …)]` on `{Self}`",
    note = "and the error of its handler says why: `#[derive(Debug, thiserror::Error)]`"
)]
pub trait ReactorCommand: Command {
    /// The rejection as text.
    #[doc(hidden)]
    fn rejection(rejection: &<Self::Aggregate as Handle<Self>>::Rejection) -> String;
}

#[diagnostic::do_not_recommend]
impl<C: Command> ReactorCommand for C
where
    <C::Aggregate as Handle<C>>::Rejection: Display,
{
    fn rejection(rejection: &<C::Aggregate as Handle<C>>::Rejection) -> String {
        rejection.to_string()
    }
}
