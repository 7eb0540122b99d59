use kenning::prelude::*;

#[reactor(name = "inventory", version = 1)]
pub struct Inventory;

fn main() {}
