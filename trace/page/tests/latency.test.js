"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const example = require("./example.trace.json");
const { randomTrace } = require("./random_trace.js");
require("../durations.js");
require("../state.js");
require("../history.js");
require("../names.js");
require("../latency.js");
const {
  History,
  Names,
  latency: { samples, histogram, bucket },
} = globalThis.reveille;

function samplesOf(trace) {
  const names = new Names(trace.threads ?? [], trace.strings ?? []);
  trace.events.forEach((event) => names.learnEvent(event));
  return samples(new History(trace.snapshot, trace.events), names);
}

test("a_histogram_counts_every_value_once_in_the_bucket_that_holds_it", () => {
  const values = [0, 1, 2, 3, 4, 1023, 1024, 30_000_000, 2 ** 40, 2 ** 40 - 1];
  const { n, buckets, max } = histogram(values);
  assert.equal(n, values.length);
  assert.equal(
    buckets.reduce((sum, one) => sum + one.n, 0),
    n,
  );
  for (const { from, to, n: count } of buckets) {
    assert.equal(values.filter((value) => from <= value && value < to).length, count, `${from} to ${to}`);
  }
  for (let place = 1; place < buckets.length; place += 1)
    assert.equal(buckets[place].from, buckets[place - 1].to);
  assert.equal(max, 2 ** 40);
});

test("a_power_of_two_begins_its_bucket", () => {
  for (let power = 1; power < 53; power += 1) {
    assert.equal(bucket(2 ** power), power);
    assert.equal(bucket(2 ** power - 1), power - 1);
  }
  assert.equal(bucket(0), 0);
});

test("percentiles_are_the_nearest_rank", () => {
  const hundred = Array.from({ length: 100 }, (_, place) => 100 - place);
  const { p50, p90, p99 } = histogram(hundred);
  assert.deepEqual([p50, p90, p99], [50, 90, 99]);
  assert.deepEqual(histogram([7]), {
    n: 1,
    buckets: [{ from: 4, to: 8, n: 1 }],
    p50: 7,
    p90: 7,
    p99: 7,
    max: 7,
  });
  assert.deepEqual(histogram([]), { n: 0, buckets: [], p50: null, p90: null, p99: null, max: null });
});

test("there_is_a_poll_time_for_every_poll_that_ended", () => {
  for (const trace of [example, randomTrace({ seed: 5, events: 3000 })]) {
    const { poll, timer } = samplesOf(trace);
    assert.equal(poll.length, trace.events.filter(({ k }) => k === "poll_end").length);
    assert.equal(timer.length, trace.events.filter(({ k }) => k === "timer_fire").length);
  }
});

test("the_slow_poll_is_in_its_bucket", () => {
  const { poll } = samplesOf(example);
  const [slow] = histogram(poll.map(({ ns }) => ns)).buckets.slice(-1);
  assert.deepEqual(slow, { from: 2 ** 24, to: 2 ** 25, n: 1 });
});

test("poll_and_schedule_times_add_up_to_the_tasks_busy_and_scheduled_times", () => {
  const trace = randomTrace({ seed: 6, events: 3000 });
  const taken = samplesOf(trace);
  const history = new History(undefined, trace.events);
  const ended = history.at(history.last);
  for (const [id, task] of ended.tasks) {
    const sum = (measure) =>
      taken[measure].filter((one) => one.task === id).reduce((total, { ns }) => total + ns, 0);
    assert.equal(sum("poll"), task.busy, `task ${id}`);
  }
});

test("the_schedule_time_is_from_the_wake_or_the_end_of_the_poll_it_came_in", () => {
  const spawn = { t: 0, k: "spawn", task: 1, parent: 0, name: 0, loc: 0 };
  const events = [
    spawn,
    { t: 1, k: "enqueue", task: 1, q: "global", depth: 1 },
    { t: 5, k: "poll_start", task: 1, n: 1 },
    { t: 6, k: "wake", task: 1, by: { kind: "task", task: 1 }, effect: "resched" },
    { t: 10, k: "poll_end", task: 1, r: "pending", wakers: 1 },
    { t: 11, k: "enqueue", task: 1, q: "global", depth: 1 },
    { t: 30, k: "poll_start", task: 1, n: 2 },
    { t: 31, k: "poll_end", task: 1, r: "pending", wakers: 1 },
    { t: 50, k: "wake", task: 1, by: { kind: "io", src: 9, ready: "r" }, effect: "scheduled" },
    { t: 52, k: "enqueue", task: 1, q: "global", depth: 1 },
    { t: 60, k: "poll_start", task: 1, n: 3 },
  ].map((event) => ({ th: 1, ...event }));
  assert.deepEqual(
    samplesOf({ events }).schedule.map(({ ns, index }) => [ns, index]),
    [
      [4, 2],
      [20, 6],
      [10, 10],
    ],
  );
  const ready = { t: 45, th: 1, k: "io_ready", src: 9, ready: "r" };
  const { readiness } = samplesOf({ events: [...events.slice(0, 8), ready, ...events.slice(8)] });
  assert.deepEqual(readiness, [{ ns: 15, task: 1, index: 11 }]);
});

test("a_task_queued_before_its_poll_ends_has_waited_since_the_end", () => {
  const events = [
    { t: 5, k: "poll_start", task: 1, n: 1 },
    { t: 6, k: "wake", task: 1, by: { kind: "task", task: 1 }, effect: "resched" },
    { t: 9, k: "enqueue", task: 1, q: "global", depth: 1 },
    { t: 10, k: "poll_end", task: 1, r: "pending", wakers: 1 },
    { t: 30, k: "poll_start", task: 1, n: 2 },
  ].map((event) => ({ th: 1, ...event }));
  assert.deepEqual(samplesOf({ events }).schedule, [{ ns: 20, task: 1, index: 4 }]);
});

test("a_task_queued_in_the_snapshot_has_waited_since_then", () => {
  const task = {
    task: 1,
    name: 0,
    loc: 0,
    parent: 0,
    polls: 0,
    wakes: 0,
    self: 0,
    busy: 0,
    sched: 0,
    idle: 0,
    wakers: 0,
  };
  const snapshot = {
    t: 50,
    tasks: [{ ...task, state: "queued", since: 40 }],
    queues: [{ q: "global", tasks: [1] }],
    io: [],
    timers: [],
    jobs: [],
    parked: [],
  };
  const events = [{ t: 55, th: 1, k: "poll_start", task: 1, n: 1 }];
  assert.deepEqual(samplesOf({ snapshot, events }).schedule, [{ ns: 15, task: 1, index: 0 }]);
});
