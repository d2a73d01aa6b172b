//! `scripts/crash-sweep`: the whole sweep, as a program of its own, because it takes minutes.
//!
//! Prints what went wrong as it goes, and in its last line how many points were tried, how many alerts were lost, and
//! how many mails doubled and differed. Ends with 0 only when nothing was lost, nothing differed and nothing else was
//! wrong.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]
// The servers that other tests stand on.
#![allow(dead_code, unused_imports)]

mod support;
#[path = "crash/sweep.rs"]
mod sweep;
#[path = "crash/world.rs"]
mod world;

use std::env;
use std::process::ExitCode;

use sweep::{Share, Tally};

/// A share that is tried in less than 50 seconds on two processors.
const QUICK: usize = 4;

fn main() -> ExitCode {
    let mut share = Share { every: 1, from: 0 };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|word| word.parse().ok());
        match argument.as_str() {
            "--quick" => share.every = QUICK,
            "--every" => share.every = number().filter(|every| *every > 0).expect("--every takes a number"),
            "--from" => share.from = number().expect("--from takes a number"),
            _ => panic!("unknown argument '{argument}'"),
        }
    }
    let tally = sweep::sweep(share, |line| println!("{line}"));
    let Tally { points, lost, doubled, differing, wrong } = tally;
    if wrong > 0 {
        println!("wrong at {wrong} points, see above");
    }
    println!("points tried: {points}, lost: {lost}, doubled: {doubled}, differing: {differing}");
    if tally.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
