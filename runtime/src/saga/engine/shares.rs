//! Dividing the free slots of a worker among its sagas.

use super::worker::Seen;

/// What one saga may take of the free slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// The index of the saga.
    pub(super) saga: usize,
    /// Its fair part, which no other saga may take before it.
    pub(super) share: usize,
    /// The most that it may take when the others leave slots over.
    pub(super) room: usize,
}

/// Divides the free slots. The result is in the order in which the sagas take slots: those that
/// use fewest first, then those that were served longest ago.
///
/// `running`: how many slots each saga uses. `seen`: when each saga last got a slot, and whether less was
/// due of it at the last claim than it might have taken.
///
/// Sagas that are not idle get their fair part and no more, so that a saga whose steps are slow does
/// not collect the slots of one whose steps are fast. An eighth of all slots, at least one, is kept
/// while idle sagas use less than their guaranteed part. Each saga below its guaranteed part may take
/// those. So its next instance finds a slot.
pub(super) fn divide(concurrency: usize, running: &[usize], seen: &[Seen]) -> Vec<Share> {
    let sagas = running.len();
    if sagas == 0 {
        return Vec::new();
    }
    let free = concurrency.saturating_sub(running.iter().sum());
    let guaranteed = (concurrency / (4 * sagas)).max(1);
    let mut order: Vec<usize> = (0..sagas).collect();
    order.sort_by_key(|saga| (running[*saga], seen.get(*saga).map_or(0, |seen| seen.served), *saga));
    let is_idle = |saga: usize| seen.get(saga).is_some_and(|seen| seen.idle);
    let own = |saga: usize| guaranteed.saturating_sub(running[saga]);
    let wanting: usize = (0..sagas).filter(|saga| is_idle(*saga)).map(own).sum();
    let kept = if sagas == 1 || concurrency == 1 { 0 } else { (concurrency / 8).max(1) };
    // What is left for each saga when the kept slots are kept for the other idle ones.
    let room = |saga: usize| {
        let others = if is_idle(saga) { wanting - own(saga) } else { wanting };
        own(saga).min(free).max(free.saturating_sub(kept.min(others)))
    };
    let busy: Vec<usize> = order.iter().copied().filter(|saga| !is_idle(*saga)).collect();
    let given = free.saturating_sub(kept.min(wanting));
    let (level, rest, below) = level(given, &busy.iter().map(|saga| running[*saga]).collect::<Vec<_>>());
    let mut fair = vec![0; sagas];
    for (at, saga) in busy.iter().copied().enumerate().take(below) {
        fair[saga] = level - running[saga] + usize::from(at < rest);
    }
    let shares = order.into_iter().map(|saga| {
        let share = fair[saga].min(room(saga));
        // A slot that is kept for idle sagas is open to each saga below its guaranteed part: which of them
        // has something due is only known after the claim.
        let least = own(saga).min(free);
        let room = if is_idle(saga) || busy.len() == 1 { room(saga) } else { share.max(least) };
        Share { saga, share, room }
    });
    shares.collect()
}

/// How full the sagas are when the free slots are poured over them, emptiest first: the level, how
/// many sagas get one more than that, and how many sagas are reached. `running` is sorted.
fn level(free: usize, running: &[usize]) -> (usize, usize, usize) {
    let mut sum = free;
    for (at, used) in running.iter().enumerate() {
        sum += used;
        let (reached, level) = (at + 1, sum / (at + 1));
        if running.get(reached).is_none_or(|next| level <= *next) {
            return (level, sum % reached, reached);
        }
    }
    (0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(served: &[u64], idle: &[bool]) -> Vec<Seen> {
        let idle = idle.iter().copied().chain(std::iter::repeat(false));
        served.iter().zip(idle).map(|(served, idle)| Seen { served: *served, idle, open: false }).collect()
    }

    /// Sagas with steps of so many ticks each, all with an endless backlog unless the number is 0.
    /// Returns how many steps of each were done.
    fn simulate(concurrency: usize, ticks: &[u32], rounds: u32) -> Vec<usize> {
        let sagas = ticks.len();
        let (mut left, mut served, mut done) = (vec![Vec::new(); sagas], vec![0; sagas], vec![0; sagas]);
        let (mut tick, mut idle) = (0, vec![false; sagas]);
        for _ in 0..rounds {
            let running: Vec<_> = left.iter().map(Vec::len).collect();
            let mut free = concurrency - running.iter().sum::<usize>();
            let shares = divide(concurrency, &running, &seen(&served, &idle));
            // As a store gives them out.
            let mut got = vec![0; sagas];
            let mut is_first = true;
            loop {
                let hungry = |share: &&Share| ticks[share.saga] > 0 && got[share.saga] < share.room;
                let taking: Vec<_> = shares.iter().filter(hungry).copied().collect();
                if free == 0 || taking.is_empty() {
                    break;
                }
                for (nth, Share { saga, share, room }) in taking.iter().copied().enumerate() {
                    let fair = if is_first { share } else { free.div_ceil(taking.len() - nth) };
                    let many = fair.min(room - got[saga]).min(free);
                    left[saga].extend(std::iter::repeat_n(ticks[saga], many));
                    (free, got[saga]) = (free - many, got[saga] + many);
                }
                is_first = false;
            }
            for Share { saga, share, room } in &shares {
                idle[*saga] = free > 0 && *room > 0 && got[*saga] < (*share).max(1);
                if got[*saga] > 0 {
                    tick += 1;
                    served[*saga] = tick;
                }
            }
            for (saga, left) in left.iter_mut().enumerate() {
                left.iter_mut().for_each(|left| *left -= 1);
                let before = left.len();
                left.retain(|left| *left > 0);
                done[saga] += before - left.len();
            }
        }
        done
    }

    #[test]
    fn p7_one_saga_has_all_slots() {
        let share = Share { saga: 0, share: 61, room: 61 };
        assert_eq!(divide(64, &[3], &[]), [share]);
    }

    /// Fails without `sagas.fewest-first`: see tests/guards.
    #[test]
    fn p7_a_saga_whose_steps_never_end_leaves_a_slot_to_each_of_the_others_in_turn() {
        let mut ticks = vec![1; 20];
        ticks[0] = u32::MAX;
        let done = simulate(8, &ticks, 2_000);
        assert_eq!(done[0], 0);
        let (least, most) = (done[1..].iter().min().unwrap(), done[1..].iter().max().unwrap());
        assert!(*least > 0 && most - least <= 1, "{done:?}");
    }

    /// Fails without `sagas.served`: see tests/guards.
    #[test]
    fn p7_more_sagas_than_slots_take_turns() {
        for (concurrency, sagas) in [(1, 2), (2, 3), (8, 20), (64, 100)] {
            let done = simulate(concurrency, &vec![3; sagas], 3_000);
            let (least, most) = (done.iter().min().unwrap(), done.iter().max().unwrap());
            assert!(*least * 10 >= *most * 9, "{concurrency} slots: {done:?}");
        }
    }

    #[test]
    fn p7_a_slow_saga_and_a_fast_one_have_half_of_the_slots_each() {
        let mut ticks = vec![0; 20];
        (ticks[0], ticks[5]) = (200, 1);
        let done = simulate(64, &ticks, 2_000);
        // 56 of the 64 slots are theirs.
        assert!(done[5] >= 28 * 1_900, "{done:?}");
        assert!(done[0] >= 28 * 9, "{done:?}");
    }

    #[test]
    fn p7_a_backlog_of_one_saga_uses_at_least_eight_tenths_of_the_slots() {
        for (concurrency, sagas) in [(8, 2), (8, 20), (64, 2), (64, 20), (256, 3)] {
            let mut ticks = vec![0; sagas];
            ticks[sagas - 1] = 1;
            let done = simulate(concurrency, &ticks, 100)[sagas - 1];
            assert!(done * 10 >= concurrency * 100 * 8, "{concurrency} slots, {sagas} sagas: {done}");
        }
    }

    /// The last free slot is kept for the idle saga 1. Saga 2 has something due and uses no slot: it may
    /// take it too. Fails without `sagas.below-its-part`: see tests/guards.
    #[test]
    fn p7_a_slot_that_is_kept_for_an_idle_saga_is_open_to_each_below_its_part() {
        let shares = divide(8, &[7, 0, 0], &seen(&[1, 2, 3], &[false, true, false]));
        let room = |saga: usize| shares.iter().find(|share| share.saga == saga).map(|share| share.room);
        assert_eq!([room(0), room(1), room(2)], [Some(0), Some(1), Some(1)]);
    }

    #[test]
    fn p7_shares_never_exceed_what_is_free() {
        for concurrency in 1..20 {
            for a in 0..=concurrency {
                for b in 0..=concurrency - a {
                    let shares = divide(concurrency, &[a, b, 0], &seen(&[2, 1, 3], &[]));
                    let free = concurrency - a - b;
                    assert!(shares.iter().map(|share| share.share).sum::<usize>() <= free);
                    assert!(shares.iter().all(|share| share.share <= share.room && share.room <= free));
                }
            }
        }
    }
}
