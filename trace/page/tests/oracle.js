// What a state must be, worked out anew from the events up to a moment: by other means than state.js, and slowly.
"use strict";

// The state after the first `n` events of a trace without a snapshot.
function oracle(trace, n) {
  const events = trace.events.slice(0, n);
  const now = events.at(-1)?.t ?? 0;
  const spawned = events.filter(({ k }) => k === "spawn");
  const where = queues(events);
  return {
    t: now,
    tasks: spawned.map((spawn) => taskOf(events, spawn, now, where)).sort((a, b) => a.task - b.task),
    queues: [...where]
      .filter(([, tasks]) => tasks.length > 0)
      .map(([q, tasks]) => ({ q, tasks }))
      .sort((a, b) => (a.q < b.q ? -1 : 1)),
    io: alive(events, "io_register", ["io_deregister"], "src").map((register) => ({
      src: register.src,
      fd: register.fd,
      what: register.what,
      waiters: waiters(events, register),
    })),
    timers: alive(events, "timer_set", ["timer_fire", "timer_cancel"], "timer").map((set) => {
      const moved = events
        .slice(events.indexOf(set))
        .some(({ k, level, slot }) => k === "timer_cascade" && level === set.level && slot === set.slot);
      const { timer, task, deadline } = set;
      return {
        timer,
        task,
        deadline,
        level: moved ? null : (set.level ?? null),
        slot: moved ? null : (set.slot ?? null),
      };
    }),
    jobs: alive(events, "blk_submit", ["blk_end"], "job").map(({ job, task }) => ({
      job,
      task,
      state: events.some((event) => event.k === "blk_start" && event.job === job) ? "running" : "submitted",
    })),
    parked: trace.threads
      .map(({ id }) => id)
      .filter((id) => {
        const last = events.findLast(({ th, k }) => th === id && /^(park|unpark|poll_start)$/.test(k));
        return last?.k === "park";
      }),
  };
}

function taskOf(events, { task, name, loc, parent }, now, where) {
  const own = events.filter(
    (event) => event.task === task && /^(spawn|enqueue|poll_start|poll_end|task_end|wake)$/.test(event.k),
  );
  const moments = [];
  let again = false;
  for (const event of own) {
    if (event.k === "wake") again ||= event.effect === "resched";
    if (event.k === "spawn") moments.push([event.t, "new"]);
    if (event.k === "enqueue") moments.push([event.t, "queued"]);
    if (event.k === "poll_start") moments.push([event.t, "running"]);
    if (event.k === "poll_end")
      moments.push([event.t, event.r !== "pending" ? "done" : again ? "queued" : "idle"]);
    if (event.k === "poll_end") again = false;
    if (event.k === "task_end") moments.push([event.t, "done"]);
  }
  const spent = (...states) =>
    moments.reduce(
      (sum, [from, state], place) =>
        states.includes(state) ? sum + (moments[place + 1]?.[0] ?? now) - from : sum,
      0,
    );
  const wakes = events.filter((event) => event.k === "wake" && event.task === task);
  const state = moments.at(-1)[1];
  const counted = events.findLast(
    (event) => event.task === task && /^(poll_end|waker_clone|waker_drop)$/.test(event.k),
  );
  const polls = own.filter(({ k }) => k === "poll_start");
  return {
    task,
    name,
    loc,
    parent,
    state,
    th: state === "running" ? polls.at(-1).th : null,
    q: [...where].find(([, tasks]) => tasks.includes(task))?.[0] ?? null,
    polls: polls.length,
    wakes: wakes.length,
    self: wakes.filter(({ by }) => by.kind === "task" && by.task === task).length,
    busy: spent("running"),
    sched: spent("new", "queued"),
    idle: spent("idle"),
    wakers: counted?.wakers ?? 0,
    waits: blockers(events, task),
  };
}

function queues(events) {
  let entries = [];
  for (const event of events) {
    const moved = {
      enqueue: [event.task],
      steal: event.tasks,
      poll_start: [event.task],
      task_end: [event.task],
    }[event.k];
    if (!moved) continue;
    entries = entries.filter(([, task]) => !moved.includes(task));
    if (event.k === "enqueue") entries.push([event.q, event.task]);
    if (event.k === "steal") entries.push(...moved.map((task) => [`local:${event.to}`, task]));
  }
  const found = new Map();
  for (const [q, task] of entries) found.set(q, [...(found.get(q) ?? []), task]);
  return found;
}

function alive(events, begin, ends, key) {
  return events
    .filter(
      (event) => event.k === begin && !events.some((end) => ends.includes(end.k) && end[key] === event[key]),
    )
    .sort((a, b) => a[key] - b[key]);
}

function waiters(events, { src }) {
  const found = [];
  for (const event of events) {
    if (event.k === "io_wait" && event.src === src) {
      const same = found.findIndex(({ task, dir }) => task === event.task && dir === event.dir);
      if (same >= 0) found.splice(same, 1);
      found.push({ task: event.task, dir: event.dir });
    }
    if (event.k === "poll_start" || event.k === "task_end") {
      for (let place = found.length - 1; place >= 0; place -= 1)
        if (found[place].task === event.task) found.splice(place, 1);
    }
  }
  return found;
}

function blockers(events, task) {
  const from = events.findLastIndex(
    (event) => event.task === task && /^(poll_start|task_end)$/.test(event.k),
  );
  const found = new Map();
  for (const event of events.slice(from + 1)) {
    if (event.task !== task || !["block_on", "fut_drop"].includes(event.k)) continue;
    found.delete(`${event.res} ${event.id}`);
    if (event.k === "block_on")
      found.set(`${event.res} ${event.id}`, { res: event.res, id: event.id, peer: event.peer ?? null });
  }
  return [...found.values()];
}

module.exports = { oracle };
