"use strict";
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { assemble, scripts, fileData, LIVE } = require("./assemble.js");
const example = require("./example.trace.json");

const PAGE = path.join(__dirname, "..");

test("every_script_is_in_the_list_once", () => {
  const files = fs.readdirSync(PAGE).filter((name) => name.endsWith(".js"));
  assert.deepEqual(scripts().toSorted(), files.toSorted());
});

test("each_mark_is_in_the_page_once", () => {
  const page = fs.readFileSync(path.join(PAGE, "page.html"), "utf8");
  assert.deepEqual(page.match(/<!--[A-Z]+-->/g), ["<!--STYLE-->", "<!--DATA-->", "<!--SCRIPT-->"]);
});

test("nothing_in_a_script_or_the_style_ends_its_element", () => {
  for (const name of scripts()) {
    assert.doesNotMatch(
      fs.readFileSync(path.join(PAGE, name), "utf8"),
      /<\/script|<!--|\.innerHTML|\beval\(|new Function/i,
      name,
    );
  }
  assert.doesNotMatch(fs.readFileSync(path.join(PAGE, "page.css"), "utf8"), /<\/style|@import|url\(/i);
});

test("the_page_asks_for_nothing_and_has_no_handlers_in_attributes", () => {
  const page = fs.readFileSync(path.join(PAGE, "page.html"), "utf8");
  assert.doesNotMatch(page, /\s(on[a-z]+|style|src)=/i);
  assert.doesNotMatch(page, /https?:/);
});

test("a_name_that_looks_like_markup_stays_data", () => {
  const strings = ["</script><img src=x onerror=alert(1)>", "<!--", "\u2028"];
  const page = assemble(fileData({ ...example, strings }, []));
  assert.ok(!page.includes(strings[0]));
  const inside = page.match(/<script type="application\/json" id="trace">(.*?)<\/script>/s)[1];
  assert.deepEqual(JSON.parse(inside).strings, strings);
});

test("dollar_signs_in_data_are_kept", () => {
  const page = assemble(fileData({ ...example, strings: ["$& $1 $$"] }, []));
  assert.ok(page.includes("$& $1 $$"));
});

test("a_live_page_has_the_marker_and_no_data", () => {
  const page = assemble(LIVE);
  assert.ok(page.includes('<meta name="reveille-live">'));
  assert.ok(!page.includes("application/json"));
});

test("the_scripts_leave_one_global_object", () => {
  const pure = scripts()
    .slice(0, 9)
    .map((name) => path.join(PAGE, name));
  const load = pure.map((name) => `require(${JSON.stringify(name)});`).join("");
  const code = `const before = Object.keys(globalThis);${load}
    console.log(Object.getOwnPropertyNames(globalThis).filter((name) => name === "reveille").length,
      Object.keys(globalThis).length - before.length)`;
  assert.equal(execFileSync(process.execPath, ["-e", code], { encoding: "utf8" }).trim(), "1 1");
});
