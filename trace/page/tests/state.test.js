"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { randomTrace } = require("./random_trace.js");
const { oracle } = require("./oracle.js");
require("../state.js");
require("../state_json.js");
require("../history.js");
require("../waits.js");
const {
  History,
  stateToJson: toJson,
  state: { initial, reduce, forgetDone },
  waits: { waits, cycles },
} = globalThis.reveille;

const SEEDS = [1, 2, 3, 4, 5, 6];

// The members of `whole` that `part` has, in all depths.
function only(whole, part) {
  if (Array.isArray(part))
    return whole.map((element, place) => (place < part.length ? only(element, part[place]) : element));
  if (part === null || typeof part !== "object") return whole;
  return Object.fromEntries(Object.keys(part).map((key) => [key, only(whole[key], part[key])]));
}

function told(...events) {
  return events.map((event, place) => ({ t: place * 10, th: 1, ...event }));
}

function after(...events) {
  return told(...events).reduce(reduce, initial());
}

test("the_state_after_every_event_is_what_the_events_say", () => {
  for (const seed of SEEDS) {
    const trace = randomTrace({ seed, events: 250, tasks: 3 });
    const history = new History(undefined, trace.events);
    for (let index = -1; index <= history.last; index += 1) {
      const expected = oracle(trace, index + 1);
      assert.deepEqual(only(toJson(history.at(index)), expected), expected, `seed ${seed}, event ${index}`);
    }
  }
});

test("a_step_back_gives_the_state_that_a_step_forward_gave", () => {
  const trace = randomTrace({ seed: 7, events: 1500 });
  const history = new History(undefined, trace.events);
  const forward = [];
  for (let index = -1; index <= history.last; index += 1)
    forward.push(JSON.stringify(toJson(history.at(index))));
  for (let index = history.last; index >= -1; index -= 1) {
    assert.equal(JSON.stringify(toJson(history.at(index))), forward[index + 1], `event ${index}`);
  }
});

test("a_seek_gives_the_state_that_replaying_from_the_start_gives", () => {
  const trace = randomTrace({ seed: 8, events: 1500 });
  const history = new History(undefined, trace.events);
  const replayed = initial();
  const states = trace.events.map((event) => JSON.stringify(toJson(reduce(replayed, event))));
  for (let n = 0; n < 300; n += 1) {
    const index = (n * 7919) % trace.events.length;
    assert.equal(JSON.stringify(toJson(history.at(index))), states[index], `event ${index}`);
  }
});

test("a_task_s_times_add_up_to_the_time_since_it_was_spawned", () => {
  const trace = randomTrace({ seed: 9, events: 2000 });
  const history = new History(undefined, trace.events);
  for (let index = 0; index <= history.last; index += 37) {
    const state = toJson(history.at(index));
    for (const { task, busy, sched, idle, spawned, since, state: kind } of state.tasks) {
      const end = kind === "done" ? since : state.t;
      assert.equal(busy + sched + idle, end - spawned, `task ${task} at event ${index}`);
    }
  }
});

test("a_snapshot_in_the_middle_leads_to_the_same_end", () => {
  const trace = randomTrace({ seed: 10, events: 800 });
  const whole = new History(undefined, trace.events);
  const middle = toJson(whole.at(400));
  const snapshot = {
    ...middle,
    tasks: middle.tasks
      .filter(({ state }) => state !== "done")
      .map(({ task, name, loc, parent, state, th, since, ...rest }) => {
        const { polls, wakes, self, busy, sched, idle, wakers, on } = rest;
        const told = { task, name, loc, parent, state, since, polls, wakes, self, busy, sched, idle, wakers };
        return { ...told, ...(th !== null && { th }), ...(on && { on }) };
      }),
    io: middle.io.map(({ src, fd, what, waiters: of }) => ({ src, fd, what, waiters: of })),
  };
  const half = new History(snapshot, trace.events.slice(401));
  const later = (state) =>
    state.tasks.map((task) => ({ ...task, spawned: 0, size: 0, kind: "", maxPoll: 0, waits: [], on: null }));
  for (const index of [0, 50, 200, half.last]) {
    const from = toJson(half.at(index));
    const to = toJson(whole.at(401 + index));
    const snapshotTasks = new Set(from.tasks.map(({ task }) => task));
    assert.deepEqual(
      later(from),
      later(to).filter(({ task }) => snapshotTasks.has(task)),
    );
    assert.deepEqual(
      [from.queues, from.timers, from.parked, from.cpu],
      [to.queues, to.timers, to.parked, to.cpu],
    );
  }
});

test("events_over_the_limit_are_folded_into_the_first_state", () => {
  const trace = randomTrace({ seed: 11, events: 2000 });
  const whole = new History(undefined, trace.events);
  const cut = new History(undefined, trace.events, 500);
  assert.equal(cut.events.length, 500);
  assert.equal(cut.last, whole.last);
  assert.ok(whole.at(cut.first - 1).tasks.size > cut.base.tasks.size, "tasks that were over are kept");
  const alive = (state) => {
    forgetDone(state);
    return toJson(state);
  };
  for (const index of [cut.first - 1, cut.first + 100, cut.last]) {
    assert.deepEqual(alive(cut.at(index)), alive(whole.at(index)), `event ${index}`);
  }
});

test("events_that_arrive_one_by_one_are_kept_up_to_the_limit_and_keep_their_numbers", () => {
  const trace = randomTrace({ seed: 12, events: 2000 });
  const history = new History(undefined, [], 300);
  trace.events.forEach((event, index) => {
    history.push([event]);
    assert.equal(history.last, index);
    assert.ok(history.events.length <= 300);
  });
  assert.equal(history.event(history.first), trace.events[history.first]);
});

test("keyframes_are_rarer_when_there_is_more_to_copy", () => {
  const tasks = (n) =>
    Array.from({ length: n }, (_, id) => ({
      t: 0,
      th: 1,
      k: "spawn",
      task: id + 1,
      parent: 0,
      name: 0,
      loc: 0,
    }));
  const marks = Array.from({ length: 10_000 }, () => ({ t: 0, th: 1, k: "mark", msg: 0 }));
  const few = new History(undefined, [...tasks(10), ...marks]);
  const many = new History(undefined, [...tasks(10_000), ...marks]);
  assert.equal(few.frames[2].index - few.frames[1].index, 256);
  assert.equal(many.frames.at(-1).index - many.frames.at(-2).index, 4096);
});

test("events_of_tasks_never_heard_of_make_them_known", () => {
  const state = after({ k: "lost", n: 3 }, { k: "poll_start", task: 5, n: 9 });
  assert.equal(state.lost, 3);
  assert.deepEqual([state.tasks.get(5).state, state.cpu.get(1)], ["running", [5]]);
  assert.equal(after({ k: "wake", task: 6, by: { kind: "timer", timer: 1 }, effect: "noop" }).tasks.size, 0);
  assert.equal(after({ k: "enqueue", task: 0, q: "global", depth: 1 }).tasks.size, 0);
});

test("a_thread_that_polls_does_not_sleep_even_if_its_unpark_is_missing", () => {
  const state = after({ k: "park", timeout: null }, { k: "poll_start", task: 5, n: 1 });
  assert.equal(state.parked.size, 0);
});

test("a_cascade_leaves_the_timers_of_its_slot_and_no_others_without_a_place", () => {
  const timers = [
    [1, 3],
    [1, 4],
    [2, 3],
  ].map(([level, slot], place) => {
    return { k: "timer_set", timer: place + 1, task: 1, deadline: 99, level, slot };
  });
  const state = after(...timers, { k: "timer_cascade", level: 1, slot: 3, n: 1 });
  assert.deepEqual(
    [...state.timers.values()].map(({ level, slot }) => [level, slot]),
    [
      [null, null],
      [1, 4],
      [2, 3],
    ],
  );
});

test("kinds_and_members_that_a_page_does_not_know_change_nothing", () => {
  for (const k of ["constructor", "__proto__", "toString", "later"]) {
    assert.deepEqual(toJson(after({ k, task: 1 })), { ...toJson(initial()), t: 0 });
  }
});

test("an_idle_task_waits_for_what_is_known_and_else_for_something_unseen_or_nothing", () => {
  const spawn = (task) => ({ k: "spawn", task, parent: 0, name: 0, loc: 0 });
  const poll = (task, wakers, ...during) => [
    { k: "poll_start", task, n: 1 },
    ...during,
    { k: "poll_end", task, r: "pending", wakers },
  ];
  const state = after(
    spawn(1),
    spawn(2),
    spawn(3),
    spawn(4),
    ...poll(
      1,
      1,
      { k: "timer_set", timer: 8, task: 1, deadline: 99 },
      { k: "block_on", task: 1, res: "timer", id: 8 },
    ),
    ...poll(2, 1, { k: "io_register", src: 9, fd: 7, what: 0 }, { k: "io_wait", src: 9, task: 2, dir: "r" }),
    ...poll(3, 1),
    ...poll(4, 0),
  );
  assert.deepEqual(waits(state), [
    { task: 1, on: [{ res: "timer", id: 8, deadline: 99 }], unseen: null },
    { task: 2, on: [{ res: "io", id: 9, dir: "r" }], unseen: null },
    { task: 3, on: [], unseen: "held" },
    { task: 4, on: [], unseen: "nothing" },
  ]);
});

test("after_a_loss_nobody_is_said_to_have_no_waker", () => {
  const events = [
    { k: "poll_start", task: 4, n: 1 },
    { k: "poll_end", task: 4, r: "pending", wakers: 0 },
  ];
  assert.equal(waits(after(...events))[0].unseen, "nothing");
  assert.equal(waits(after(...events, { k: "lost", n: 1 }))[0].unseen, "unknown");
  const heardOf = after({ k: "wake", task: 4, by: { kind: "timer", timer: 1 }, effect: "scheduled" });
  assert.equal(waits(heardOf)[0].unseen, "unknown");
});

test("only_tasks_that_wait_for_each_other_and_nothing_else_are_a_cycle", () => {
  const join = (task, peer) => ({ task, on: [{ res: "join", id: peer, peer }] });
  assert.deepEqual(cycles([join(1, 2), join(2, 3), join(3, 2), join(4, 5)]), new Set([2, 3]));
  const either = {
    task: 2,
    on: [
      { res: "join", id: 1, peer: 1 },
      { res: "timer", id: 4 },
    ],
  };
  assert.deepEqual(cycles([join(1, 2), either]), new Set());
  assert.deepEqual(cycles([join(1, 1)]), new Set([1]));
});
