"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { lines } = require("../../tests/example_states.js");
const held = require("../../tests/example_states.json");

// tests/page_state.rs of the recorder holds the Rust reducer to the same file.
test("the_state_after_every_event_of_the_example_is_that_of_the_rust_reducer", () => {
  const own = lines().map((line) => JSON.parse(line));
  held.forEach((expected, index) => assert.deepEqual(own[index], expected, `event ${index}`));
  assert.equal(own.length, held.length);
});
