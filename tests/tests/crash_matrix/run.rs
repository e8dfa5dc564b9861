//! Runs cells, several at once.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::{any::Any, thread};

use bayar_tests::program::note;
use tokio::runtime::Builder;

use crate::cells::{Cell, all, sample};
use crate::lane::Lane;
use crate::play::play;
use crate::table::{Outcomes, render, write_down};

/// How many cells run at once.
const LANES: usize = 4;

#[test]
fn whatever_stops_a_process_the_money_is_where_it_belongs() {
    let is_all = match told("CRASH_CELLS").as_deref() {
        None => false,
        Some("all") => true,
        Some(other) => panic!("CRASH_CELLS is all or nothing, not {other}"),
    };
    let cells = if is_all { all() } else { sample() };
    let wanted = cells.len();
    let outcomes = run(cells);
    assert_eq!(outcomes.len(), wanted, "each cell was run");
    if is_all {
        let table = render(&outcomes);
        note(format_args!("{table}"));
        if told("UPDATE_DOCS").as_deref() == Some("1") {
            write_down(&table);
        }
    }
    let why = outcomes
        .iter()
        .filter_map(|(cell, why)| Some(format!("{cell}: {}", why.as_ref()?)));
    let broken: Vec<_> = why.collect();
    assert!(
        broken.is_empty(),
        "{} of {wanted} cells broke:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

fn run(cells: Vec<Cell>) -> Outcomes {
    let left = Mutex::new(VecDeque::from(cells));
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|_| scope.spawn(|| run_in_turn(&left)))
            .collect();
        let outcomes = lanes.into_iter().map(|lane| lane.join().unwrap());
        outcomes.flatten().collect()
    })
}

/// Every process of a lane ends with this thread, however that ends.
fn run_in_turn(left: &Mutex<VecDeque<Cell>>) -> Outcomes {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let mut outcomes = Outcomes::new();
    let mut kept: Option<Lane> = None;
    loop {
        let next = left.lock().unwrap().pop_front();
        let Some(cell) = next else {
            // It looks at everything once more when it is dropped, and its database is removed by the runtime.
            runtime.block_on(async { drop(kept) });
            return outcomes;
        };
        let used = kept.take();
        let played = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let mut lane = match used {
                    Some(lane) => lane,
                    None => Lane::new().await,
                };
                play(&mut lane, cell).await;
                lane
            })
        }));
        let why = match played {
            Ok(sound) => {
                kept = Some(sound);
                None
            }
            // What was left of its lane is gone with it: the next cell begins on a new one.
            Err(panic) => Some(words(&*panic)),
        };
        let became = if why.is_none() { "held" } else { "BROKE" };
        note(format_args!("{became}: {cell}"));
        outcomes.insert(cell, why);
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "it panicked without a word".to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "what to try is no setting of the program"
)]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
