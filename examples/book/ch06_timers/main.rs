//! Time is one more thing that wakes: a timer wheel, a sleep that takes itself out, and a clock that stands until there is
//! nothing else to do. Chapter 6 of the book.
//!
//! ```console
//! $ cargo run --example ch06_timers
//! $ cargo run --example ch06_timers -- --trace trace.html      # the part in virtual time as the recorder's page; also .json
//! ```

mod clock;
mod join;
mod parker;
mod runtime;
mod sleep;
#[allow(dead_code, reason = "other chapters have more to tell")]
#[path = "../story.rs"]
mod story;
mod wheel;

use std::collections::BTreeMap;
use std::future;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clock::Clock;
use runtime::{block_on, now, spawn, timers};
use sleep::{sleep, timeout};
use wheel::Wheel;

fn main() -> ExitCode {
    story::told(|| {
        show_where_timers_lie();
        compare_with_a_sorted_map();
        block_on(Clock::standing(), in_virtual_time());
        story::untold(|| block_on(Clock::of_the_machine(), in_real_time()));
    })
}

// ANCHOR: virtual
async fn in_virtual_time() {
    println!("in virtual time:");
    let tasks = [("A", 15), ("B", 5), ("C", 10)].map(|(name, milliseconds)| {
        spawn(name, async move {
            sleep(Duration::from_millis(milliseconds)).await;
            println!("    {name} wakes up at {:?}", now());
        })
    });
    println!("    nobody has run: {} timers", timers());
    for task in tasks {
        task.await;
    }
    // ANCHOR_END: virtual

    // ANCHOR: timeout
    let minute = Duration::from_secs(60);
    let answer = async {
        sleep(Duration::from_millis(3)).await;
        println!("    an answer at {:?}, {} timers", now(), timers());
        "yes"
    };
    let answer = timeout(minute, answer).await;
    println!("    in time: {answer:?}, {} timers", timers());
    let nothing = timeout(minute, future::pending::<()>()).await;
    println!("    never: {nothing:?}, at {:?}", now());
    // ANCHOR_END: timeout
}

// ANCHOR: real
async fn in_real_time() {
    let tasks = [("A", 15), ("B", 5), ("C", 10)].map(|(name, milliseconds)| {
        spawn(name, async move {
            let (start, asked) = (Instant::now(), Duration::from_millis(milliseconds));
            sleep(asked).await;
            assert!(start.elapsed() >= asked, "a sleep was early");
        })
    });
    for task in tasks {
        task.await;
    }
    println!("on the machine's clock: none of three sleeps was early");
}
// ANCHOR_END: real

// ANCHOR: places
fn show_where_timers_lie() {
    let mut wheel = Wheel::new(0o14);
    let mut waiting = vec![0o16, 0o23, 0o1753];
    for when in waiting.clone() {
        wheel.insert(when, when);
    }
    println!("in octal: a wheel that has reached the tick 14");
    for now in [0o14, 0o20, 0o1750] {
        let mut fired = Vec::new();
        wheel.advance(now, &mut fired);
        println!("  at {now:o}");
        for (_, when) in fired {
            println!("    {when:>4o} has fired");
            waiting.retain(|waits| *waits != when);
        }
        for &when in &waiting {
            let (level, slot) = wheel.place(when);
            println!("    {when:>4o} lies on level {level}, in slot {slot}");
        }
    }
}
// ANCHOR_END: places

// ANCHOR: model
/// Sets 10,000 timers in a wheel and in a sorted map, and cancels some of them.
fn compare_with_a_sorted_map() {
    let (mut wheel, mut map) = (Wheel::new(0), BTreeMap::new());
    let (mut from_wheel, mut from_map) = (Vec::new(), Vec::new());
    let mut random = 88_172_645_463_325_252_u64;
    let mut now = 0;
    for number in 0..10_000_u32 {
        // George Marsaglia, "Xorshift RNGs" (2003).
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // As many short ones as long ones.
        let when = now + random % (1 << (random >> 60)) + 1;
        let key = wheel.insert(when, number);
        map.insert((when, number), number);
        if random % 3 == 0 {
            assert_eq!(wheel.remove(key), map.remove(&(when, number)));
        }
        now += random % 5;
        let mut fired = Vec::new();
        wheel.advance(now, &mut fired);
        from_wheel.extend(fired.into_iter().map(|(_, value)| value));
        while let Some(first) = map.first_entry().filter(|first| first.key().0 <= now) {
            from_map.push(first.remove());
        }
        assert_eq!(from_wheel, from_map, "at {now}");
        assert_eq!(wheel.next_deadline(), map.keys().next().map(|&(when, _)| when));
    }
    println!("10000 timers: the wheel fires what a sorted map does, in the same order");
}
// ANCHOR_END: model
