use kenning::prelude::*;

#[derive(EventSet)]
pub enum OrderEvent {}

fn main() {}
