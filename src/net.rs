//! TCP, UDP and Unix sockets. They work under any executor; inside a runtime they use its driver.

pub use reveille_net::*;
