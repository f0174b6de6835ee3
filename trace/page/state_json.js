// A state as JSON: the members of the schema's snapshot and some more, everything in a fixed order.
(function (reveille) {
  "use strict";

  function stateToJson(state) {
    return {
      t: state.t,
      lost: state.lost,
      tasks: sorted(state.tasks).map((task) => taskToJson(state, task)),
      queues: Array.from(state.queues, ([q, tasks]) => ({ q, tasks: tasks.slice() }))
        .filter((queue) => queue.tasks.length > 0)
        .sort((a, b) => (a.q < b.q ? -1 : 1)),
      io: sorted(state.sources).map((source) => ({
        src: source.src,
        fd: source.fd,
        what: source.what,
        interest: source.interest,
        peer: source.peer,
        ready: source.ready,
        waiters: source.waiters.map(({ task, dir }) => ({ task, dir })),
      })),
      timers: sorted(state.timers).map((timer) => ({ ...timer })),
      jobs: sorted(state.jobs).map((job) => ({ ...job })),
      parked: Array.from(state.parked.keys()).sort((a, b) => a - b),
      cpu: sorted(state.cpu, ([th, tasks]) => ({ th, tasks: tasks.slice() })),
    };
  }

  function taskToJson(state, task) {
    const { sources, counted, resched, wakersKnown, on, ...told } = task;
    const last = on.at(-1);
    return {
      ...told,
      ...reveille.state.times(state, task),
      on: last ? { res: last.res, id: last.id } : null,
      waits: on.map((wait) => ({ ...wait })),
    };
  }

  function sorted(map, tell = ([, value]) => value) {
    return Array.from(map)
      .sort((a, b) => a[0] - b[0])
      .map(tell);
  }

  reveille.stateToJson = stateToJson;
})((globalThis.reveille ??= {}));
