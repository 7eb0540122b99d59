//! x
pub(super) const RULES: &[&str] = &[];
