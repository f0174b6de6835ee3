//! Child processes: what they say is heard, how they end is told, and none is left behind.
#![cfg(unix)]

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_lite::future::zip;
use reveille::io::{AsyncReadExt, AsyncWriteExt};
use reveille::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use reveille::runtime::Builder;

mod watchdog;
use watchdog::Watchdog;

/// Runs it on both kinds of runtime, and without any.
fn everywhere(run: impl AsyncFn() -> io::Result<()>) {
    let _watchdog = Watchdog::new("a test of processes", Duration::from_secs(60));
    reveille::block_on(run()).unwrap();
    let several = Builder::multi_thread().worker_threads(2).build().unwrap();
    several.block_on(run()).unwrap();
    pollster::block_on(run()).unwrap();
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A child that ends when this gets its end of input, or is dropped: `read` reads that.
fn until_told(script: &str) -> (Child, ChildStdin) {
    let mut child = shell(&format!("read line; {script}"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn how_a_child_ends_is_told() {
    everywhere(async || {
        assert_eq!(shell("exit 0").status().await?.code(), Some(0));
        assert_eq!(shell("exit 17").status().await?.code(), Some(17));
        let killed = shell("kill -TERM $$").status().await?;
        assert_eq!((killed.code(), killed.signal()), (None, Some(15)));
        let output = shell("echo out; echo err >&2; exit 3").output().await?;
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            (&output.stdout[..], &output.stderr[..]),
            (&b"out\n"[..], &b"err\n"[..])
        );
        Ok(())
    });
}

#[test]
fn waiting_again_gives_the_same() {
    everywhere(async || {
        let mut child = shell("exit 5").spawn()?;
        assert!(child.id().is_some());
        for _ in 0..2 {
            assert_eq!(child.wait().await?.code(), Some(5));
            assert_eq!(child.try_wait()?.and_then(|status| status.code()), Some(5));
            assert_eq!(child.id(), None);
        }
        // There is nothing to do.
        child.start_kill()?;
        child.kill().await?;
        assert_eq!(child.wait_with_output().await?.status.code(), Some(5));
        Ok(())
    });
}

#[test]
fn try_wait_does_not_wait() {
    everywhere(async || {
        let (mut child, stdin) = until_told("exit 6");
        assert_eq!(child.try_wait()?, None);
        drop(stdin);
        assert_eq!(child.wait().await?.code(), Some(6));
        // One that nobody waited for is asked until it has ended.
        let mut child = shell("exit 7").spawn()?;
        let status = loop {
            match child.try_wait()? {
                Some(status) => break status,
                None => std::thread::yield_now(),
            }
        };
        assert_eq!((status.code(), child.id()), (Some(7), None));
        assert_eq!(child.wait().await?.code(), Some(7));
        Ok(())
    });
}

#[test]
fn much_output_on_both_pipes_is_collected() {
    const MUCH: usize = 1_000_000;
    everywhere(async || {
        // One after the other, so that who reads only one of them waits for ever; and both at once.
        for script in [
            "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2",
            "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero",
            "head -c 1000000 /dev/zero >&2 & head -c 1000000 /dev/zero; wait",
        ] {
            let output = shell(script).output().await?;
            assert!(output.status.success());
            assert_eq!(
                (output.stdout.len(), output.stderr.len()),
                (MUCH, MUCH),
                "{script}"
            );
        }
        Ok(())
    });
}

#[test]
fn what_goes_into_cat_comes_out_of_it() {
    everywhere(async || {
        let mut cat = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut stdin = cat.stdin.take().unwrap();
        let mut stdout = cat.stdout.take().unwrap();
        let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        let write = async {
            stdin.write_all(&sent).await?;
            stdin.close().await?;
            // That is not the end; this is.
            stdin.write_all(b"!").await?;
            drop(stdin);
            io::Result::Ok(())
        };
        let mut received = Vec::new();
        let (written, read) = zip(write, stdout.read_to_end(&mut received)).await;
        written.and(read)?;
        assert!(received.len() == sent.len() + 1 && received.starts_with(&sent));
        assert!(cat.wait().await?.success());
        Ok(())
    });
}

#[test]
fn waiting_closes_its_input_first() {
    everywhere(async || {
        let mut cat = Command::new("cat").stdin(Stdio::piped()).spawn()?;
        assert!(cat.wait().await?.success());
        assert!(cat.stdin.is_none());
        let cat = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        assert!(cat.wait_with_output().await?.status.success());
        assert!(
            Command::new("cat")
                .stdin(Stdio::piped())
                .status()
                .await?
                .success()
        );
        Ok(())
    });
}

#[test]
fn status_closes_the_pipes_that_nobody_has() {
    everywhere(async || {
        // Nobody reads what this writes for ever.
        let status = Command::new("yes").stdout(Stdio::piped()).status().await?;
        assert!(!status.success());
        Ok(())
    });
}

#[test]
fn a_wait_that_was_dropped_can_be_begun_again_anywhere() {
    let _watchdog = Watchdog::new("a dropped wait", Duration::from_secs(30));
    let (mut child, stdin) = until_told("exit 8");
    // In a runtime that is gone, in another one, and in none.
    reveille::block_on(async { assert!(poll_once(child.wait()).is_pending()) });
    reveille::block_on(async { assert!(poll_once(child.wait()).is_pending()) });
    assert!(poll_once(child.wait()).is_pending());
    drop(stdin);
    let runtime = Builder::multi_thread().worker_threads(2).build().unwrap();
    let task = runtime.spawn(async move {
        let status = child.wait().await;
        (child, status)
    });
    let (mut child, status) = runtime.block_on(task).unwrap();
    assert_eq!(status.unwrap().code(), Some(8));
    assert_eq!(pollster::block_on(child.wait()).unwrap().code(), Some(8));
}

#[test]
fn kill_kills() {
    everywhere(async || {
        let mut child = Command::new("sleep").arg("1000").spawn()?;
        child.kill().await?;
        assert_eq!(child.wait().await?.signal(), Some(9));

        let mut child = Command::new("sleep").arg("1000").spawn()?;
        assert!(poll_once(child.wait()).is_pending());
        child.start_kill()?;
        assert_eq!(child.wait().await?.signal(), Some(9));
        Ok(())
    });
}

#[test]
fn fifty_children_at_once_each_end_in_their_own_way() {
    let _watchdog = Watchdog::new("fifty children", Duration::from_secs(60));
    let runtime = Builder::multi_thread().worker_threads(2).build().unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            runtime.spawn(async move {
                let mut child = shell(&format!("read line; echo $line; exit {number}"))
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()?;
                let line = format!("child {number}\n");
                child.stdin.as_mut().unwrap().write_all(line.as_bytes()).await?;
                let output = child.wait_with_output().await?;
                assert_eq!(output.stdout, line.as_bytes());
                io::Result::Ok(output.status)
            })
        })
        .collect();
    for (number, task) in (0..).zip(tasks) {
        let status: ExitStatus = runtime.block_on(task).unwrap().unwrap();
        assert_eq!(status.code(), Some(number));
    }
}

#[test]
#[should_panic(expected = "the output is given once")]
fn the_output_is_given_once() {
    let mut output = shell("exit 0").output();
    pollster::block_on(&mut output).unwrap();
    let _ = pollster::block_on(output);
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    everywhere(async || {
        let mut missing = Command::new("/no/such/program");
        assert_eq!(missing.spawn().unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(missing.status().await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(missing.output().await.unwrap_err().kind(), ErrorKind::NotFound);
        Ok(())
    });
}

#[test]
fn a_command_has_the_settings_of_stds() {
    everywhere(async || {
        let mut command = shell("echo $0 $ONE $TWO $THREE $(pwd)");
        command
            .arg("name")
            .env("ONE", "1")
            .envs([("TWO", "2"), ("THREE", "3")])
            .env_remove("TWO")
            .current_dir("/")
            .process_group(0);
        assert_eq!(command.output().await?.stdout, b"name 1 3 /\n");
        let output = Command::new("/usr/bin/env")
            .env_clear()
            .env("ONLY", "this")
            .output()
            .await?;
        assert_eq!(output.stdout, b"ONLY=this\n");

        command.kill_on_drop(true);
        assert!(command.get_kill_on_drop());
        assert_eq!(command.as_std().get_program(), "sh");
        let command = Command::from(command.into_std());
        assert!(!command.get_kill_on_drop());
        Ok(())
    });
}

#[test]
fn a_child_is_called_and_is_who_it_was_told() {
    everywhere(async || {
        let output = shell("echo $0").arg0("another name").output().await?;
        assert_eq!(output.stdout, b"another name\n");
        // Who is not root may be told to be himself.
        for (flag, id) in [("-u", "user"), ("-g", "group")] {
            let own = Command::new("id").arg(flag).output().await?.stdout;
            let number = String::from_utf8_lossy(&own).trim().parse().unwrap();
            let mut command = Command::new("id");
            match id {
                "user" => command.uid(number),
                _ => command.gid(number),
            };
            assert_eq!(command.arg(flag).output().await?.stdout, own, "the {id}");
        }
        Ok(())
    });
}

#[test]
fn several_buffers_are_written_and_read_at_once() {
    everywhere(async || {
        let mut cat = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (mut stdin, mut stdout) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
        assert_eq!(stdin.as_fd().as_raw_fd(), stdin.as_raw_fd());
        let buffers = [b"one ", b"two "].map(|bytes| IoSlice::new(bytes));
        assert_eq!(stdin.write_vectored(&buffers).await?, 8);
        stdin.flush().await?;
        let (mut three, mut rest) = ([0; 3], [0; 8]);
        let mut buffers = [IoSliceMut::new(&mut three), IoSliceMut::new(&mut rest)];
        assert_eq!(stdout.read_vectored(&mut buffers).await?, 8);
        assert_eq!((&three, &rest[..5]), (b"one", &b" two "[..]));
        drop(stdin);
        cat.wait().await?;
        Ok(())
    });
}

#[test]
fn the_output_of_one_is_the_input_of_another() {
    everywhere(async || {
        let mut echo = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
        let between: Stdio = echo.stdout.take().unwrap().try_into()?;
        let output = Command::new("tr")
            .args(["a-z", "A-Z"])
            .stdin(between)
            .output()
            .await?;
        assert_eq!(output.stdout, b"HELLO\n");
        assert!(echo.wait().await?.success());

        // And std's pipes are ours.
        let mut child = std::process::Command::new("echo")
            .arg("std")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut text = String::new();
        let mut stdout = ChildStdout::from_std(child.stdout.take().unwrap())?;
        stdout.read_to_string(&mut text).await?;
        assert_eq!(text, "std\n");
        child.wait()?;
        Ok(())
    });
}

#[test]
fn writing_to_a_child_that_reads_no_more_is_an_error() {
    everywhere(async || {
        let mut child = shell("exec <&-; echo closed; read line < /dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut closed = [0; 7];
        child.stdout.as_mut().unwrap().read_exact(&mut closed).await?;
        let stdin = child.stdin.as_mut().unwrap();
        // A child that another test is just starting has this pipe too, until it executes its program.
        let error = loop {
            if let Err(error) = stdin.write(b"too late").await {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        child.wait().await?;
        Ok(())
    });
}

#[test]
fn the_types_are_what_tasks_ask_for() {
    fn is<T: Send + Sync + Unpin + std::fmt::Debug>(_: &T) {}
    is(&Command::new("true"));
    let mut child = shell("exit 0").spawn().unwrap();
    is(&child);
    is(&child.wait());
    is(&child.kill());
    is(&child.wait_with_output());
    is(&shell("exit 0").status());
    is(&shell("exit 0").output());
    fn pipe<T: Send + Sync + Unpin + std::fmt::Debug + AsFd + TryInto<Stdio>>() {}
    pipe::<ChildStdin>();
    pipe::<ChildStdout>();
    pipe::<ChildStderr>();
}

/// Linux shows whether a process is still there, were it only to be asked how it ended.
#[cfg(target_os = "linux")]
mod left_behind {
    use std::fs::File;
    use std::path::{Path, PathBuf};
    use std::{env, iter};

    use super::*;

    fn entry(child: &Child) -> PathBuf {
        format!("/proc/{}", child.id().unwrap()).into()
    }

    /// Returns when the system has forgotten it: a zombie stays for ever, and the watchdog ends this.
    fn wait_until_gone(entry: &Path) {
        while entry.exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What a process is from its end until somebody asks how it ended.
    fn wait_until_zombie(entry: &Path) {
        while !std::fs::read_to_string(entry.join("stat"))
            .unwrap()
            .contains(") Z ")
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_child_that_is_dropped_runs_on_and_is_reaped_when_it_ends() {
        let script = std::env::temp_dir().join(format!("reveille-left-{}", std::process::id()));
        everywhere(async || {
            let (child, mut stdin) = until_told(&format!("echo $line > {}", script.display()));
            let entry = entry(&child);
            drop(child);
            assert!(entry.exists());
            stdin.write_all(b"it ran on\n").await?;
            wait_until_gone(&entry);
            assert_eq!(std::fs::read(&script)?, b"it ran on\n");
            std::fs::remove_file(&script)
        });
    }

    #[test]
    fn a_child_that_has_ended_when_it_is_dropped_is_reaped_at_once() {
        everywhere(async || {
            let child = shell("exit 0").spawn()?;
            let entry = entry(&child);
            wait_until_zombie(&entry);
            drop(child);
            assert!(!entry.exists());
            Ok(())
        });
    }

    #[test]
    fn a_child_is_reaped_though_its_runtime_is_gone() {
        let _watchdog = Watchdog::new("a child without a runtime", Duration::from_secs(30));
        let (entry, stdin) = reveille::block_on(async {
            let (mut child, stdin) = until_told("exit 0");
            // It was waited for there.
            assert!(poll_once(child.wait()).is_pending());
            (entry(&child), stdin)
        });
        assert!(entry.exists());
        drop(stdin);
        wait_until_gone(&entry);
    }

    #[test]
    fn kill_on_drop_kills_whatever_has_the_child() {
        everywhere(async || {
            let sleep = || {
                let mut command = Command::new("sleep");
                command.arg("1000").stdout(Stdio::piped()).kill_on_drop(true);
                command
            };
            let child = sleep().spawn()?;
            let first = entry(&child);
            drop(child);
            wait_until_gone(&first);

            let child = sleep().spawn()?;
            let second = entry(&child);
            let mut output = Box::pin(child.wait_with_output());
            assert!(poll_once(output.as_mut()).is_pending());
            drop(output);
            wait_until_gone(&second);
            Ok(())
        });
    }

    /// Its number may be another process's.
    #[test]
    fn a_child_that_somebody_else_has_waited_for_is_not_killed() {
        let _watchdog = Watchdog::new("a child of somebody else", Duration::from_secs(30));
        let mut child = shell("exit 0").kill_on_drop(true).spawn().unwrap();
        let id = child.id().unwrap() as libc::pid_t;
        // SAFETY: this writes nothing.
        assert_eq!(unsafe { libc::waitpid(id, std::ptr::null_mut(), 0) }, id);
        let errors = [
            child.start_kill().unwrap_err(),
            pollster::block_on(child.kill()).unwrap_err(),
            child.try_wait().unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.raw_os_error(), Some(libc::ECHILD), "{error}");
        }
    }

    #[test]
    fn many_that_are_dropped_are_all_reaped_and_nobody_elses() {
        let _watchdog = Watchdog::new("many dropped children", Duration::from_secs(60));
        let mut others = std::process::Command::new("sh")
            .args(["-c", "exit 9"])
            .spawn()
            .unwrap();
        wait_until_zombie(Path::new(&format!("/proc/{}", others.id())));
        let left: Vec<_> = (0..30).map(|_| until_told("exit 1")).collect();
        let (entries, inputs): (Vec<_>, Vec<_>) = left
            .into_iter()
            .map(|(child, stdin)| (entry(&child), stdin))
            .unzip();
        drop(inputs);
        for entry in &entries {
            wait_until_gone(entry);
        }
        assert_eq!(others.wait().unwrap().code(), Some(9));
    }

    /// `EMFILE`.
    const TOO_MANY_OPEN_FILES: i32 = 24;

    #[test]
    fn without_free_descriptors_nothing_is_lost_but_time() {
        const FEW: &str = "REVEILLE_TEST_CHILDREN_WITHOUT_DESCRIPTORS";
        if env::var_os(FEW).is_some() {
            return without_descriptors();
        }
        // The limit is the process's, so this needs one of its own.
        let output = std::process::Command::new("sh")
            .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
            .arg(env::current_exe().unwrap())
            .args([
                "--exact",
                "left_behind::without_free_descriptors_nothing_is_lost_but_time",
            ])
            .env(FEW, "1")
            .output()
            .unwrap();
        let (text, errors) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}{errors}"
        );
    }

    fn without_descriptors() {
        let _watchdog = Watchdog::new("children without descriptors", Duration::from_secs(60));
        // First nobody is there who reaps, and cannot be started; then somebody is.
        for somebody_reaps in [false, true] {
            let (mut waited_for, first) = until_told("exit 2");
            let (dropped, second) = until_told("exit 3");
            let left = entry(&dropped);
            let all: Vec<_> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
            let Poll::Ready(Err(error)) = poll_once(waited_for.wait()) else {
                panic!("there is nothing to wait with");
            };
            assert_eq!(error.raw_os_error(), Some(TOO_MANY_OPEN_FILES));
            drop(dropped);
            drop(second);
            if !somebody_reaps {
                assert!(left.exists());
            }
            drop(all);
            if !somebody_reaps {
                // The next one brings somebody.
                let (next, third) = until_told("exit 4");
                drop(next);
                drop(third);
            }
            wait_until_gone(&left);
            drop(first);
            assert_eq!(pollster::block_on(waited_for.wait()).unwrap().code(), Some(2));
        }
    }
}

#[cfg(feature = "tokio-io")]
#[test]
fn the_pipes_have_tokios_traits() {
    use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

    everywhere(async || {
        let mut child = shell("read line; echo $line; echo and $line >&2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().unwrap();
        assert!(AsyncWrite::is_write_vectored(&stdin));
        let buffers = [IoSlice::new(b"to "), IoSlice::new(b"tokio\n")];
        assert_eq!(AsyncWriteExt::write_vectored(&mut stdin, &buffers).await?, 9);
        AsyncWriteExt::flush(&mut stdin).await?;
        AsyncWriteExt::shutdown(&mut stdin).await?;
        let (mut out, mut err) = (String::new(), String::new());
        AsyncReadExt::read_to_string(child.stdout.as_mut().unwrap(), &mut out).await?;
        AsyncReadExt::read_to_string(child.stderr.as_mut().unwrap(), &mut err).await?;
        assert_eq!((out.as_str(), err.as_str()), ("to tokio\n", "and to tokio\n"));
        child.wait().await?;
        Ok(())
    });
}
