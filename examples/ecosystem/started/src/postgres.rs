//! A PostgreSQL server of its own for a test.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::port::free_port;
use crate::program::Program;
use crate::run::run;
use crate::scratch::Scratch;
use crate::tool::{find, skip};

/// A running PostgreSQL with the superuser `reveille` and no password.
pub struct Postgres {
    /// Where it listens, on 127.0.0.1 and by a Unix socket in [`folder`](Self::folder).
    pub port: u16,
    user: Option<u32>,
    programs: PathBuf,
    // Stopped before its folder is removed.
    server: Option<Program>,
    scratch: Scratch,
}

impl Postgres {
    /// Makes a cluster and starts it; `None`, and a word about that, where this system has none. As root it runs as the
    /// user `postgres`, since it refuses to be root.
    ///
    /// # Panics
    ///
    /// If there is one and it does not start.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("this system has no PostgreSQL server");
            return None;
        };
        let user = unprivileged();
        let scratch = Scratch::new();
        if user.is_some() {
            chown(scratch.path(), user, None).expect("root may give files away");
        }
        let port = free_port();
        let mut postgres = Self {
            port,
            user,
            programs,
            server: None,
            scratch,
        };
        let data = postgres.folder().join("data");
        let mut initdb = Command::new(postgres.programs.join("initdb"));
        initdb.args([
            "--username=reveille",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--pgdata",
        ]);
        run(postgres.as_user(&mut initdb).arg(&data), b"");

        let mut command = Program::command(postgres.programs.join("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(postgres.folder());
        // Nothing here has to survive a loss of power.
        command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "fsync=off"]);
        postgres.as_user(&mut command);
        postgres.server = Some(Program::start(command, "ready to accept connections"));
        Some(postgres)
    }

    /// Where its Unix socket is.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    fn as_user<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.current_dir(self.folder());
        if let Some(user) = self.user {
            command.uid(user);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Killed it would leave its shared memory behind.
        let mut stop = Command::new(self.programs.join("pg_ctl"));
        stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"])
            .arg(self.folder().join("data"));
        let _ = self.as_user(&mut stop).status();
        self.server = None;
    }
}

/// The folder of `initdb`, which Debian keeps out of the way; of the newest version.
fn programs() -> Option<PathBuf> {
    if let Some(initdb) = find("initdb") {
        return initdb.parent().map(Path::to_owned);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions
        .filter_map(Result::ok)
        .map(|version| version.path().join("bin"));
    folders.filter(|folder| folder.join("initdb").is_file()).max()
}

/// Whom to be instead of root.
fn unprivileged() -> Option<u32> {
    let id = |arguments: &[&str]| run(Command::new("id").args(arguments), b"").trim().parse::<u32>();
    (id(&["-u"]) == Ok(0)).then(|| id(&["-u", "postgres"]).expect("its package makes this user"))
}
