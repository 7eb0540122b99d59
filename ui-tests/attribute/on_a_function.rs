use kenning::prelude::*;

#[aggregate]
fn place() {}

fn main() {}
