// What the page's reducer makes of the page's example, for it and the Rust one to be held to: of each event, what is no longer
// as it was. `node tests/example_states.js > tests/example_states.json` writes it anew.
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const PAGE = path.join(__dirname, "..", "page");
for (const name of ["state.js", "state_json.js"]) require(path.join(PAGE, name));
const {
  state: { initial, reduce },
  stateToJson,
} = globalThis.reveille;

// The lists of things, and the member by which a thing is known.
const KEYS = { tasks: "task", queues: "q", io: "src", timers: "timer", jobs: "job", cpu: "th" };

function lines() {
  const trace = JSON.parse(fs.readFileSync(path.join(PAGE, "tests", "example.trace.json"), "utf8"));
  const state = initial(trace.snapshot);
  let before = byKey(stateToJson(state));
  return trace.events.map((event, index) => {
    const now = byKey(stateToJson(reduce(state, event)));
    const changes = changed(before, now);
    before = now;
    return JSON.stringify({ after: index, ...changes });
  });
}

function byKey(state) {
  const lists = Object.entries(KEYS).map(([name, key]) => [
    name,
    Object.fromEntries(state[name].map((thing) => [thing[key], thing])),
  ]);
  return { ...state, ...Object.fromEntries(lists) };
}

// The members that are not as before; null for one that is gone. Arrays are told whole.
function changed(before, now) {
  const changes = {};
  for (const name of Object.keys(before)) if (!(name in now)) changes[name] = null;
  for (const [name, value] of Object.entries(now)) {
    if (JSON.stringify(before[name]) === JSON.stringify(value)) continue;
    const both = [before[name], value];
    changes[name] = both.every(hasMembers) ? changed(...both) : value;
  }
  return changes;
}

function hasMembers(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

if (require.main === module) console.log(`[\n${lines().join(",\n")}\n]`);

module.exports = { lines };
