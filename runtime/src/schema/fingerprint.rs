//! Fingerprints of shapes.

use sha2::{Digest, Sha256};

use super::{Schema, Shape, Shapes, text};

/// The fingerprint of a type's shape: equal for equal shapes, on every machine and in every release.
///
/// It is the first eight bytes, big-endian, of the SHA-256 of the shape's [canonical text](Shape::to_text).
#[must_use]
pub fn fingerprint<T: Schema + ?Sized>() -> u64 {
    Shapes::shape_of::<T>().fingerprint()
}

/// The fingerprint of a shape under a version of something else: the first eight bytes of the SHA-256 of both.
pub(crate) fn combined(shape: u64, version: u32) -> u64 {
    let mut hash = Sha256::new();
    hash.update(shape.to_be_bytes());
    hash.update(version.to_be_bytes());
    first_bytes(hash.finalize().into())
}

fn first_bytes([a, b, c, d, e, f, g, h, ..]: [u8; 32]) -> u64 {
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Shape {
    /// The fingerprint: the first eight bytes, big-endian, of the SHA-256 of the [canonical text](Self::to_text).
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        first_bytes(Sha256::digest(self.to_text()).into())
    }

    /// The canonical text: what stands in `kenning.lock`, one line for each field, variant and place, indented by two spaces a level.
    /// It is persisted in lock files and, hashed, in snapshots; it changes only with the format version of the lock file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = text::head(self);
        text.push('\n');
        text::write_within(&mut text, self, 1);
        text
    }
}
