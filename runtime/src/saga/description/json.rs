//! The stored form of a description.

use serde::{Deserialize, Serialize};

use super::{SagaDescription, StepDescription};
use crate::schema::Shape;

/// A stored description cannot be read: it was changed by hand, or a newer release wrote it.
#[derive(Debug, thiserror::Error)]
#[error("the description of a saga cannot be read")]
pub struct InvalidDescription(#[from] serde_json::Error);

/// The order of the fields, and that of those of a step, is part of the format.
#[derive(Serialize, Deserialize)]
struct Stored<S> {
    name: String,
    version: u32,
    #[serde(with = "as_text")]
    data: Shape,
    steps: S,
}

impl SagaDescription {
    /// As JSON, on one line. It is persisted: what was written once is read for ever.
    #[must_use]
    pub fn to_json(&self) -> String {
        let stored = Stored {
            name: self.name.clone(),
            version: self.version,
            data: self.data.clone(),
            steps: self.steps.as_slice(),
        };
        // Texts, numbers and lists of them: writing them to memory cannot fail.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_json(text: &str) -> Result<Self, InvalidDescription> {
        let Stored { name, version, data, steps } =
            serde_json::from_str::<Stored<Vec<StepDescription>>>(text)?;
        Ok(Self { name, version, data, steps })
    }
}

/// A shape as its canonical text.
pub(super) mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::schema::Shape;

    pub(in crate::saga::description) fn serialize<S: Serializer>(
        shape: &Shape,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&shape.to_text())
    }

    pub(in crate::saga::description) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Shape, D::Error> {
        let text = String::deserialize(deserializer)?;
        Shape::from_text(&text).map_err(serde::de::Error::custom)
    }
}
