//! What the check has found.

use serde::{Serialize, Serializer};

use crate::mistake::Mistake;

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    pub(crate) orders: usize,
    pub(crate) completed: usize,
    pub(crate) compensated: usize,
    pub(crate) parked: usize,
    pub(crate) effects: usize,
    pub(crate) undos: usize,
    #[serde(serialize_with = "count")]
    pub(crate) mistakes: Vec<Mistake>,
}

fn count<S: Serializer>(mistakes: &[Mistake], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(mistakes.len() as u64)
}
