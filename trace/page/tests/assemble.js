// Makes one file of the page and a trace, as the recorder does, so that a person or a browser's test can open it.
//
//     node tests/assemble.js TRACE.json OUT.html [FINDINGS.json]
//     node tests/assemble.js --live OUT.html
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const PAGE = path.join(__dirname, "..");

// The scripts in the order that README.md gives.
function scripts() {
  const list = fs
    .readFileSync(path.join(PAGE, "README.md"), "utf8")
    .match(/<!-- scripts -->([\s\S]*?)<!-- end -->/)[1];
  return Array.from(list.matchAll(/`([a-z_]+\.js)`/g), ([, name]) => name);
}

// `policy` is a Content-Security-Policy beside the page's own, or nothing.
function assemble(data, policy) {
  const { style, script } = contents();
  const parts = { STYLE: style, SCRIPT: script, DATA: data };
  const page = read("page.html").replace(/<!--(STYLE|SCRIPT|DATA)-->/g, (_, part) => parts[part]);
  return policy
    ? page.replace("<head>", `<head>\n<meta http-equiv="Content-Security-Policy" content="${policy}">`)
    : page;
}

// What a hash of the policy would be made of.
function contents() {
  return { style: read("page.css"), script: scripts().map(read).join("\n") };
}

function read(name) {
  return fs.readFileSync(path.join(PAGE, name), "utf8");
}

function inlined(id, value) {
  const text = JSON.stringify(value).replace(/</g, "\\u003c");
  return `<script type="application/json" id="${id}">${text}</script>`;
}

function fileData(trace, findings) {
  return `${inlined("trace", trace)}\n${inlined("findings", findings)}`;
}

const LIVE = '<meta name="reveille-live">';

if (require.main === module) {
  const [from, to, findings] = process.argv.slice(2);
  if (!from || !to) {
    console.error(
      "usage: node assemble.js TRACE.json OUT.html [FINDINGS.json], or: node assemble.js --live OUT.html",
    );
    process.exit(2);
  }
  const parse = (name) => JSON.parse(fs.readFileSync(name, "utf8"));
  const data = from === "--live" ? LIVE : fileData(parse(from), findings ? parse(findings) : []);
  fs.writeFileSync(to, assemble(data));
}

module.exports = { assemble, contents, scripts, fileData, LIVE };
