//! The step from one version of an event's payload to the next.

/// Every type that has `From<V>`.
#[diagnostic::on_unimplemented(
    message = "`{V}` does not become `{Self}`",
    label = "the version before `{Self}`",
    note = "write `impl From<{V}> for {Self}`; `from(…)` lists the earlier versions, oldest first"
)]
pub trait UpcastFrom<V>: Sized {
    /// The payload as its next version.
    fn upcast(earlier: V) -> Self;
}

#[diagnostic::do_not_recommend]
impl<V, T: From<V>> UpcastFrom<V> for T {
    fn upcast(earlier: V) -> Self {
        T::from(earlier)
    }
}
