// What the numbers of a trace are called. Within a trace a number means one thing, so one look through it is enough.
(function (reveille) {
  "use strict";

  class Names {
    constructor(threads, strings) {
      this.tasks = new Map();
      this.sources = new Map();
      this.timers = new Map();
      this.jobs = new Map();
      this.tell(threads, strings);
    }

    tell(threads, strings) {
      this.threads = new Map(threads.map((thread) => [thread.id, thread]));
      this.strings = strings;
    }

    // Takes the names that a state knows.
    learnState(state) {
      for (const task of state.tasks.values()) this.tasks.set(task.task, { name: task.name, loc: task.loc });
      for (const source of state.sources.values()) this.sources.set(source.src, source);
      for (const { timer, task } of state.timers.values()) this.timers.set(timer, task);
      for (const { job, task } of state.jobs.values()) this.jobs.set(job, task);
    }

    learnEvent(event) {
      if (event.k === "spawn") this.tasks.set(event.task, { name: event.name, loc: event.loc });
      else if (event.k === "io_register") this.sources.set(event.src, event);
      else if (event.k === "timer_set") this.timers.set(event.timer, event.task);
      else if (event.k === "blk_submit") this.jobs.set(event.job, event.task);
    }

    text(index) {
      return this.strings[index] ?? "";
    }

    // `echo-0 #2`; the number tells tasks of one name apart.
    task(id) {
      if (id === 0) return "no task";
      const name = this.taskName(id);
      return name === "" ? `task #${id}` : `${name} #${id}`;
    }

    taskName(id) {
      return this.text(this.tasks.get(id)?.name);
    }

    taskPlace(id) {
      return this.text(this.tasks.get(id)?.loc);
    }

    thread(id) {
      return this.threads.get(id)?.name || `thread ${id}`;
    }

    source(src) {
      const source = this.sources.get(src);
      if (!source) return `source ${src}`;
      const what = this.text(source.what);
      return what === "" ? `source ${src} (fd ${source.fd})` : `source ${src} (${what}, fd ${source.fd})`;
    }

    // What a task waits for or polls: an entry of `waits`, a `block_on`, a `touch` or a `fut_drop`.
    resource({ res, id, peer }) {
      switch (res) {
        case "io":
          return this.source(id);
        case "timer":
          return `timer ${id}`;
        case "job":
          return `blocking job ${id}`;
        case "join":
          return `the end of ${peer === undefined ? "another task" : this.task(peer)}`;
        case "channel":
          return peer === undefined ? `channel ${id}` : `channel ${id}, which ${this.task(peer)} holds`;
        case "lock":
          return peer === undefined ? `lock ${id}` : `lock ${id}, which ${this.task(peer)} holds`;
        case "foreign":
          return "something that is not of this runtime";
        case "never":
          return "nothing: a future that is never ready";
        default:
          return `${res} ${id}`;
      }
    }
  }

  reveille.Names = Names;
})((globalThis.reveille ??= {}));
