//! What a runtime does for the recorder, if that is compiled in.

#[cfg(feature = "trace")]
pub(crate) use reveille_trace::environment::write_now as runtime_ended;

/// Before the first runtime of a process is built.
#[cfg(feature = "trace")]
pub(crate) fn runtime_begins() {
    reveille_trace::environment::begin_if_asked(crate::trace::describe);
}

#[cfg(not(feature = "trace"))]
pub(crate) fn runtime_begins() {}

#[cfg(not(feature = "trace"))]
pub(crate) fn runtime_ended() {}
