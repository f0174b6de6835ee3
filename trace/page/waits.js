// Who waits for what, from a state alone, and no more than is known.
(function (reveille) {
  "use strict";

  // One entry for each idle task: `{task, on, unseen}`. `on` lists `{res, id, …}`, with `dir` of a source, `deadline` of a
  // timer and `peer` of a task. If it is empty, `unseen` is "held" if somebody has a waker of the task whom the trace does
  // not tell, "nothing" if nobody has one, and "unknown" if that is not known.
  function waits(state) {
    const found = new Map();
    for (const [id, task] of state.tasks) {
      if (task.state !== "idle") continue;
      found.set(
        id,
        task.on.map(({ res, id: what, peer }) => ({ res, id: what, ...(peer !== null && { peer }) })),
      );
    }
    for (const source of state.sources.values()) {
      for (const { task, dir } of source.waiters) add(found.get(task), { res: "io", id: source.src, dir });
    }
    for (const { timer, task, deadline } of state.timers.values()) {
      add(found.get(task), { res: "timer", id: timer, deadline });
    }
    for (const { job, task } of state.jobs.values()) add(found.get(task), { res: "job", id: job });
    return Array.from(found, ([task, on]) => ({
      task,
      on,
      unseen: on.length === 0 ? unseen(state.tasks.get(task)) : null,
    }));
  }

  // The tasks that wait for each other in a circle: each waits for nothing but a peer who is in it too.
  function cycles(entries) {
    const next = new Map();
    for (const { task, on } of entries) {
      if (on.length === 1 && on[0].peer !== undefined) next.set(task, on[0].peer);
    }
    const inCycle = new Set();
    const seen = new Set();
    for (const start of next.keys()) {
      const path = [];
      let task = start;
      while (next.has(task) && !seen.has(task)) {
        seen.add(task);
        path.push(task);
        task = next.get(task);
      }
      const from = path.indexOf(task);
      if (from >= 0) path.slice(from).forEach((member) => inCycle.add(member));
    }
    return inCycle;
  }

  function unseen(task) {
    if (task.wakers > 0) return "held";
    return task.wakersKnown ? "nothing" : "unknown";
  }

  // A timer is told by `timer_set` and by `block_on`: it is one wait, with what either says about it.
  function add(on, wait) {
    if (!on) return;
    const same = on.find(({ res, id }) => res === wait.res && id === wait.id);
    if (same) Object.assign(same, wait);
    else on.push(wait);
  }

  reveille.waits = { waits, cycles };
})((globalThis.reveille ??= {}));
