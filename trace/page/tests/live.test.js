"use strict";
const assert = require("node:assert/strict");
const { afterEach, beforeEach, mock, test } = require("node:test");
const { randomTrace } = require("./random_trace.js");

// As much of a page as live.js touches.
const parts = new Map();
globalThis.document = {
  getElementById(id) {
    const part = { hidden: true, textContent: "", addEventListener: (_, act) => (part.click = act) };
    return parts.get(id) ?? parts.set(id, part).get(id);
  },
};

class FakeSource {
  static CLOSED = 2;
  static made = [];

  constructor(address) {
    Object.assign(this, { address, readyState: 1, listeners: {} });
    FakeSource.made.push(this);
  }

  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }

  close() {
    this.readyState = FakeSource.CLOSED;
  }

  tell(name, data) {
    this.listeners[name]({ data: JSON.stringify(data) });
  }
}

const SCRIPTS = [
  "durations",
  "state",
  "state_json",
  "history",
  "waits",
  "names",
  "sentences",
  "dom",
  "model",
  "live",
];
for (const script of SCRIPTS) require(`../${script}.js`);
const { Live, Model, stateToJson } = globalThis.reveille;

const META = { clock: "monotonic-ns", pid: 1, workers: 2, slow_poll_ns: 10_000_000 };
const THREADS = [{ id: 1, name: "worker-0", kind: "worker" }];
const HEADER = {
  schema: "reveille-trace/1",
  meta: META,
  threads: THREADS,
  from: 0,
  strings: [],
  gated: false,
};

let notices;
let model;
let source;

beforeEach(() => {
  parts.clear();
  notices = new Map();
  globalThis.EventSource = FakeSource;
  const empty = { schema: HEADER.schema, meta: META, threads: [], strings: [], events: [] };
  model = new Model(empty, [], { limit: 500, isLive: true });
  new Live(model, (id, text) => notices.set(id, text));
  source = FakeSource.made.at(-1);
});

afterEach(() => mock.reset());

function mark(t) {
  return { t, th: 1, k: "mark", msg: 0 };
}

test("what_arrives_in_batches_gives_the_state_that_the_whole_gives", () => {
  const trace = randomTrace({ seed: 2, events: 1200 });
  source.listeners.open();
  source.tell("header", { ...HEADER, threads: trace.threads, strings: trace.strings });
  for (let from = 0; from < 400; from += 90) source.tell("batch", trace.events.slice(from, from + 90));
  const whole = new globalThis.reveille.History(undefined, trace.events.slice(0, 450));
  assert.equal(model.index, 449);
  assert.deepEqual(stateToJson(model.state), stateToJson(whole.at(449)));
});

test("it_follows_the_newest_event_until_somebody_steps_back", () => {
  source.listeners.open();
  source.tell("header", HEADER);
  source.tell("batch", [mark(1), mark(2)]);
  assert.equal(model.index, 1);
  model.seek(0);
  source.tell("batch", [mark(3)]);
  assert.equal(model.index, 0);
  model.seek(2);
  source.tell("batch", [mark(4)]);
  assert.equal(model.index, 3);
});

test("strings_grow_and_threads_are_replaced", () => {
  source.listeners.open();
  source.tell("header", { ...HEADER, strings: ["a", "b"] });
  source.tell("batch", [mark(1)]);
  const two = [...THREADS, { id: 2, name: "worker-1", kind: "worker" }];
  source.tell("header", { ...HEADER, threads: two, from: 2, strings: ["c"] });
  assert.deepEqual(
    [0, 1, 2].map((index) => model.names.text(index)),
    ["a", "b", "c"],
  );
  assert.equal(model.names.thread(2), "worker-1");
  assert.equal(model.history.last, 0, "a header that only adds drops no event");
});

test("strings_that_begin_again_are_another_recording", () => {
  source.listeners.open();
  source.tell("header", { ...HEADER, strings: ["a"] });
  source.tell("batch", [mark(1)]);
  source.tell("header", { ...HEADER, strings: ["z"] });
  assert.equal(model.history.last, -1);
  assert.equal(model.names.text(0), "z");
});

test("a_snapshot_is_the_start", () => {
  const snapshot = { t: 9, tasks: [], queues: [], io: [], timers: [], jobs: [], parked: [1] };
  source.listeners.open();
  source.tell("header", { ...HEADER, meta: { ...META, truncated: true } });
  source.tell("snapshot", snapshot);
  source.tell("batch", [mark(10)]);
  source.tell("header", { ...HEADER, from: 0, threads: [] });
  assert.deepEqual(stateToJson(model.history.at(-1)).parked, [1]);
  assert.equal(model.trace.meta.truncated, true, "it still begins in the middle");
});

test("skipped_events_make_the_state_uncertain_and_keep_the_numbers_of_findings", () => {
  source.listeners.open();
  source.tell("header", HEADER);
  source.tell("batch", [mark(1), mark(2)]);
  source.tell("lost", { n: 10 });
  source.tell("batch", [mark(3), mark(4)]);
  source.tell("lost", { n: 3 });
  source.tell("batch", [mark(5)]);
  // The stream's numbers: 0, 1, then 2 to 11 skipped, 12, 13, then 14 to 16 skipped, 17.
  source.tell("findings", [{ kind: "self-wake", title: "", tasks: [], events: [1, 12, 13, 17] }]);
  assert.deepEqual(
    model.findings[0].events.map((index) => model.history.event(index).t),
    [2, 3, 4, 5],
  );
  assert.equal(model.state.lost, 13);
  assert.match(notices.get("lost"), /13 events left out/);
});

test("another_connection_begins_anew", () => {
  source.listeners.open();
  source.tell("header", { ...HEADER, strings: ["a"] });
  source.tell("batch", [mark(1), mark(2)]);
  source.readyState = 0;
  source.listeners.error();
  assert.match(notices.get("live"), /connection was lost; trying again/);
  assert.equal(model.history.last, 1, "what arrived is still there");
  source.listeners.open();
  source.tell("header", { ...HEADER, strings: ["a"] });
  assert.equal(model.history.last, -1);
  assert.equal(notices.get("live"), "");
});

test("one_viewer_too_many_is_said_and_tried_again", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(globalThis, "fetch", async () => ({ status: 503, ok: false }));
  source.close();
  await source.listeners.error();
  await new Promise(setImmediate);
  assert.match(notices.get("live"), /too many viewers/);
  mock.timers.tick(3000);
  assert.notEqual(FakeSource.made.at(-1), source);
});

test("a_message_that_is_not_understood_is_said_and_harms_no_other", () => {
  source.listeners.open();
  source.tell("header", HEADER);
  source.listeners.batch({ data: "[{" });
  assert.match(notices.get("live"), /batch/);
  source.tell("batch", [mark(1)]);
  assert.equal(model.history.last, 0);
});

test("the_gate_is_shown_once_the_program_waits_before_polls", async () => {
  const asked = [];
  mock.method(globalThis, "fetch", async (what) => (asked.push(what), { ok: true }));
  source.listeners.open();
  source.tell("header", HEADER);
  assert.equal(parts.get("gate"), undefined);
  source.tell("header", { ...HEADER, gated: true });
  assert.equal(parts.get("gate").hidden, false);
  await parts.get("gate-step").click();
  await parts.get("gate-run").click();
  assert.deepEqual(asked, ["step", "gate"]);
  assert.equal(parts.get("gate-run").textContent, "Hold before each poll");
  assert.equal(parts.get("gate-step").disabled, true);
});
