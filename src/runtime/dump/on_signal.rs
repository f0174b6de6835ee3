//! A dump on stderr whenever a signal comes.

use std::io::{self, Write};
use std::thread;

use crate::runtime::{Builder, Handle};
use crate::signal::unix::{SignalKind, signal};

impl Handle {
    /// Writes a [dump](Self::dump) to stderr each time the signal comes, from a thread of its own: also while every thread of the
    /// runtime is stuck. From this call on the signal no longer does to the process what it would by default.
    ///
    /// The thread ends with the first signal after the end of the runtime.
    ///
    /// # Errors
    ///
    /// As [`signal`], and those of starting a thread and a runtime for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Runtime;
    /// use reveille::signal::unix::SignalKind;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// // `kill -USR1` shows what everybody waits for.
    /// runtime.handle().dump_on_signal(SignalKind::user_defined1())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn dump_on_signal(&self, kind: SignalKind) -> io::Result<()> {
        let handle = self.clone();
        let own = Builder::current_thread().build()?;
        let mut signals = signal(kind)?;
        let dump = async move {
            while signals.recv().await.is_some() && !handle.is_closed() {
                // A closed stderr is no reason to end.
                let _ = writeln!(io::stderr(), "{}", handle.dump());
            }
        };
        thread::Builder::new()
            .name("reveille-dump".to_owned())
            .spawn(move || own.block_on(dump))?;
        Ok(())
    }
}
