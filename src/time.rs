//! Sleeping, timeouts and intervals. They work under any executor; inside a runtime they use its timer wheel, and its clock,
//! which can be [paused](pause).

pub use crate::virtual_time::{Advance, Hold, advance, hold, pause, resume};
pub use reveille_timer::error;
pub use reveille_timer::{
    Instant, Interval, MissedTickBehavior, Sleep, Timeout, interval, interval_at, sleep, sleep_until,
    timeout, timeout_at,
};
