use kenning::prelude::*;

pub struct Inventory;

#[reactor(name = "inventory", version = 1)]
impl Drop for Inventory {
    #[on]
    fn drop(&mut self) {}
}

fn main() {}
