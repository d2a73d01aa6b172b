//! Several requests at once, their answers in the order in which they were asked for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does the work for each item, `at_once` of them at a time, and hands on what comes of it in the order of the items.
///
/// At most twice as many results as are worked on at once are held back. When `each` fails, work that has begun is
/// finished and no other begins, though it was handed out.
pub fn in_order<I: Sync, O: Send, E>(
    items: &[I],
    at_once: usize,
    work: impl Fn(&I) -> O + Sync,
    mut each: impl FnMut(&I, O) -> Result<(), E>,
) -> Result<(), E> {
    let (ask, asked) = mpsc::channel::<usize>();
    let (answer, answers) = mpsc::channel::<(usize, O)>();
    let (asked, has_failed) = (Mutex::new(asked), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..at_once.min(items.len()) {
            let (answer, asked, work, has_failed) = (answer.clone(), &asked, &work, &has_failed);
            scope.spawn(move || {
                while let Some(index) = next(asked) {
                    let Some(item) = items.get(index).filter(|_| !has_failed.load(Ordering::Acquire)) else {
                        return;
                    };
                    if answer.send((index, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(answer);
        // Dropped where this closure ends, however it ends; the threads then end too.
        let ask = ask;
        let mut ahead = 0..items.len();
        for index in ahead.by_ref().take(2 * at_once) {
            // A send fails only when every thread has ended, and then no answer comes either.
            let _ = ask.send(index);
        }
        let mut early = BTreeMap::new();
        for (due, item) in items.iter().enumerate() {
            while !early.contains_key(&due) {
                let Ok((index, output)) = answers.recv() else { return Ok(()) };
                early.insert(index, output);
            }
            if let Some(output) = early.remove(&due) {
                each(item, output).inspect_err(|_| has_failed.store(true, Ordering::Release))?;
            }
            if let Some(index) = ahead.next() {
                let _ = ask.send(index);
            }
        }
        Ok(())
    })
}

fn next(asked: &Mutex<Receiver<usize>>) -> Option<usize> {
    asked.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::in_order;

    #[test]
    fn answers_come_in_order_and_only_so_many_are_worked_on_at_once() {
        let items: Vec<u64> = (0..40).collect();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |item: &u64| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis((item * 7) % 5));
            now.fetch_sub(1, Ordering::SeqCst);
            item * 2
        };
        let mut seen = Vec::new();
        in_order(&items, 4, work, |item, output| {
            assert_eq!(output, item * 2);
            seen.push(*item);
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(seen, items);
        assert!((2..=4).contains(&most.load(Ordering::SeqCst)));
    }

    #[test]
    fn a_failure_ends_it_and_no_other_work_begins() {
        let items: Vec<u64> = (0..1000).collect();
        let (begun, by_then) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |_: &u64| {
            begun.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
        };
        let each = |item: &u64, ()| {
            by_then.store(begun.load(Ordering::SeqCst), Ordering::SeqCst);
            if *item == 5 { Err("enough") } else { Ok(()) }
        };
        assert_eq!(in_order(&items, 3, work, each), Err("enough"));
        // Each of the three may have been about to begin.
        assert!(begun.load(Ordering::SeqCst) <= by_then.load(Ordering::SeqCst) + 3);
        assert_eq!(in_order(&[] as &[u64], 3, work, |_, ()| Err("never")), Ok(()));
    }
}
