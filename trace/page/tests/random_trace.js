// Traces of a made-up runtime that plays by the rules: random, valid, and the same for the same seed.
"use strict";

// `tasks` are spawned before anything else; `events` is how many events there are at least. Level `full`.
function randomTrace({ seed = 1, events = 300, workers = 2, tasks = 4 } = {}) {
  const runtime = new Runtime(random(seed), workers, 2 * tasks + 4);
  runtime.start(tasks);
  while (runtime.events.length < events) runtime.step();
  return runtime.trace();
}

class Runtime {
  constructor(random, workers, most) {
    this.random = random;
    this.most = most;
    this.t = 1000;
    this.events = [];
    this.strings = ["src/main.rs:10", "TcpStream", "tick", "hello"];
    this.workers = Array.from({ length: workers }, (_, worker) => ({
      worker,
      th: worker + 1,
      queue: [],
      lifo: [],
      parked: false,
    }));
    this.pool = workers + 1;
    this.foreign = workers + 2;
    this.global = [];
    this.tasks = new Map();
    this.ids = [];
    this.sources = new Map();
    this.timers = new Map();
    this.jobs = new Map();
    this.last = 0;
    this.live = 0;
  }

  start(tasks) {
    this.emit(this.foreign, "rt_start", { workers: this.workers.length });
    for (let n = 0; n < tasks; n += 1) this.spawn(this.foreign, 0);
  }

  step() {
    const roll = this.random(20);
    if (roll === 0) return this.wakeFromOutside();
    if (roll === 1) return this.advanceJob();
    if (roll === 2 && this.random(5) === 0) return this.spawn(this.foreign, 0);
    const worker = this.pick(this.workers);
    if (worker.parked) this.wakeUp(worker);
    else if (worker.task) this.act(worker, worker.task);
    else this.schedule(worker);
  }

  schedule(worker) {
    const from = [worker.lifo, worker.queue, this.global].find((queue) => queue.length > 0);
    if (from) return this.poll(worker, from.shift(), from === this.global ? "global" : undefined);
    const victim = this.workers.find((other) => other !== worker && other.queue.length > 1);
    if (victim) {
      const tasks = victim.queue.splice(0, victim.queue.length >> 1);
      worker.queue.push(...tasks);
      this.emit(worker.th, "steal", { from: victim.worker, to: worker.worker, tasks });
      return;
    }
    worker.parked = true;
    this.emit(worker.th, "park", { timeout: this.pick([null, 0, 5_000_000]) });
  }

  poll(worker, id, q) {
    const task = this.tasks.get(id);
    task.polls += 1;
    Object.assign(task, { state: "running", woken: false });
    for (const waiters of this.sources.values()) waiters.delete(id);
    worker.task = id;
    this.emit(worker.th, "poll_start", { task: id, n: task.polls, ...(q && { q }) });
    worker.since = this.t;
  }

  wakeUp(worker) {
    const [source] = this.sources.keys();
    const [timer] = this.timers.keys();
    const roll = this.random(8);
    const why = this.global.length > 0 ? "notify" : roll < 4 && source ? "io" : timer ? "timer" : "spurious";
    worker.parked = false;
    this.emit(worker.th, "unpark", { why, n: why === "spurious" ? 0 : 1 });
    if (why === "io") this.becomeReady(worker, source);
    if (why === "timer") this.fire(worker, timer);
  }

  // The source moves to the end, so that each has its turn.
  becomeReady(worker, source) {
    const waiters = this.sources.get(source);
    this.sources.delete(source);
    this.sources.set(source, new Set());
    const ready = this.pick(["r", "w", "rw", "hup", "err"]);
    this.emit(worker.th, "io_ready", { src: source, ready, waiters: waiters.size });
    for (const id of waiters) this.wake(worker, id, { kind: "io", src: source, ready });
  }

  fire(worker, timer) {
    if (this.random(3) === 0) this.emit(worker.th, "timer_cascade", { level: 1, slot: this.random(4), n: 1 });
    this.emit(worker.th, "timer_fire", { timer, late: this.random(2_000_000) });
    this.wake(worker, this.timers.get(timer), { kind: "timer", timer });
    this.timers.delete(timer);
  }

  // Something that a task does in its poll.
  act(worker, id) {
    this[this.pick(ACTIONS)](worker, id);
  }

  wakeItself(worker, id) {
    this.wake(worker, id, { kind: "task", task: id });
  }

  wakeAnother(worker, id) {
    this.wake(worker, this.pick(this.ids), { kind: "task", task: id });
  }

  wakeByRuntime(worker) {
    const why = this.pick(["abort", "shutdown", "budget", "join"]);
    this.wake(worker, this.pick(this.ids), { kind: "runtime", why });
  }

  spawnAnother(worker, id) {
    this.spawn(worker.th, id, worker);
  }

  register({ th }) {
    if (this.sources.size > 20) return;
    this.sources.set(++this.last, new Set());
    this.emit(th, "io_register", { src: this.last, fd: this.random(99), what: 1, interest: "rw" });
  }

  deregister({ th }) {
    const source = this.pick([...this.sources.keys()]);
    if (source && this.sources.delete(source)) this.emit(th, "io_deregister", { src: source });
  }

  waitForIo({ th }, id) {
    const source = this.pick([...this.sources.keys()]);
    if (!source) return;
    this.sources.get(source).add(id);
    this.emit(th, "io_wait", { src: source, task: id, dir: this.pick(["r", "w"]) });
  }

  setTimer({ th }, id) {
    const timer = ++this.last;
    this.timers.set(timer, id);
    this.tasks.get(id).timer = timer;
    const place = this.random(2) ? { level: this.random(3), slot: this.random(4) } : {};
    this.emit(th, "timer_set", { timer, task: id, deadline: this.t + this.random(1e7), ...place });
  }

  cancelTimer({ th }, id) {
    const { timer } = this.tasks.get(id);
    if (this.timers.delete(timer)) this.emit(th, "timer_cancel", { timer });
  }

  submit({ th }, id) {
    this.jobs.set(++this.last, { task: id, state: "submitted" });
    this.emit(th, "blk_submit", { job: this.last, task: id, loc: 0 });
  }

  waitFor({ th }, id) {
    const res = this.pick(["io", "timer", "job", "join", "channel", "lock", "foreign", "never"]);
    const peer = res === "join" ? { peer: this.pick(this.ids) } : {};
    this.emit(th, "block_on", { task: id, res, id: this.random(9), ...peer });
  }

  touch({ th }, id) {
    const r = this.pick(["pending", "ready"]);
    this.emit(th, "touch", { task: id, res: "timer", id: this.random(9), r });
  }

  dropFuture({ th }, id) {
    this.emit(th, "fut_drop", { task: id, res: "timer", id: this.random(9), done: this.random(2) === 0 });
  }

  cloneWaker({ th }, id) {
    this.emit(th, "waker_clone", { task: id, wakers: ++this.tasks.get(id).wakers });
  }

  dropWaker({ th }, id) {
    const task = this.tasks.get(id);
    if (task.wakers > 0) this.emit(th, "waker_drop", { task: id, wakers: --task.wakers });
  }

  abort({ th }, id) {
    this.emit(th, "abort", { task: this.pick(this.ids), by: { kind: "task", task: id } });
  }

  mark({ th }, id) {
    this.emit(th, "mark", { task: id, msg: 3 });
  }

  endPoll(worker, id) {
    const task = this.tasks.get(id);
    worker.task = undefined;
    const r = task.polls < 3 || this.random(4) > 0 ? "pending" : this.pick(["ready", "panic"]);
    // Most that wait have something to wait for.
    if (r === "pending" && this.random(4) > 0)
      this.pick([this.waitForIo, this.setTimer]).call(this, worker, id);
    this.emit(worker.th, "poll_end", { task: id, r, wakers: task.wakers });
    if (this.random(5) === 0) this.emit(worker.th, "slow_poll", { task: id, ns: this.t - worker.since });
    if (r !== "pending") {
      task.state = "done";
      this.live -= 1;
      this.emit(worker.th, "task_end", { task: id, how: r === "ready" ? "completed" : "panicked" });
    } else {
      task.state = "idle";
      if (task.woken) this.enqueue(worker.th, id, worker);
    }
  }

  wake(worker, id, by) {
    const task = this.tasks.get(id);
    const effect = {
      idle: "scheduled",
      new: "scheduled",
      running: task.woken ? "coalesced" : "resched",
      queued: "coalesced",
    };
    this.emit(worker.th, "wake", { task: id, by, effect: effect[task.state] ?? "noop" });
    if (task.state === "running") task.woken = true;
    if (task.state === "idle") this.enqueue(worker.th, id, worker);
  }

  wakeFromOutside() {
    const id = this.pick(this.ids);
    this.wake({ th: this.foreign }, id, { kind: "thread", th: this.foreign });
  }

  advanceJob() {
    const [[job, state] = []] = this.jobs;
    if (!job) return;
    if (state.state === "submitted") {
      state.state = "running";
      this.emit(this.pool, "blk_start", { job });
    } else {
      this.jobs.delete(job);
      this.emit(this.pool, "blk_end", { job });
      this.wake({ th: this.pool }, state.task, { kind: "blocking", job });
    }
  }

  spawn(th, parent, worker) {
    // Or nothing would ever be idle.
    if (this.live >= this.most) return;
    this.live += 1;
    const id = ++this.last;
    const name = this.strings.push(`task-${id % 7}`) - 1;
    this.tasks.set(id, { id, state: "new", polls: 0, wakers: 0, woken: false });
    this.ids.push(id);
    const kind = this.pick(["task", "local"]);
    this.emit(th, "spawn", { task: id, parent, name, loc: 0, kind, size: 64 + this.random(900) });
    this.enqueue(th, id, worker);
  }

  // Into the slot of the worker, from which the one that lies there moves to the queue; or into the queue; from outside,
  // into the global one.
  enqueue(th, id, worker) {
    this.tasks.get(id).state = "queued";
    if (!worker?.queue) {
      this.global.push(id);
      this.emit(th, "enqueue", { task: id, q: "global", depth: this.global.length });
    } else if (this.random(2)) {
      const [displaced] = worker.lifo.splice(0, 1, id);
      if (displaced) {
        worker.queue.push(displaced);
        this.emit(th, "enqueue", {
          task: displaced,
          q: `local:${worker.worker}`,
          depth: worker.queue.length,
        });
      }
      this.emit(th, "enqueue", { task: id, q: `lifo:${worker.worker}`, depth: 1 });
    } else {
      worker.queue.push(id);
      this.emit(th, "enqueue", { task: id, q: `local:${worker.worker}`, depth: worker.queue.length });
    }
  }

  emit(th, k, members) {
    this.t += this.random(4) === 0 ? this.random(50_000) : this.random(900);
    this.events.push({ t: this.t, th, k, ...members });
  }

  pick(list) {
    return list[this.random(list.length)];
  }

  trace() {
    const workers = this.workers.map(({ th, worker }) => ({
      id: th,
      name: `worker-${worker}`,
      kind: "worker",
      worker,
    }));
    return {
      schema: "reveille-trace/1",
      meta: {
        clock: "monotonic-ns",
        pid: 1,
        workers: workers.length,
        slow_poll_ns: 10_000_000,
        level: "full",
      },
      threads: [
        ...workers,
        { id: this.pool, name: "blocking-0", kind: "blocking" },
        { id: this.foreign, name: "main", kind: "other" },
      ],
      strings: this.strings,
      events: this.events,
    };
  }
}

const ACTIONS = [
  ...["endPoll", "endPoll", "endPoll", "wakeItself", "wakeAnother", "wakeByRuntime", "spawnAnother"],
  ...["register", "deregister", "waitForIo", "setTimer", "cancelTimer", "submit", "waitFor"],
  ...["touch", "dropFuture", "cloneWaker", "dropWaker", "abort", "mark"],
];

// Marsaglia's xorshift of 32 bits: a function that gives a whole number below its argument.
function random(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % Math.max(below, 1);
  };
}

module.exports = { randomTrace };
