//! Files: what is written is there, whoever is dropped and when; what fails in the background is told.

use std::future::Future;
use std::io::{self, ErrorKind, Read as _, SeekFrom};
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use futures_lite::StreamExt;
use reveille::fs::{self, DirBuilder, File, OpenOptions};
use reveille::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt};
use reveille::runtime::{Builder, Runtime, is_shutdown};

mod scratch;
use scratch::Scratch;
mod watchdog;
use watchdog::Watchdog;

/// Runs it on both kinds of runtime, and under a foreign executor that entered one.
fn everywhere(run: impl AsyncFn() -> io::Result<()>) {
    let _watchdog = Watchdog::new("a test of files", Duration::from_secs(60));
    reveille::block_on(run()).unwrap();
    let several = Builder::multi_thread().worker_threads(2).build().unwrap();
    several.block_on(run()).unwrap();
    let _current = several.enter();
    pollster::block_on(run()).unwrap();
}

/// A runtime whose pool has one thread.
fn with_one_thread() -> Runtime {
    Builder::current_thread().max_blocking_threads(1).build().unwrap()
}

/// Keeps that thread until it is dropped: no job begins meanwhile.
fn occupy(runtime: &Runtime) -> mpsc::Sender<()> {
    let (gate, opened) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    drop(runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        let _ = opened.recv();
    }));
    has_begun.recv().unwrap();
    gate
}

fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

async fn text(path: impl AsRef<std::path::Path>) -> String {
    fs::read_to_string(path).await.unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    everywhere(async || {
        let scratch = Scratch::new();
        let written: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
        for size in [1000, 4096, 2 * 1024 * 1024] {
            let mut file = File::create(scratch.path("large")).await?;
            file.set_max_buf_size(size);
            file.write_all(&written).await?;
            file.close().await?;
            let mut file = File::open(scratch.path("large")).await?;
            file.set_max_buf_size(size);
            let mut read = Vec::new();
            file.read_to_end(&mut read).await?;
            assert!(read == written, "in pieces of {size}");
        }
        Ok(())
    });
}

#[test]
fn one_job_writes_no_more_than_the_buffer() {
    everywhere(async || {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await?;
        file.set_max_buf_size(0);
        assert_eq!(file.write(b"hello").await?, 1);
        file.set_max_buf_size(7);
        let buffers = [b"one ", b"two "].map(|bytes| io::IoSlice::new(bytes));
        let count = std::future::poll_fn(|cx| Pin::new(&mut file).poll_write_vectored(cx, &buffers)).await?;
        assert_eq!(count, 7);
        file.flush().await?;
        assert_eq!(text(scratch.path("file")).await, "hone two");
        Ok(())
    });
}

#[test]
fn reading_writing_and_seeking_share_one_position() {
    everywhere(async || {
        let scratch = Scratch::new();
        let path = scratch.file("file", "0123456789");
        let mut file = OpenOptions::new().read(true).write(true).open(&path).await?;
        let mut two = [0; 2];
        assert_eq!(file.seek(SeekFrom::End(-3)).await?, 7);
        file.read_exact(&mut two).await?;
        assert_eq!(&two, b"78");
        assert_eq!(file.seek(SeekFrom::Current(-5)).await?, 4);
        file.write_all(b"ab").await?;
        // Not flushed: the read waits for the write.
        file.read_exact(&mut two).await?;
        assert_eq!(&two, b"67");
        assert_eq!(file.seek(SeekFrom::Start(1)).await?, 1);
        file.write_all(b"x").await?;
        // Nor is this.
        assert_eq!(file.seek(SeekFrom::Current(0)).await?, 2);
        assert_eq!(text(&path).await, "0x23ab6789");
        let error = file.seek(SeekFrom::Current(-3)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(
            file.seek(SeekFrom::Current(0)).await?,
            2,
            "it stayed where it was"
        );
        Ok(())
    });
}

#[test]
fn who_appends_writes_at_the_end() {
    everywhere(async || {
        let scratch = Scratch::new();
        let path = scratch.file("log", "one\n");
        let mut log = OpenOptions::new().append(true).open(&path).await?;
        log.seek(SeekFrom::Start(0)).await?;
        log.write_all(b"two\n").await?;
        log.flush().await?;
        assert_eq!(text(&path).await, "one\ntwo\n");
        Ok(())
    });
}

/// A file for which each write is accepted, and then fails.
async fn read_only(scratch: &Scratch) -> File {
    let mut file = File::open(scratch.file("file", "contents")).await.unwrap();
    assert_eq!(file.write(b"refused").await.unwrap(), 7);
    file
}

#[test]
fn a_write_that_fails_in_the_background_fails_the_next_operation_once() {
    everywhere(async || {
        let scratch = Scratch::new();
        let expected = std::fs::File::open(scratch.file("file", "contents"))
            .and_then(|file| io::Write::write(&mut &file, b"x"))
            .unwrap_err();
        let mut buffer = [0; 8];
        for which in 0..9 {
            let mut file = read_only(&scratch).await;
            let outcome = match which {
                0 => file.flush().await,
                1 => file.write(b"more").await.map(drop),
                2 => file.read(&mut buffer).await.map(drop),
                3 => file.seek(SeekFrom::Start(1)).await.map(drop),
                4 => file.close().await,
                5 => file.sync_all().await,
                6 => file.sync_data().await,
                7 => file.set_len(1).await,
                _ => file.try_clone().await.map(drop),
            };
            let error = outcome.expect_err(&format!("operation {which}"));
            assert_eq!(error.raw_os_error(), expected.raw_os_error(), "{error}");
            // It was told, and the operation did nothing else.
            file.flush().await?;
            assert_eq!(file.read(&mut buffer).await?, 8);
            assert_eq!(&buffer, b"contents");
        }
        Ok(())
    });
}

#[test]
fn the_error_of_a_write_is_kept_though_who_would_have_been_told_is_dropped() {
    let _watchdog = Watchdog::new("an error that is kept", Duration::from_secs(30));
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    runtime.block_on(async {
        let file = read_only(&scratch).await;
        let gate = occupy(&runtime);
        assert!(poll_once(file.sync_all()).is_pending());
        assert!(poll_once(file.set_len(0)).is_pending());
        drop(gate);
        // The one thread does this after them.
        assert_eq!(text(scratch.path("file")).await, "contents", "they did nothing");
        let mut file = file
            .try_into_std()
            .expect_err("there is an error that nobody was told");
        assert!(file.flush().await.is_err());
        file.flush().await.unwrap();
    });
}

#[test]
fn what_a_dropped_file_has_accepted_is_written() {
    let _watchdog = Watchdog::new("a dropped file", Duration::from_secs(30));
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    runtime.block_on(async {
        let mut file = File::create(scratch.path("file")).await.unwrap();
        let gate = occupy(&runtime);
        assert_eq!(file.write(b"accepted").await.unwrap(), 8);
        drop(file);
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"");
        drop(gate);
        // The one thread does this after it.
        assert_eq!(text(scratch.path("file")).await, "accepted");
    });
}

#[test]
fn what_was_accepted_is_written_though_the_runtime_ends_before_its_job() {
    let _watchdog = Watchdog::new("a runtime that ends", Duration::from_secs(30));
    let scratch = Scratch::new();
    for dropped in [true, false] {
        let path = scratch.path(if dropped { "dropped" } else { "kept" });
        let runtime = with_one_thread();
        let (open, line) = (File::create(&path), line!());
        let mut file = runtime.block_on(open).unwrap();
        let gate = occupy(&runtime);
        assert_eq!(runtime.block_on(file.write(b"accepted")).unwrap(), 8);
        let kept = (!dropped).then_some(file);
        let report = runtime.shutdown(Duration::ZERO);
        // It has neither cancelled the job nor done it itself.
        let lines: Vec<_> = report
            .blocking_jobs()
            .iter()
            .map(|job| (job.spawned_at.file(), job.spawned_at.line()))
            .collect();
        assert!(lines.contains(&(file!(), line)), "{report}");
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        drop(gate);
        let Some(mut file) = kept else {
            while std::fs::read(&path).unwrap() != b"accepted" {
                std::thread::yield_now();
            }
            continue;
        };
        pollster::block_on(file.flush()).unwrap();
        // Other runtimes take over, one after the other.
        reveille::block_on(file.write_all(b" and more")).unwrap();
        reveille::block_on(file.flush()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "accepted and more");
    }
}

#[test]
fn what_a_file_that_nobody_drops_has_accepted_is_written_when_its_runtime_is_gone() {
    let _watchdog = Watchdog::new("a file that nobody drops", Duration::from_secs(30));
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    let mut file = runtime.block_on(File::create(scratch.path("file"))).unwrap();
    let gate = occupy(&runtime);
    assert_eq!(runtime.block_on(file.write(b"bye")).unwrap(), 3);
    let ends = std::thread::spawn(move || drop(runtime));
    drop(gate);
    ends.join().unwrap();
    assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"bye");
    drop(file);
}

#[test]
fn nothing_is_accepted_by_a_runtime_that_shuts_down() {
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    let mut file = runtime.block_on(File::create(scratch.path("file"))).unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let _current = handle.enter();
    let error = pollster::block_on(file.write(b"too late")).unwrap_err();
    assert!(is_shutdown(&error), "{error}");
    pollster::block_on(file.flush()).unwrap();
}

/// No system has that much room for a thread's stack.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_pool_that_can_start_no_thread_is_not_a_runtime_that_shuts_down() {
    let _watchdog = Watchdog::new("a pool without a thread", Duration::from_secs(30));
    let runtime = Builder::current_thread()
        .thread_stack_size(1 << 50)
        .build()
        .unwrap();
    let error = runtime.block_on(fs::metadata("Cargo.toml")).unwrap_err();
    assert!(!is_shutdown(&error), "{error}");
    assert!(error.to_string().contains("no thread"), "{error}");
    let scratch = Scratch::new();
    let mut file = File::from_std(std::fs::File::create(scratch.path("file")).unwrap());
    runtime.block_on(async {
        assert_eq!(file.write(b"accepted").await.unwrap(), 8);
        assert!(!is_shutdown(&file.flush().await.unwrap_err()));
    });
    // There is nobody else to do it.
    drop(file);
    assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"accepted");
}

/// A file whose reader was dropped while its job was still to come; `wanted` bytes are read by that then.
async fn after_a_dropped_read(runtime: &Runtime, path: &std::path::Path, wanted: usize) -> File {
    let file = OpenOptions::new().read(true).write(true).open(path).await;
    let mut file = file.unwrap();
    let gate = occupy(runtime);
    assert!(poll_once(file.read(&mut vec![0; wanted])).is_pending());
    drop(gate);
    // The one thread does this after it.
    fs::metadata(path).await.unwrap();
    file
}

#[test]
fn a_dropped_read_loses_nothing() {
    let _watchdog = Watchdog::new("a dropped read", Duration::from_secs(30));
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    let path = scratch.file("file", "0123456789");
    runtime.block_on(async {
        let mut file = after_a_dropped_read(&runtime, &path, 6).await;
        let mut text = String::new();
        let mut four = [0; 4];
        assert_eq!(file.read(&mut four).await.unwrap(), 4);
        assert_eq!(&four, b"0123");
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "456789");
    });
}

#[test]
fn after_a_dropped_read_everything_begins_where_the_reader_is() {
    let _watchdog = Watchdog::new("a dropped read", Duration::from_secs(30));
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    let path = scratch.path("file");
    let renew = || std::fs::write(&path, "0123456789").unwrap();
    runtime.block_on(async {
        renew();
        let mut file = after_a_dropped_read(&runtime, &path, 6).await;
        file.read_exact(&mut [0; 2]).await.unwrap();
        file.write_all(b"ab").await.unwrap();
        let mut rest = String::new();
        file.read_to_string(&mut rest).await.unwrap();
        assert_eq!(
            (rest.as_str(), text(&path).await.as_str()),
            ("456789", "01ab456789")
        );

        renew();
        let mut file = after_a_dropped_read(&runtime, &path, 6).await;
        assert_eq!(file.seek(SeekFrom::Current(1)).await.unwrap(), 1);

        renew();
        let mut file = after_a_dropped_read(&runtime, &path, 6).await;
        file.set_len(3).await.unwrap();
        let mut rest = String::new();
        file.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "012");

        renew();
        let file = after_a_dropped_read(&runtime, &path, 6).await;
        let mut two = [0; 2];
        file.try_clone()
            .await
            .unwrap()
            .read_exact(&mut two)
            .await
            .unwrap();
        assert_eq!(&two, b"01");

        renew();
        let file = after_a_dropped_read(&runtime, &path, 6).await;
        let mut rest = String::new();
        file.into_std().await.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "0123456789");

        renew();
        let file = after_a_dropped_read(&runtime, &path, 6).await;
        let mut rest = String::new();
        file.try_into_std().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "0123456789");
    });
}

#[test]
fn the_end_that_a_dropped_read_has_found_is_forgotten_when_the_file_grows() {
    let _watchdog = Watchdog::new("a dropped read", Duration::from_secs(30));
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    let path = scratch.file("file", "");
    runtime.block_on(async {
        let mut file = after_a_dropped_read(&runtime, &path, 6).await;
        file.set_len(2).await.unwrap();
        assert_eq!(file.read(&mut [1; 6]).await.unwrap(), 2);
        assert_eq!(file.read(&mut [1; 6]).await.unwrap(), 0);
    });
}

/// The system lets one "seek" there, and nothing happens.
#[cfg(unix)]
#[test]
fn what_was_read_from_a_device_is_kept() {
    let _watchdog = Watchdog::new("a device", Duration::from_secs(30));
    let runtime = with_one_thread();
    runtime.block_on(async {
        let mut zeros = after_a_dropped_read(&runtime, "/dev/zero".as_ref(), 6).await;
        zeros.write_all(b"nothing").await.unwrap();
        zeros.flush().await.unwrap();
        let mut zeros = zeros.try_into_std().expect_err("that would be lost");
        assert_eq!(zeros.read(&mut [1; 10]).await.unwrap(), 6);
        assert!(zeros.try_into_std().is_ok());
    });
}

#[test]
fn a_dropped_seek_that_is_asked_for_again_is_done_once() {
    let _watchdog = Watchdog::new("a dropped seek", Duration::from_secs(30));
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    let path = scratch.file("file", "0123456789");
    runtime.block_on(async {
        let mut file = File::open(&path).await.unwrap();
        let gate = occupy(&runtime);
        assert!(poll_once(file.seek(SeekFrom::Current(3))).is_pending());
        drop(gate);
        assert_eq!(file.seek(SeekFrom::Current(3)).await.unwrap(), 3);
        // Its outcome was told; this is another one.
        assert_eq!(file.seek(SeekFrom::Current(3)).await.unwrap(), 6);
        let gate = occupy(&runtime);
        assert!(poll_once(file.seek(SeekFrom::Start(0))).is_pending());
        drop(gate);
        assert_eq!(file.seek(SeekFrom::Current(1)).await.unwrap(), 1);
    });
}

#[test]
fn a_file_goes_back_to_std_when_nothing_has_to_do_with_it_any_more() {
    let _watchdog = Watchdog::new("a file that goes back", Duration::from_secs(30));
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    runtime.block_on(async {
        let mut file = File::create_new(scratch.path("file")).await.unwrap();
        let gate = occupy(&runtime);
        assert_eq!(file.write(b"one").await.unwrap(), 3);
        let mut file = file.try_into_std().expect_err("a write is on its way");
        // What is dropped is done nevertheless, and keeps the file until then.
        assert!(poll_once(file.sync_all()).is_pending());
        assert!(poll_once(file.flush()).is_pending());
        let mut std = pin!(file.into_std());
        assert!(poll_once(std.as_mut()).is_pending());
        drop(gate);
        io::Write::write_all(&mut std.await, b" two").unwrap();
        assert_eq!(text(scratch.path("file")).await, "one two");

        let file = File::open(scratch.path("file")).await.unwrap();
        let gate = occupy(&runtime);
        assert!(poll_once(file.metadata()).is_pending());
        let mut std = pin!(file.into_std());
        assert!(poll_once(std.as_mut()).is_pending(), "the job still has it");
        drop(gate);
        let mut contents = String::new();
        std.await.read_to_string(&mut contents).unwrap();
        assert_eq!(contents, "one two");
    });
}

#[test]
#[should_panic(expected = "a file is given back once")]
fn a_file_goes_back_to_std_once() {
    let scratch = Scratch::new();
    let runtime = with_one_thread();
    runtime.block_on(async {
        let file = File::create(scratch.path("file")).await.unwrap();
        let gate = occupy(&runtime);
        assert!(poll_once(file.sync_all()).is_pending());
        let mut std = pin!(file.into_std());
        assert!(poll_once(std.as_mut()).is_pending());
        drop(gate);
        std.as_mut().await;
        let _ = poll_once(std);
    });
}

/// Each has a thread of the pool: were this to wait as well, nobody could write.
#[cfg(unix)]
#[test]
fn metadata_and_permissions_do_not_wait_for_a_read_that_stands() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let _watchdog = Watchdog::new("a read that stands", Duration::from_secs(30));
    let runtime = Builder::current_thread().max_blocking_threads(2).build().unwrap();
    let (ours, peer) = UnixStream::pair().unwrap();
    let [mut ours, mut peer] = [ours, peer].map(|stream| File::from(OwnedFd::from(stream)));
    runtime.block_on(async {
        assert!(poll_once(ours.read(&mut [0; 8])).is_pending());
        let permissions = ours.metadata().await.unwrap().permissions();
        ours.set_permissions(permissions).await.unwrap();
        peer.write_all(b"question").await.unwrap();
        assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 8);
    });
}

#[test]
fn many_files_are_written_at_once() {
    let _watchdog = Watchdog::new("many files", Duration::from_secs(60));
    let scratch = Scratch::new();
    let runtime = Builder::multi_thread().worker_threads(2).build().unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let path = scratch.path(&number.to_string());
            runtime.spawn(async move {
                let mut file = File::create_new(&path).await?;
                for line in 0..20 {
                    file.write_all(format!("{number}: {line}\n").as_bytes()).await?;
                }
                file.seek(SeekFrom::Start(0)).await?;
                let mut text = String::new();
                file.read_to_string(&mut text).await?;
                let expected: String = (0..20).map(|line| format!("{number}: {line}\n")).collect();
                assert_eq!(text, expected);
                io::Result::Ok(())
            })
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap().unwrap();
    }
}

#[test]
fn there_is_an_error_in_words_where_there_is_no_runtime() {
    let scratch = Scratch::new();
    let path = scratch.file("file", "contents");
    let error = pollster::block_on(fs::read(&path)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "files are read and written by the blocking pool of a runtime, and there is none here; \
         use `std::fs`, or do this inside `block_on` or a task"
    );
    let std = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let mut file = File::from_std(std);
    assert!(pollster::block_on(file.read(&mut [0; 8])).is_err());
    assert!(pollster::block_on(file.write(b"nothing")).is_err());
    assert!(pollster::block_on(file.seek(SeekFrom::Start(3))).is_err());
    assert!(pollster::block_on(file.sync_all()).is_err());
    for number in 0..40 {
        scratch.file(&number.to_string(), "");
    }
    let mut entries = reveille::block_on(fs::read_dir(&scratch)).unwrap();
    let mut found = 0;
    // What was read with the first is there.
    let error = pollster::block_on(async {
        loop {
            match entries.next_entry().await {
                Ok(entry) => found += usize::from(entry.is_some()),
                Err(error) => return error,
            }
        }
    });
    assert!(error.to_string().starts_with("files are read"), "{error}");
    assert_eq!(found + reveille::block_on(entries.count()), 41);

    // Nothing was accepted, so nothing is to be flushed.
    pollster::block_on(file.flush()).unwrap();
    let mut text = String::new();
    reveille::block_on(file.read_to_string(&mut text)).unwrap();
    assert_eq!(text, "contents");
}

#[test]
fn what_has_not_begun_when_the_runtime_ends_is_an_error() {
    let _watchdog = Watchdog::new("a runtime that ends", Duration::from_secs(30));
    let scratch = Scratch::new();
    let path = scratch.file("file", "contents");
    let runtime = with_one_thread();
    let (mut operation, mut file, mut entries) = runtime
        .block_on(async {
            io::Result::Ok((
                fs::remove_file(&path),
                File::open(&path).await?,
                fs::read_dir(&scratch).await?,
            ))
        })
        .unwrap();
    let gate = occupy(&runtime);
    let mut buffer = [0; 8];
    runtime.block_on(async {
        assert!(poll_once(&mut operation).is_pending());
        assert!(poll_once(file.read(&mut buffer)).is_pending());
    });
    let handle = runtime.handle().clone();
    runtime.shutdown_background();
    assert!(is_shutdown(&pollster::block_on(operation).unwrap_err()));
    {
        // Nor does it begin anything any more, for those that are still on its threads.
        let _current = handle.enter();
        let error = pollster::block_on(file.read(&mut buffer)).unwrap_err();
        assert!(is_shutdown(&error), "{error}");
    }
    drop(gate);
    // What was read by then is there.
    let entry = pollster::block_on(entries.next_entry())
        .unwrap()
        .expect("the file");
    assert_eq!(entry.file_name(), "file");
    assert!(pollster::block_on(entries.next_entry()).unwrap().is_none());
    assert_eq!(reveille::block_on(file.read(&mut buffer)).unwrap(), 8);
}

#[test]
fn a_listing_whose_job_was_cancelled_is_an_error_and_not_the_end() {
    let _watchdog = Watchdog::new("a listing that is cut off", Duration::from_secs(30));
    let scratch = Scratch::new();
    for number in 0..40 {
        scratch.file(&number.to_string(), "");
    }
    let runtime = with_one_thread();
    let mut entries = runtime.block_on(fs::read_dir(&scratch)).unwrap();
    let gate = occupy(&runtime);
    runtime.block_on(async {
        let mut found = 0;
        while poll_once(entries.next_entry()).is_ready() {
            found += 1;
        }
        assert!((1..40).contains(&found), "{found} at once");
    });
    runtime.shutdown_background();
    assert!(is_shutdown(
        &pollster::block_on(entries.next_entry()).unwrap_err()
    ));
    assert!(reveille::block_on(entries.next_entry()).is_err());
    drop(gate);
}

/// Opening a FIFO waits for somebody at its other end.
#[cfg(unix)]
#[test]
fn a_report_says_where_a_job_was_asked_for() {
    let _watchdog = Watchdog::new("a job that stands", Duration::from_secs(30));
    let scratch = Scratch::new();
    let fifo = scratch.path("fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let runtime = with_one_thread();
    let (open, line) = (File::open(&fifo), line!());
    runtime.block_on(async { assert!(poll_once(open).is_pending()) });
    while runtime.metrics().blocking.jobs_run == 0 {
        std::thread::yield_now();
    }
    let report = runtime.shutdown(Duration::ZERO);
    let jobs: Vec<_> = report.blocking_jobs().iter().map(|job| job.spawned_at).collect();
    assert_eq!(jobs.len(), 1, "{report}");
    assert_eq!((jobs[0].file(), jobs[0].line()), (file!(), line), "{report}");
    // So that it ends.
    drop(std::fs::OpenOptions::new().write(true).open(&fifo).unwrap());
}

#[test]
fn the_systems_errors_are_as_they_are() {
    everywhere(async || {
        let scratch = Scratch::new();
        let path = scratch.file("file", "contents");
        let missing = scratch.path("missing");
        let errors = [
            (
                File::open(&missing).await.map(drop),
                std::fs::File::open(&missing).map(drop),
            ),
            (
                File::create_new(&path).await.map(drop),
                std::fs::File::create_new(&path).map(drop),
            ),
            (
                fs::read_dir(&path).await.map(drop),
                std::fs::read_dir(&path).map(drop),
            ),
            (fs::remove_dir(&scratch).await, std::fs::remove_dir(&scratch)),
            (fs::create_dir(&scratch).await, std::fs::create_dir(&scratch)),
            (
                fs::read_link(&path).await.map(drop),
                std::fs::read_link(&path).map(drop),
            ),
        ];
        for (ours, stds) in errors {
            assert_eq!(ours.unwrap_err().to_string(), stds.unwrap_err().to_string());
        }
        Ok(())
    });
}

#[test]
fn a_directory_is_listed_in_full() {
    everywhere(async || {
        let scratch = Scratch::new();
        // More than one job reads.
        let names: Vec<_> = (100..200).map(|number| number.to_string()).collect();
        for name in &names {
            fs::write(scratch.path(name), name).await?;
        }
        let mut found = Vec::new();
        let mut entries = fs::read_dir(&scratch).await?;
        loop {
            // A future that is dropped takes no entry along.
            let entry = match poll_once(entries.next_entry()) {
                Poll::Ready(entry) => entry?,
                Poll::Pending => entries.next_entry().await?,
            };
            let Some(entry) = entry else { break };
            assert!(entry.file_type().await?.is_file());
            assert_eq!(entry.metadata().await?.len(), 3);
            assert_eq!(text(entry.path()).await.as_str(), entry.file_name());
            found.push(entry.file_name().into_string().unwrap());
        }
        found.sort();
        assert_eq!(found, names);
        let entries = fs::read_dir(&scratch).await?;
        assert_eq!(
            entries.filter(io::Result::is_ok).count().await,
            100,
            "as a stream"
        );
        Ok(())
    });
}

#[test]
fn directories_and_names_come_and_go() {
    everywhere(async || {
        let scratch = Scratch::new();
        fs::create_dir(scratch.path("one")).await?;
        fs::create_dir_all(scratch.path("one/two/three")).await?;
        assert!(DirBuilder::new().create(scratch.path("a/b")).await.is_err());
        DirBuilder::new()
            .recursive(true)
            .create(scratch.path("a/b"))
            .await?;
        fs::remove_dir(scratch.path("a/b")).await?;
        assert!(!fs::try_exists(scratch.path("a/b")).await?);

        fs::write(scratch.path("one/file"), "contents").await?;
        assert_eq!(fs::copy(scratch.path("one/file"), scratch.path("copy")).await?, 8);
        fs::hard_link(scratch.path("copy"), scratch.path("link")).await?;
        fs::rename(scratch.path("copy"), scratch.path("moved")).await?;
        assert!(!fs::try_exists(scratch.path("copy")).await?);
        fs::remove_file(scratch.path("moved")).await?;
        assert_eq!(text(scratch.path("link")).await, "contents");

        let mut permissions = fs::metadata(scratch.path("link")).await?.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(scratch.path("link"), permissions.clone()).await?;
        assert!(fs::metadata(scratch.path("link")).await?.permissions().readonly());
        #[allow(clippy::permissions_set_readonly_false, reason = "of a scratch file")]
        permissions.set_readonly(false);
        File::open(scratch.path("link"))
            .await?
            .set_permissions(permissions)
            .await?;
        assert!(!fs::metadata(scratch.path("link")).await?.permissions().readonly());

        let file = File::create(scratch.path("old")).await?;
        let (then, later) = (
            SystemTime::UNIX_EPOCH,
            SystemTime::UNIX_EPOCH + Duration::from_secs(1000),
        );
        file.set_modified(then).await?;
        assert_eq!(file.metadata().await?.modified()?, then);
        file.set_times(std::fs::FileTimes::new().set_modified(later))
            .await?;
        assert_eq!(file.metadata().await?.modified()?, later);

        fs::remove_dir_all(scratch.path("one")).await?;
        assert!(!fs::try_exists(scratch.path("one")).await?);
        Ok(())
    });
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_followed_where_std_follows_them() {
    use std::os::unix::fs::PermissionsExt;

    everywhere(async || {
        let scratch = Scratch::new();
        fs::create_dir(scratch.path("directory")).await?;
        fs::symlink("directory", scratch.path("link")).await?;
        assert_eq!(
            fs::read_link(scratch.path("link")).await?.to_str(),
            Some("directory")
        );
        assert!(fs::metadata(scratch.path("link")).await?.is_dir());
        assert!(fs::symlink_metadata(scratch.path("link")).await?.is_symlink());
        let whole = fs::canonicalize(scratch.path("link")).await?;
        assert_eq!(whole, std::fs::canonicalize(scratch.path("directory"))?);

        let options = &mut OpenOptions::new();
        options
            .write(true)
            .create(true)
            .mode(0o600)
            .open(scratch.path("secret"))
            .await?;
        DirBuilder::new().mode(0o700).create(scratch.path("room")).await?;
        for (name, mode) in [("secret", 0o600), ("room", 0o700)] {
            let found = fs::metadata(scratch.path(name)).await?.permissions().mode();
            assert_eq!(found & 0o777, mode, "{name}");
        }
        Ok(())
    });
}

#[cfg(unix)]
#[test]
fn a_file_is_a_descriptor_and_opened_as_the_system_is_told() {
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};
    use std::os::unix::fs::MetadataExt;

    everywhere(async || {
        let scratch = Scratch::new();
        let path = scratch.file("file", "contents");
        let file = OpenOptions::default().read(true).open(&path).await?;
        assert_eq!(file.as_fd().as_raw_fd(), file.as_raw_fd());
        let duplicate: OwnedFd = file.as_fd().try_clone_to_owned()?;
        let mut text = String::new();
        File::from(duplicate).read_to_string(&mut text).await?;
        assert_eq!(text, "contents");
        assert!(format!("{file:?}").contains("fd"));

        let options = &mut OpenOptions::from(std::fs::OpenOptions::new());
        let error = options
            .read(true)
            .custom_flags(libc::O_DIRECTORY)
            .open(&path)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);

        let entry = fs::read_dir(&scratch).await?.next_entry().await?.unwrap();
        assert_eq!(entry.ino(), entry.metadata().await?.ino());
        Ok(())
    });
}

/// What cannot seek: what was read ahead is kept, and a write is no part of it.
#[cfg(unix)]
#[test]
fn a_dropped_read_of_a_stream_is_kept_beside_writes() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let _watchdog = Watchdog::new("a stream as a file", Duration::from_secs(30));
    let (ours, mut peer) = UnixStream::pair().unwrap();
    let mut ours = File::from(OwnedFd::from(ours));
    reveille::block_on(async {
        assert!(poll_once(ours.read(&mut [0; 8])).is_pending());
        io::Write::write_all(&mut peer, b"question").unwrap();
        // The write waits for the read.
        ours.write_all(b"answer").await.unwrap();
        ours.flush().await.unwrap();
        peer.read_exact(&mut [0; 6]).unwrap();
        let mut ours = ours.try_into_std().expect_err("that would be lost");
        let mut read = [0; 8];
        ours.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"question");
    });
}

#[test]
fn the_types_are_what_tasks_ask_for() {
    fn is<T: Send + Sync + Unpin + std::fmt::Debug>() {}
    fn is_future<T: Send + Unpin + std::fmt::Debug>(_: T) {}
    fn is_stream<T: AsyncRead + AsyncWrite>() {}
    is::<File>();
    is::<fs::ReadDir>();
    is::<fs::DirEntry>();
    is::<OpenOptions>();
    is_stream::<File>();
    is_future(fs::read("nothing"));
    is_future(File::open("nothing"));
    let file = File::from_std(std::fs::File::open("Cargo.toml").unwrap());
    is_future(file.sync_all());
    is_future(file.into_std());
    let operation = format!("{:?}", fs::read("nothing"));
    assert!(
        operation.contains("not begun") && operation.contains("fs.rs"),
        "{operation}"
    );
}

#[cfg(feature = "tokio-io")]
mod with_tokios_traits {
    use tokio::io::{
        AsyncBufReadExt, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt, BufReader,
    };

    use super::*;

    #[test]
    fn a_file_is_written_read_and_moved_about_in() {
        everywhere(async || {
            let scratch = Scratch::new();
            let mut file = File::create_new(scratch.path("file")).await?;
            AsyncWriteExt::write_all(&mut file, b"one\ntwo\n").await?;
            assert!(AsyncWrite::is_write_vectored(&file));
            let buffers = [io::IoSlice::new(b"three"), io::IoSlice::new(b"\n")];
            assert_eq!(AsyncWriteExt::write_vectored(&mut file, &buffers).await?, 6);
            AsyncWriteExt::shutdown(&mut file).await?;
            assert_eq!(AsyncSeekExt::seek(&mut file, SeekFrom::Start(4)).await?, 4);
            assert_eq!(AsyncSeekExt::stream_position(&mut file).await?, 4);
            let mut buffer = b"> ".to_vec();
            buffer.reserve(100);
            assert_eq!(AsyncReadExt::read_buf(&mut file, &mut buffer).await?, 10);
            assert_eq!(buffer, b"> two\nthree\n");
            assert_eq!(AsyncSeekExt::rewind(&mut file).await?, 0);
            let mut lines = BufReader::new(file).lines();
            assert_eq!(lines.next_line().await?.as_deref(), Some("one"));
            Ok(())
        });
    }

    #[test]
    fn a_dropped_seek_is_not_done_after_what_comes_next() {
        let _watchdog = Watchdog::new("a dropped seek", Duration::from_secs(30));
        let scratch = Scratch::new();
        let runtime = with_one_thread();
        let path = scratch.file("file", "0123456789");
        runtime.block_on(async {
            let options = &mut OpenOptions::new();
            let mut file = options.read(true).write(true).open(&path).await.unwrap();
            let gate = occupy(&runtime);
            assert!(poll_once(AsyncSeekExt::seek(&mut file, SeekFrom::Current(3))).is_pending());
            drop(gate);
            let mut two = [0; 2];
            AsyncReadExt::read_exact(&mut file, &mut two).await.unwrap();
            assert_eq!(&two, b"34");
            assert_eq!(AsyncSeekExt::stream_position(&mut file).await.unwrap(), 5);

            let gate = occupy(&runtime);
            assert!(poll_once(AsyncSeekExt::rewind(&mut file)).is_pending());
            drop(gate);
            AsyncWriteExt::write_all(&mut file, b"abc").await.unwrap();
            assert_eq!(AsyncSeekExt::stream_position(&mut file).await.unwrap(), 3);
            AsyncWriteExt::write_all(&mut file, b"d").await.unwrap();
            AsyncWriteExt::flush(&mut file).await.unwrap();
            assert_eq!(text(&path).await, "abcd456789");
        });
    }

    #[test]
    fn a_seek_of_a_runtime_that_has_ended_is_an_error() {
        let scratch = Scratch::new();
        let runtime = with_one_thread();
        let mut file = runtime
            .block_on(File::open(scratch.file("file", "0123456789")))
            .unwrap();
        let gate = occupy(&runtime);
        let mut file = Pin::new(&mut file);
        runtime.block_on(async { file.as_mut().start_seek(SeekFrom::Start(3)).unwrap() });
        runtime.shutdown_background();
        drop(gate);
        let complete = std::future::poll_fn(|cx| file.as_mut().poll_complete(cx));
        assert!(is_shutdown(&reveille::block_on(complete).unwrap_err()));
        assert_eq!(
            reveille::block_on(AsyncSeekExt::stream_position(&mut file)).unwrap(),
            0
        );
    }

    #[test]
    fn a_second_seek_waits_for_the_first() {
        everywhere(async || {
            let scratch = Scratch::new();
            let mut file = File::open(scratch.file("file", "0123456789")).await?;
            let mut file = Pin::new(&mut file);
            file.as_mut().start_seek(SeekFrom::Start(3))?;
            assert!(file.as_mut().start_seek(SeekFrom::Start(5)).is_err());
            let position = std::future::poll_fn(|cx| file.as_mut().poll_complete(cx)).await?;
            assert_eq!(position, 3);
            file.as_mut().start_seek(SeekFrom::Start(5))?;
            // tokio's own future waits for it first.
            assert_eq!(AsyncSeekExt::seek(&mut file, SeekFrom::Current(1)).await?, 6);
            Ok(())
        });
    }
}
