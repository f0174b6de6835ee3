"use strict";
const test = require("node:test");
const assert = require("node:assert");
require("../durations.js");
const { mark } = globalThis.reveille.durations;

test("no two marks of an axis are the same", () => {
  for (const step of [1, 2, 5, 10, 50, 200, 5_000, 20_000, 1_000_000, 5e9]) {
    for (const start of [0, 1_290_000, 8_568_000_000]) {
      const longest = start + 8 * step;
      const marks = Array.from({ length: 8 }, (_, place) => mark(start + place * step, step, longest));
      assert.strictEqual(new Set(marks).size, 8, `${step} from ${start}: ${marks}`);
    }
  }
  assert.strictEqual(mark(1_295_000, 5_000, 1_318_000), "1.295 ms");
  assert.strictEqual(mark(40, 20, 100), "40 ns");
});
