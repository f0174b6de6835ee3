// The state of the event loops at one moment, and how one event changes it. No page and no clock in here.
//
// The rules. The Rust reducer has the same ones; README.md says which JSON both are compared by.
//
// * A snapshot gives the start; without one there was nothing. Its busy, sched and idle count up to its own `t`.
// * A task is `new` (spawned, not queued), `queued`, `running`, `idle` or `done`. The time it spends in a state
//   goes to `sched` (new, queued), `busy` (running) or `idle`, so their sum is the time since it was spawned.
// * `enqueue` puts a task at the end of a queue and takes it out of any other. `steal` moves tasks, in the order given,
//   from wherever they lie to the end of `local:<to>`. `poll_start` and `task_end` take a task out of its queue.
// * `poll_end` with `pending` makes a task idle; but queued, in no queue yet, if a wake with the effect `resched`
//   came during the poll. With `ready` or `panic` it is done; `task_end` then says how.
// * `wake` adds to `wakes`, and to `self` if the task itself made it. Only `resched` matters to the state:
//   a task that was woken stays idle until its `enqueue`.
// * `poll_start` ends what a task waits for: its `io_wait`s and its `block_on`s. `fut_drop` ends that one `block_on`.
// * Sources stay until `io_deregister`, timers until `timer_fire` or `timer_cancel`, jobs until `blk_end`. A cascade leaves
//   the timers of its slot with no known place in the wheel.
// * `lost` makes everything after it uncertain: its numbers are summed up in `lost`, nothing is guessed, and how many
//   wakers a task has is not known until the next event that tells it.
// * An event of a task that was never heard of makes it known, idle and without a name, unless the event only says that the
//   task may be over (a wake without effect, `waker_clone`, `waker_drop`, `task_end`). Task 0 is no task.
(function (reveille) {
  "use strict";

  // Changes `state` by `event` and gives it back. The objects in its maps are replaced, never changed, so that `copy` need not
  // copy them; the queues, which may be long, are changed in place.
  function reduce(state, event) {
    state.t = Math.max(state.t, event.t);
    const change = changes.get(event.k);
    if (change) change(state, event);
    return state;
  }

  function initial(snapshot) {
    const state = {
      t: 0,
      lost: 0,
      tasks: new Map(),
      queues: new Map(),
      sources: new Map(),
      timers: new Map(),
      jobs: new Map(),
      parked: new Map(),
      cpu: new Map(),
    };
    if (snapshot) restore(state, snapshot);
    return state;
  }

  function copy(state) {
    return {
      t: state.t,
      lost: state.lost,
      tasks: new Map(state.tasks),
      queues: new Map(Array.from(state.queues, ([name, tasks]) => [name, tasks.slice()])),
      sources: new Map(state.sources),
      timers: new Map(state.timers),
      jobs: new Map(state.jobs),
      parked: new Map(state.parked),
      cpu: new Map(state.cpu),
    };
  }

  // How many things a copy has to carry.
  function size(state) {
    return state.tasks.size + state.sources.size + state.timers.size + state.jobs.size;
  }

  // Forgets the tasks that are over.
  function forgetDone(state) {
    for (const [id, task] of state.tasks) if (task.state === "done") state.tasks.delete(id);
  }

  // A task's times up to the moment of the state: what is counted, and the state it is in.
  function times(state, task) {
    const spent = { busy: task.busy, sched: task.sched, idle: task.idle };
    const kind = TIME_OF[task.state];
    if (kind) spent[kind] += Math.max(0, state.t - task.counted);
    return spent;
  }

  const TIME_OF = { new: "sched", queued: "sched", running: "busy", idle: "idle" };

  const changes = new Map(
    Object.entries({
      spawn(state, event) {
        if (event.task === 0) return;
        const { name, loc, parent } = event;
        endAll(state, state.tasks.get(event.task));
        const born = {
          name,
          loc,
          parent,
          kind: event.kind ?? "task",
          size: event.size ?? null,
          spawned: event.t,
        };
        state.tasks.set(event.task, { ...unknown(state, event.task), ...born, state: "new" });
      },
      enqueue(state, { task, q }) {
        queue(state, task, q);
      },
      steal(state, { to, tasks }) {
        for (const task of tasks) queue(state, task, `local:${to}`);
      },
      poll_start(state, event) {
        const task = known(state, event.task);
        if (!task) return;
        endAll(state, task);
        state.parked.delete(event.th);
        state.cpu.set(event.th, [...(state.cpu.get(event.th) ?? []), event.task]);
        enter(state, event.task, "running", {
          th: event.th,
          polls: task.polls + 1,
          resched: false,
          on: [],
          sources: [],
          how: null,
        });
      },
      poll_end(state, event) {
        const task = known(state, event.task);
        if (!task) return;
        leaveCpu(state, task);
        const next = event.r !== "pending" ? "done" : task.resched ? "queued" : "idle";
        const poll = task.state === "running" ? state.t - task.since : 0;
        const maxPoll = Math.max(task.maxPoll, poll);
        enter(state, event.task, next, { th: null, ...told(event), maxPoll, resched: false });
      },
      wake(state, event) {
        const task = event.effect === "noop" ? state.tasks.get(event.task) : known(state, event.task);
        if (!task) return;
        const bySelf = event.by.kind === "task" && event.by.task === event.task;
        replace(state.tasks, event.task, {
          wakes: task.wakes + 1,
          self: task.self + (bySelf ? 1 : 0),
          resched: task.resched || (event.effect === "resched" && task.state === "running"),
        });
      },
      waker_clone(state, event) {
        if (state.tasks.has(event.task)) replace(state.tasks, event.task, told(event));
      },
      waker_drop(state, event) {
        if (state.tasks.has(event.task)) replace(state.tasks, event.task, told(event));
      },
      park(state, { t, th, timeout }) {
        state.parked.set(th, { since: t, timeout });
      },
      unpark(state, { th }) {
        state.parked.delete(th);
      },
      io_register(state, { src, fd, what, interest, peer }) {
        const source = {
          src,
          fd,
          what,
          interest: interest ?? null,
          peer: peer ?? null,
          ready: null,
          waiters: [],
        };
        state.sources.set(src, source);
      },
      io_deregister(state, { src }) {
        state.sources.delete(src);
      },
      io_wait(state, { src, task, dir }) {
        const waiting = known(state, task);
        if (!waiting) return;
        const source = state.sources.get(src) ?? { ...UNKNOWN_SOURCE, src };
        const others = source.waiters.filter((waiter) => waiter.task !== task || waiter.dir !== dir);
        state.sources.set(src, { ...source, waiters: [...others, { task, dir }] });
        if (!waiting.sources.includes(src))
          replace(state.tasks, task, { sources: [...waiting.sources, src] });
      },
      io_ready(state, { src, ready }) {
        if (state.sources.has(src)) replace(state.sources, src, { ready });
      },
      timer_set(state, { timer, task, deadline, level, slot }) {
        state.timers.set(timer, { timer, task, deadline, level: level ?? null, slot: slot ?? null });
      },
      timer_fire(state, { timer }) {
        state.timers.delete(timer);
      },
      timer_cancel(state, { timer }) {
        state.timers.delete(timer);
      },
      timer_cascade(state, { level, slot }) {
        for (const timer of state.timers.values()) {
          if (timer.level === level && timer.slot === slot)
            replace(state.timers, timer.timer, { level: null, slot: null });
        }
      },
      blk_submit(state, { job, task, loc }) {
        state.jobs.set(job, { job, task, loc: loc ?? null, state: "submitted", th: null });
      },
      blk_start(state, { job, th }) {
        if (state.jobs.has(job)) replace(state.jobs, job, { state: "running", th });
      },
      blk_end(state, { job }) {
        state.jobs.delete(job);
      },
      block_on(state, { task, res, id, peer }) {
        const waiting = known(state, task);
        if (!waiting) return;
        const others = waiting.on.filter((wait) => wait.res !== res || wait.id !== id);
        replace(state.tasks, task, { on: [...others, { res, id, peer: peer ?? null }] });
      },
      fut_drop(state, { task, res, id }) {
        const waiting = state.tasks.get(task);
        if (!waiting || waiting.on.length === 0) return;
        replace(state.tasks, task, { on: waiting.on.filter((wait) => wait.res !== res || wait.id !== id) });
      },
      task_end(state, { task: id, how }) {
        const task = state.tasks.get(id);
        if (!task) return;
        endAll(state, task);
        enter(state, id, "done", { th: null, how, on: [], sources: [], resched: false });
      },
      lost(state, { n }) {
        state.lost += n;
        for (const task of state.tasks.keys()) replace(state.tasks, task, { wakersKnown: false });
      },
    }),
  );

  const UNKNOWN_SOURCE = { fd: null, what: null, interest: null, peer: null, ready: null, waiters: [] };

  function unknown(state, task) {
    return {
      task,
      name: null,
      loc: null,
      parent: 0,
      kind: "task",
      size: null,
      spawned: null,
      state: "idle",
      th: null,
      since: state.t,
      counted: state.t,
      how: null,
      polls: 0,
      wakes: 0,
      self: 0,
      busy: 0,
      sched: 0,
      idle: 0,
      wakers: 0,
      wakersKnown: false,
      maxPoll: 0,
      q: null,
      resched: false,
      on: [],
      sources: [],
    };
  }

  // The task of that number, made known if it is not; nothing for task 0.
  function known(state, id) {
    if (id === 0) return undefined;
    let task = state.tasks.get(id);
    if (!task) {
      task = unknown(state, id);
      state.tasks.set(id, task);
    }
    return task;
  }

  function replace(map, key, changed) {
    map.set(key, { ...map.get(key), ...changed });
  }

  // Ends the time that a task spent in its state, and begins the next one.
  function enter(state, id, next, changed) {
    const task = state.tasks.get(id);
    const since = task.state === next ? task.since : state.t;
    state.tasks.set(id, { ...task, ...times(state, task), ...changed, state: next, since, counted: state.t });
  }

  function told({ wakers }) {
    return { wakers, wakersKnown: true };
  }

  // The task is in no queue, on no thread and waits for nothing.
  function endAll(state, task) {
    if (!task) return;
    takeOut(state, task);
    leaveCpu(state, task);
    stopWaiting(state, task);
  }

  function queue(state, id, q) {
    const task = known(state, id);
    if (!task || task.state === "done") return;
    takeOut(state, task);
    const tasks = state.queues.get(q);
    if (tasks) tasks.push(id);
    else state.queues.set(q, [id]);
    // A task that runs and is queued already stays on the CPU until its poll ends.
    if (task.state === "running") replace(state.tasks, id, { q, resched: true });
    else enter(state, id, "queued", { q });
  }

  function takeOut(state, task) {
    const tasks = task.q === null ? undefined : state.queues.get(task.q);
    if (!tasks) return;
    const place = tasks.indexOf(task.task);
    if (place === 0) tasks.shift();
    else if (place > 0) tasks.splice(place, 1);
    replace(state.tasks, task.task, { q: null });
  }

  function leaveCpu(state, task) {
    if (task.th === null) return;
    const rest = (state.cpu.get(task.th) ?? []).filter((other) => other !== task.task);
    if (rest.length > 0) state.cpu.set(task.th, rest);
    else state.cpu.delete(task.th);
  }

  function stopWaiting(state, task) {
    for (const src of task.sources) {
      const source = state.sources.get(src);
      if (!source) continue;
      replace(state.sources, src, { waiters: source.waiters.filter((waiter) => waiter.task !== task.task) });
    }
  }

  function restore(state, snapshot) {
    state.t = snapshot.t;
    for (const { on, ...task } of snapshot.tasks) {
      const whole = {
        ...unknown(state, task.task),
        ...task,
        on: on ? [{ res: on.res, id: on.id, peer: null }] : [],
      };
      whole.wakersKnown = true;
      whole.th = task.state === "running" ? (task.th ?? null) : null;
      state.tasks.set(task.task, whole);
      if (whole.th !== null) state.cpu.set(whole.th, [...(state.cpu.get(whole.th) ?? []), task.task]);
    }
    for (const { q, tasks } of snapshot.queues) {
      state.queues.set(q, tasks.slice());
      for (const task of tasks) if (known(state, task)) replace(state.tasks, task, { q });
    }
    for (const { waiters = [], ...source } of snapshot.io) {
      state.sources.set(source.src, {
        ...UNKNOWN_SOURCE,
        ...source,
        waiters: waiters.map(({ task, dir }) => ({ task, dir })),
      });
      for (const { task } of waiters) {
        const waiting = known(state, task);
        if (waiting && !waiting.sources.includes(source.src)) {
          replace(state.tasks, task, { sources: [...waiting.sources, source.src] });
        }
      }
    }
    for (const timer of snapshot.timers) changes.get("timer_set")(state, timer);
    for (const job of snapshot.jobs) state.jobs.set(job.job, { loc: null, th: null, ...job });
    for (const th of snapshot.parked) state.parked.set(th, { since: snapshot.t, timeout: null });
  }

  reveille.state = { reduce, initial, copy, size, forgetDone, times };
})((globalThis.reveille ??= {}));
