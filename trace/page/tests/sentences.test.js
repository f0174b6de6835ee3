"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const schema = require("../../schema.json");
const example = require("./example.trace.json");
const { randomTrace } = require("./random_trace.js");
require("../durations.js");
require("../state.js");
require("../names.js");
require("../sentences.js");
const {
  Names,
  sentences: { sentence, tasksOf },
  durations: { duration, integer },
} = globalThis.reveille;

const names = new Names(
  [{ id: 1, name: "worker-0", kind: "worker" }],
  ["echo", "src/main.rs:7", "TcpStream", "10.0.0.1:80"],
);
names.learnEvent({ k: "spawn", task: 2, parent: 1, name: 0, loc: 1 });
names.learnEvent({ k: "io_register", src: 9, fd: 7, what: 2 });
names.learnEvent({ k: "timer_set", timer: 8, task: 2, deadline: 5 });

function say(event) {
  return sentence({ t: 1000, th: 1, ...event }, names);
}

// Of one kind in the schema: each event that its `required` and `enum`s allow, with and without what is optional.
function variants({ properties, required }) {
  const values = (property) => {
    if (property.const !== undefined) return [property.const];
    if (property.enum) return property.enum;
    if (property.type === "boolean") return [false, true];
    if (property.type === "array") return [[], [2], [2, 3]];
    if (property.oneOf?.some(({ type }) => type === "null")) return [null, 0, 5_000];
    if (property.oneOf)
      return property.oneOf.flatMap((one) => combine(one.properties, Object.keys(one.properties)));
    if (property.$ref === "#/$defs/q") return ["global", "local:0", "lifo:1"];
    if (property.$ref?.startsWith("#/$defs/") && !/\/(u|str)$/.test(property.$ref))
      return values(schema.$defs[property.$ref.slice(8)]);
    return [0, 1, 2];
  };
  const combine = (of, keys) =>
    keys.reduce(
      (events, key) =>
        events.flatMap((event) => values(of[key]).map((value) => ({ ...event, [key]: value }))),
      [{}],
    );
  return [
    ...combine(properties, ["k", ...required]),
    ...combine(properties, Object.keys(properties)).slice(0, 3000),
  ];
}

test("every_event_that_the_schema_allows_has_one_whole_sentence", () => {
  const kinds = schema.$defs.event.oneOf;
  assert.equal(kinds.length, 31);
  for (const kind of kinds) {
    for (const event of variants(kind)) {
      const text = say(event);
      assert.match(text, /^[^\s].*[^\s]$/, JSON.stringify(event));
      assert.doesNotMatch(text, /undefined|NaN|null|\[object|does not know|  /, JSON.stringify(event));
      if (event.k !== "mark") assert.match(text, /\.$/, JSON.stringify(event));
    }
  }
});

test("every_event_of_a_trace_has_a_sentence", () => {
  for (const trace of [example, randomTrace({ seed: 3, events: 2000 })]) {
    const known = new Names(trace.threads, trace.strings);
    for (const event of trace.events) {
      known.learnEvent(event);
      assert.doesNotMatch(sentence(event, known), /undefined|NaN|null|does not know/, JSON.stringify(event));
    }
  }
});

test("a_wake_names_who_woke", () => {
  const wake = (by, effect = "scheduled") => say({ k: "wake", task: 2, by, effect });
  const run = "it was idle and is to run.";
  assert.equal(wake({ kind: "task", task: 3 }), `task #3 woke echo #2: ${run}`);
  assert.equal(
    wake({ kind: "io", src: 9, ready: "r" }),
    `The reactor woke echo #2, since source 9 (TcpStream, fd 7) can be read: ${run}`,
  );
  assert.equal(wake({ kind: "timer", timer: 8 }), `Timer 8 woke echo #2, since it is due: ${run}`);
  assert.equal(
    wake({ kind: "blocking", job: 4 }),
    `Blocking job 4 woke echo #2, since it has returned: ${run}`,
  );
  assert.equal(wake({ kind: "thread", th: 1 }), `Code outside any task, on worker-0, woke echo #2: ${run}`);
  assert.equal(wake({ kind: "runtime", why: "abort" }), `The runtime woke echo #2, to cancel it: ${run}`);
  assert.equal(
    wake({ kind: "task", task: 2 }, "resched"),
    "echo #2 woke itself: it is running and will run once more after this poll.",
  );
});

test("a_task_that_nothing_can_wake_is_said_to_be_lost", () => {
  const { reduce, initial } = globalThis.reveille.state;
  const start = { t: 1, th: 1, k: "poll_start", task: 2, n: 1 };
  const end = { t: 2, th: 1, k: "poll_end", task: 2, r: "pending", wakers: 0 };
  const wake = { t: 1, th: 1, k: "wake", task: 2, by: { kind: "task", task: 2 }, effect: "resched" };
  assert.match(sentence(end, names, [start, end].reduce(reduce, initial())), /it is lost\.$/);
  const woken = [start, wake, end].reduce(reduce, initial());
  assert.equal(
    sentence(end, names, woken),
    "echo #2 returned Pending, but was woken meanwhile: it is to run again.",
  );
});

test("a_kind_from_a_later_version_is_named", () => {
  assert.equal(say({ k: "toString" }), "Something happened that this page does not know: toString.");
});

test("an_event_is_about_the_tasks_it_names", () => {
  assert.deepEqual(tasksOf({ k: "wake", task: 2, by: { kind: "task", task: 3 } }), [2, 3]);
  assert.deepEqual(tasksOf({ k: "steal", from: 0, to: 1, tasks: [4, 5] }), [4, 5]);
  assert.deepEqual(tasksOf({ k: "spawn", task: 6, parent: 0 }), [6]);
});

test("durations_have_three_digits_and_the_unit_that_fits", () => {
  const written = [0, 999, 1000, 12_345, 123_456, 999_400, 999_600, 12_100_000, 3_000_000_000, 1.5e12].map(
    duration,
  );
  const expected = [
    "0 ns",
    "999 ns",
    "1.00 µs",
    "12.3 µs",
    "123 µs",
    "999 µs",
    "1.00 ms",
    "12.1 ms",
    "3.00 s",
    "1,500 s",
  ];
  assert.deepEqual(written, expected);
  assert.equal(integer(1234567), "1,234,567");
});
