//! A stream that was accepted before the process had a reactor, then a fork whose child lives on. Alone in its process, because
//! it forks and looks for epolls.
// Where mio has no epoll every socket leaves.
#![cfg(all(target_os = "linux", not(mio_unsupported_force_poll_poll)))]

mod watched;

use std::io;
use std::pin::pin;
use std::task::{Context, Waker};

use reveille_net::TcpListener;
use reveille_reactor::Reactor;
use watched::watched;

/// A fork of this process that does nothing until this is dropped, also by a failure: it keeps what the process has open.
struct Child(libc::pid_t);

impl Child {
    fn fork() -> Self {
        // SAFETY: the child calls nothing but what may be called there, and ends by `_exit`.
        unsafe {
            let id = libc::fork();
            assert!(id >= 0, "{}", io::Error::last_os_error());
            if id == 0 {
                libc::pause();
                libc::_exit(0);
            }
            Self(id)
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: it is our child, and nobody else waits for it.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}

#[test]
fn a_stream_of_which_a_child_has_a_duplicate_leaves_the_epoll_when_it_is_dropped() {
    let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let _peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = pollster::block_on(listener.accept()).unwrap();
    let child = Child::fork();
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let before = watched();
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(pin!(stream.read(&mut [0])).poll(cx).is_pending());
    assert_eq!(watched().len(), before.len() + 1);
    drop(stream);
    assert_eq!(watched(), before);
    drop(child);
}
