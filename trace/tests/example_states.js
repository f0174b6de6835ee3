// Prints what the page's reducer makes of the page's example, for the Rust one to be held to:
//
//     node tests/example_states.js > tests/example_states.json
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const PAGE = path.join(__dirname, "..", "page");
for (const name of ["state.js", "state_json.js"]) require(path.join(PAGE, name));
const {
  state: { initial, reduce },
  stateToJson,
} = globalThis.reveille;

const trace = JSON.parse(fs.readFileSync(path.join(PAGE, "tests", "example.trace.json"), "utf8"));
const state = initial(trace.snapshot);
const lines = [];
trace.events.forEach((event, index) => {
  reduce(state, event);
  const isLast = index === trace.events.length - 1;
  if (index % 8 === 0 || isLast) lines.push(JSON.stringify({ after: index, state: stateToJson(state) }));
});
console.log(`[\n${lines.join(",\n")}\n]`);
