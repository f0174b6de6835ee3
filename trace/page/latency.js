// How long things took: histograms with buckets that double, and percentiles.
(function (reveille) {
  "use strict";

  // The four measures, each a list of `{ns, task, index}`: `index` is the number of the event at which the time was over.
  // * `schedule`: from when a task could run (the wake that scheduled it, its first `enqueue`, or the end of the poll
  //   in which it was woken) to its poll.
  // * `poll`: polls that began and ended in the trace.
  // * `timer`: how late timers fired.
  // * `readiness`: from the `io_ready` of a source to the poll of the task that it woke.
  function samples(history, names) {
    const taken = { schedule: [], poll: [], timer: [], readiness: [] };
    const runnable = new Map();
    const polled = new Map();
    const woken = new Set();
    const ready = new Map();
    const answers = new Map();
    for (const [id, task] of history.base.tasks) if (task.state === "queued") runnable.set(id, task.since);
    const since = (map, task, t) => map.has(task) || map.set(task, t);

    history.events.forEach((event, place) => {
      const index = history.first + place;
      const { t, task } = event;
      const take = (measure, from, id) => taken[measure].push({ ns: Math.max(0, t - from), task: id, index });
      switch (event.k) {
        case "enqueue":
          if (!polled.has(task)) since(runnable, task, t);
          break;
        case "wake":
          if (event.effect === "scheduled") since(runnable, task, t);
          if (event.effect === "resched") woken.add(task);
          if (event.by.kind === "io" && event.effect !== "noop" && ready.has(event.by.src)) {
            since(answers, task, ready.get(event.by.src));
          }
          break;
        case "poll_start":
          if (runnable.has(task)) take("schedule", runnable.get(task), task);
          if (answers.has(task)) take("readiness", answers.get(task), task);
          runnable.delete(task);
          answers.delete(task);
          woken.delete(task);
          polled.set(task, t);
          break;
        case "poll_end":
          if (polled.has(task)) take("poll", polled.get(task), task);
          polled.delete(task);
          if (woken.delete(task)) since(runnable, task, t);
          break;
        case "task_end":
          runnable.delete(task);
          answers.delete(task);
          break;
        case "io_ready":
          ready.set(event.src, t);
          break;
        case "timer_fire":
          taken.timer.push({ ns: event.late, task: names.timers.get(event.timer) ?? 0, index });
          break;
      }
    });
    return taken;
  }

  // `{n, buckets, p50, p90, p99, max}`: `buckets` has, for each power of two that occurs and those between,
  // `{from, to, n}` for from ≤ ns < to; the first of all is 0 ≤ ns < 2. Percentiles are exact, by nearest rank: the smallest
  // value that so many per cent do not exceed.
  function histogram(values) {
    const sorted = Float64Array.from(values).sort();
    const n = sorted.length;
    if (n === 0) return { n, buckets: [], p50: null, p90: null, p99: null, max: null };
    const lowest = bucket(sorted[0]);
    const buckets = Array.from({ length: bucket(sorted[n - 1]) - lowest + 1 }, (_, place) => {
      const power = lowest + place;
      return { from: power === 0 ? 0 : 2 ** power, to: 2 ** (power + 1), n: 0 };
    });
    for (const value of sorted) buckets[bucket(value) - lowest].n += 1;
    const rank = (share) => sorted[Math.ceil(share * n) - 1];
    return { n, buckets, p50: rank(0.5), p90: rank(0.9), p99: rank(0.99), max: sorted[n - 1] };
  }

  // The k for which 2^k ≤ ns < 2^(k+1), of 0 too: 0.
  function bucket(ns) {
    let power = Math.max(0, Math.floor(Math.log2(ns)));
    // The logarithm is rounded: near a power of two it may be one off.
    if (2 ** power > ns && power > 0) power -= 1;
    else if (2 ** (power + 1) <= ns) power += 1;
    return power;
  }

  reveille.latency = { samples, histogram, bucket };
})((globalThis.reveille ??= {}));
