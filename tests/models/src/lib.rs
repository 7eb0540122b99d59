//! The protocols of Kenning as models, each checked exhaustively up to a stated bound.
//!
//! A model has a correct protocol and broken variants. The tests check the correct one completely
//! and demand that each broken one is refuted. A model says nothing about the SQL text: the
//! tests of package `kenning-tests` do that against real servers. The model shows that the
//! order of steps is right, for every interleaving within the bound.
//!
//! | module | promise | bound |
//! |--|--|--|
//! | [`feed`] | P1: no committed event is skipped or delivered twice | 3 appenders, 2 positions each, 1 crash of the server |
//! | [`commit`] | P2, P13: an answer is true, also after a failover | 2 attempts of one append, 1 cut, 1 failover, a standby that may lag |
//! | [`failover`] | P13: nothing of the lost time is used | 4 events before, 3 after the failover, 1 reader with a cache |
//! | [`lease`] | P4: writes and checkpoint move once | 2 workers, 3 events, 3 lease changes |
//! | [`claim`] | P5: no instance is stranded, no outcome is recorded twice | 2 workers, 1 instance of 2 steps, 2 lost answers |

#![allow(missing_docs, reason = "the fields of a model's state are its vocabulary; the module explains it")]

pub mod claim;
pub mod commit;
pub mod failover;
pub mod feed;
pub mod lease;
