//! Sleeping, timeouts and intervals. They work under any executor; inside a runtime they use its timer wheel, and its clock,
//! which can be [paused](pause).

pub use crate::virtual_time::{Advance, Hold, advance, hold, pause, resume};
pub use reveille_timer::{
    Debounce, DelayQueue, Instant, Interval, MissedTickBehavior, Sleep, Throttle, Timeout, debounce,
    interval, interval_at, sleep, sleep_until, throttle, timeout, timeout_at,
};
pub use reveille_timer::{delay_queue, error};
