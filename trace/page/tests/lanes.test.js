"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const example = require("./example.trace.json");
const { randomTrace } = require("./random_trace.js");
require("../state.js");
require("../history.js");
require("../lanes.js");
const {
  History,
  lanes: { lanes, busyPart },
} = globalThis.reveille;

const TRACES = [example, ...[1, 2, 3].map((seed) => randomTrace({ seed, events: 2000, workers: seed }))];

function lanesOf(trace) {
  return lanes(new History(trace.snapshot, trace.events), trace.threads);
}

function slices({ polls, parks, jobs }) {
  return [...polls, ...parks, ...jobs].sort(
    (a, b) => a.start - b.start || b.end - a.end || a.level - b.level,
  );
}

test("every_poll_park_and_job_of_the_trace_is_a_slice_of_its_thread", () => {
  for (const trace of TRACES) {
    for (const lane of lanesOf(trace).lanes) {
      for (const [kind, k] of [
        ["polls", "poll_start"],
        ["parks", "park"],
        ["jobs", "blk_start"],
      ]) {
        const began = trace.events.filter((event) => event.th === lane.th && event.k === k).length;
        assert.equal(lane[kind].length, began, `${kind} of ${lane.name}`);
      }
    }
  }
});

test("slices_of_a_lane_nest_or_lie_apart", () => {
  for (const trace of TRACES) {
    for (const lane of lanesOf(trace).lanes) {
      const open = [];
      for (const slice of slices(lane)) {
        while (open.length > 0 && open.at(-1).end <= slice.start && open.length > slice.level) open.pop();
        assert.equal(open.length, slice.level, `${lane.name}, at ${slice.start}`);
        assert.ok(slice.end >= slice.start);
        if (open.length > 0) assert.ok(slice.end <= open.at(-1).end, `${lane.name}, at ${slice.start}`);
        open.push(slice);
      }
    }
  }
});

test("polls_within_a_poll_nest_and_end_with_it", () => {
  const events = [
    { t: 1, th: 1, k: "poll_start", task: 1, n: 1 },
    { t: 2, th: 1, k: "poll_start", task: 2, n: 1 },
    { t: 3, th: 1, k: "park", timeout: null },
    { t: 4, th: 1, k: "poll_end", task: 1, r: "pending", wakers: 1 },
  ];
  const [{ polls, parks }] = lanesOf({ threads: [], events }).lanes;
  assert.deepEqual(
    polls.map(({ start, end, level, result }) => [start, end, level, result]),
    [
      [1, 4, 0, "pending"],
      [2, 4, 1, null],
    ],
  );
  assert.deepEqual(
    parks.map(({ end, endIndex, level }) => [end, endIndex, level]),
    [[4, null, 2]],
  );
});

test("an_arrow_goes_from_each_wake_that_takes_effect_to_the_poll_that_follows", () => {
  for (const trace of TRACES) {
    const { arrows } = lanesOf(trace);
    const expected = trace.events.flatMap((event, index) => {
      if (event.k !== "wake" || !["scheduled", "resched"].includes(event.effect)) return [];
      const poll = trace.events.findIndex(
        (later, at) => at > index && later.k === "poll_start" && later.task === event.task,
      );
      return poll < 0 ? [] : [`${index} ${poll}`];
    });
    assert.deepEqual(arrows.map(({ from, to }) => `${from.index} ${to.index}`).sort(), expected.sort());
    for (const { from, to } of arrows) assert.ok(to.t >= from.t);
  }
});

test("the_depth_is_how_many_tasks_are_queued", () => {
  for (const trace of TRACES) {
    const history = new History(trace.snapshot, trace.events);
    for (const [t, n] of lanes(history, trace.threads).depth) {
      const last = trace.events.findLastIndex((event) => event.t === t);
      if (last < 0 || trace.events[last - 1]?.t === t) continue;
      const queued = [...history.at(last).queues.values()].reduce((sum, tasks) => sum + tasks.length, 0);
      assert.equal(n, queued, `at ${t}`);
    }
  }
});

test("what_a_snapshot_had_begun_is_a_slice_from_the_start", () => {
  const task = {
    task: 1,
    name: 0,
    loc: 0,
    parent: 0,
    polls: 3,
    wakes: 0,
    self: 0,
    busy: 0,
    sched: 0,
    idle: 0,
    wakers: 0,
  };
  const snapshot = {
    t: 5,
    tasks: [{ ...task, state: "running", th: 1 }],
    queues: [],
    io: [],
    timers: [],
    jobs: [],
    parked: [2],
  };
  const events = [
    { t: 7, th: 2, k: "unpark", why: "notify", n: 1 },
    { t: 9, th: 1, k: "poll_end", task: 1, r: "ready", wakers: 0 },
  ];
  const [one, two] = lanesOf({ threads: [], snapshot, events }).lanes;
  assert.deepEqual(
    one.polls.map(({ start, end, index, endIndex }) => [start, end, index, endIndex]),
    [[7, 9, null, 1]],
  );
  assert.deepEqual(
    two.parks.map(({ start, end }) => [start, end]),
    [[7, 7]],
  );
});

test("workers_come_first_and_threads_that_nobody_announced_last", () => {
  const names = lanesOf({
    threads: example.threads,
    events: [{ t: 0, th: 99, k: "mark", msg: 0 }],
  }).lanes.map(({ name }) => name);
  assert.deepEqual(names, ["worker-0", "worker-1", "blocking-0", "main", "stdin", "thread 99"]);
});

test("the_part_shown_first_holds_the_polls_around_the_moment_and_no_long_pause", () => {
  const all = lanesOf(example);
  const spinning = example.events.find(({ k, task, n }) => k === "poll_start" && task === 5 && n === 6);
  const [from, to] = busyPart(all, spinning.t);
  assert.ok(from <= spinning.t && spinning.t <= to);
  assert.ok(to - from < 200_000, `${to - from} ns`);
  const shown = all.lanes.flatMap(({ polls }) => polls).filter(({ start, end }) => start < to && end > from);
  assert.ok(shown.length >= 10 && shown.length <= 41, `${shown.length} polls`);
});

test("the_moment_is_in_the_part_shown_first_also_when_nothing_is_polled_then", () => {
  for (const trace of TRACES) {
    const all = lanesOf(trace);
    for (const { t } of trace.events) {
      const [from, to] = busyPart(all, t);
      assert.ok(from <= t && t <= to, `${t} is not from ${from} to ${to}`);
    }
  }
});

test("a_trace_without_polls_is_shown_whole", () => {
  assert.deepEqual(
    busyPart(lanesOf({ threads: [], events: [{ t: 5, th: 1, k: "mark", msg: 0 }] }), 5),
    [5, 1005],
  );
});
