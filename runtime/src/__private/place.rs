//! Where a step stands in the table of a saga some of whose steps are not there in every build.

/// Behind so many steps that are there for certain, and these others.
#[must_use]
pub const fn place(certain: usize, others: &[bool]) -> usize {
    let (mut place, mut at) = (certain, 0);
    while at < others.len() {
        place += others[at] as usize;
        at += 1;
    }
    place
}
