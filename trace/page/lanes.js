// The timeline as data: what each thread did when, and which wake led to which poll.
(function (reveille) {
  "use strict";

  const ORDER = ["worker", "driver", "blocking", "other"];

  // `history` is a History. Gives `{lanes, arrows, depth, start, end}`:
  // * a lane per thread, with its `polls`, `parks` and `jobs`: slices `{kind, start, end, index, endIndex, level, …}`, in
  //   the order in which they began, nested or apart but never across each other. `index` is the number of the event
  //   that began it, or null if that is not in the trace; `endIndex` is null of a slice that was not over.
  // * an arrow `{task, by, from, to}` for each wake with the effect `scheduled` or `resched` that a poll of that task follows,
  //   from `{th, t, index}` of the wake to that of the poll.
  // * `depth`: `[t, n]` at each moment when the number of queued tasks changed.
  function lanes(history, threads) {
    const builder = new Builder(history, threads);
    history.events.forEach((event, place) => builder.add(event, history.first + place));
    return builder.finish();
  }

  class Builder {
    constructor(history, threads) {
      const base = history.base;
      this.start = history.events[0]?.t ?? base.t;
      this.end = this.start;
      this.lanes = new Map(threads.map((thread) => [thread.id, lane(thread)]));
      this.arrows = [];
      this.wakes = new Map();
      this.queued = new Set();
      for (const [id, task] of base.tasks) {
        if (task.q !== null) this.queued.add(id);
        if (task.state === "running" && task.th !== null) {
          this.#open(task.th, { kind: "poll", task: id, n: task.polls, start: this.start, index: null });
        }
      }
      for (const th of base.parked.keys()) this.#open(th, { kind: "park", start: this.start, index: null });
      for (const { job, task, th } of base.jobs.values()) {
        if (th !== null) this.#open(th, { kind: "job", job, task, start: this.start, index: null });
      }
      this.jobTasks = new Map(Array.from(base.jobs.values(), ({ job, task }) => [job, task]));
      this.depth = [[this.start, this.queued.size]];
    }

    add(event, index) {
      this.end = Math.max(this.end, event.t);
      this.#lane(event.th);
      switch (event.k) {
        case "enqueue":
          this.#depth(event.t, () => this.queued.add(event.task));
          break;
        case "steal":
          this.#depth(event.t, () => event.tasks.forEach((task) => this.queued.add(task)));
          break;
        case "task_end":
          this.#depth(event.t, () => this.queued.delete(event.task));
          break;
        case "wake":
          this.#wake(event, index);
          break;
        case "poll_start":
          this.#poll(event, index);
          break;
        case "poll_end":
          this.#close(event.th, (slice) => slice.kind === "poll" && slice.task === event.task, event, index);
          break;
        case "park":
          this.#open(event.th, { kind: "park", start: event.t, index });
          break;
        case "unpark":
          this.#close(event.th, (slice) => slice.kind === "park", event, index);
          break;
        case "blk_submit":
          this.jobTasks.set(event.job, event.task);
          break;
        case "blk_start": {
          const task = this.jobTasks.get(event.job) ?? 0;
          this.#open(event.th, { kind: "job", job: event.job, task, start: event.t, index });
          break;
        }
        case "blk_end":
          this.#close(event.th, (slice) => slice.kind === "job" && slice.job === event.job, event, index);
          break;
        case "lost":
          this.#closeAll(event.th, event.t);
          break;
      }
    }

    finish() {
      for (const th of this.lanes.keys()) this.#closeAll(th, this.end);
      const order = (lane) => ORDER.indexOf(lane.kind) * 1e6 + (lane.worker ?? lane.th);
      return {
        lanes: Array.from(this.lanes.values(), ({ stack, ...told }) => told).sort(
          (a, b) => order(a) - order(b),
        ),
        arrows: this.arrows,
        depth: this.depth,
        start: this.start,
        end: this.end,
      };
    }

    #lane(th) {
      if (!this.lanes.has(th)) this.lanes.set(th, lane({ id: th, name: `thread ${th}`, kind: "other" }));
      return this.lanes.get(th);
    }

    #depth(t, change) {
      change();
      if (this.depth.at(-1)[1] !== this.queued.size) this.depth.push([t, this.queued.size]);
    }

    #wake(event, index) {
      if (event.effect !== "scheduled" && event.effect !== "resched") return;
      const wakes = this.wakes.get(event.task);
      const wake = { by: event.by, from: { th: event.th, t: event.t, index } };
      if (wakes) wakes.push(wake);
      else this.wakes.set(event.task, [wake]);
    }

    #poll(event, index) {
      const { t, th, task, n } = event;
      this.#depth(t, () => this.queued.delete(task));
      this.#open(th, { kind: "poll", task, n, start: t, index, result: null });
      for (const wake of this.wakes.get(task) ?? [])
        this.arrows.push({ task, ...wake, to: { th, t, index } });
      this.wakes.delete(task);
    }

    #open(th, slice) {
      const { stack, polls, parks, jobs } = this.#lane(th);
      Object.assign(slice, { end: slice.start, endIndex: null, level: stack.length });
      stack.push(slice);
      ({ poll: polls, park: parks, job: jobs })[slice.kind].push(slice);
    }

    // Ends the innermost slice that fits, and with it whatever was begun within: its end is not in the trace.
    #close(th, fits, event, index) {
      const { stack } = this.#lane(th);
      const place = stack.findLastIndex(fits);
      if (place < 0) return;
      const [slice, ...inner] = stack.splice(place);
      for (const one of inner) one.end = event.t;
      Object.assign(slice, { end: event.t, endIndex: index });
      if (event.k === "poll_end") slice.result = event.r;
    }

    #closeAll(th, t) {
      for (const slice of this.#lane(th).stack.splice(0)) slice.end = t;
    }
  }

  function lane({ id, name, kind, worker }) {
    return { th: id, name, kind, worker, polls: [], parks: [], jobs: [], stack: [] };
  }

  // The part of the timeline to show first: the shortest of the polls nearest to `t`, and its neighbours as long as none of
  // them makes it more than six times as long (after a long pause), at most 40 polls; and `t` itself. Of a very long poll it
  // shows one end.
  function busyPart({ lanes: all, start, end }, t) {
    const polls = all.flatMap((one) => one.polls).sort((a, b) => a.start - b.start);
    if (polls.length === 0) return [start, Math.max(end, start + 1000)];
    let from = nearest(polls, t);
    let to = from;
    let part = [polls[from].start, Math.max(polls[from].end, polls[from].start + 1000)];
    while (to - from < 39) {
      const wider = [from - 1, to + 1]
        .filter((place) => polls[place])
        .map((place) => {
          const { start: begin, end: stop } = polls[place];
          return {
            place,
            part: [Math.min(part[0], begin), Math.max(part[1], Math.min(stop, begin + length(part)))],
          };
        });
      wider.sort((a, b) => length(a.part) - length(b.part));
      if (wider.length === 0 || length(wider[0].part) > 6 * length(part)) break;
      from = Math.min(from, wider[0].place);
      to = Math.max(to, wider[0].place);
      part = wider[0].part;
    }
    // The nearest poll may begin after the moment, or be over by then.
    part = [Math.min(part[0], t), Math.max(part[1], t)];
    const margin = length(part) * 0.08;
    return [part[0] - margin, part[1] + margin];
  }

  function nearest(polls, t) {
    const away = ({ start, end }) => Math.max(start - t, t - end, 0);
    const closer = (one, other) => away(one) - away(other) || one.end - one.start - (other.end - other.start);
    return polls.reduce((best, poll, place) => (closer(poll, polls[best]) < 0 ? place : best), 0);
  }

  function length([from, to]) {
    return to - from;
  }

  reveille.lanes = { lanes, busyPart };
})((globalThis.reveille ??= {}));
