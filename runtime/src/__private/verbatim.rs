//! The tokens of a half-typed function.

/// What it is given. An expansion of its own: when it does not parse, what is around it still does.
#[doc(hidden)]
#[macro_export]
macro_rules! __verbatim {
    ($($tokens:tt)*) => { $($tokens)* };
}
