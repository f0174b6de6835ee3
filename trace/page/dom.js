// Makes elements. Whatever comes from a trace gets onto the page as text through here, and never as markup.
(function (reveille) {
  "use strict";

  // `element("td", { class: "number" }, 12)`. An attribute that is false, null or undefined is left out, and one that is true is
  // empty; `on` of the attributes is `{click: listener}`; children are nodes and texts.
  function element(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (key === "on")
        for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
      else if (value !== false && value !== null && value !== undefined)
        node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return node;
  }

  function svg(name, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  function byId(id) {
    return document.getElementById(id);
  }

  // A task's name with its colour. A click chooses the task: main.js listens for that.
  function taskChip(names, id) {
    if (id === 0) return element("span", { class: "none" }, "no task");
    const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.setProperty("--hue", hue(id));
    return element("button", { type: "button", class: "chip", "data-task": id }, swatch, names.task(id));
  }

  // The number of an event. A click goes there: main.js listens for that.
  function eventLink(index, text = reveille.durations.integer(index)) {
    return element("button", { type: "button", class: "link", "data-event": index }, text);
  }

  // A path or an address: where it does not fit into its line, it is broken behind a slash.
  function breakable(text) {
    return text.split(/(?<=\/)/).flatMap((part, place) => (place === 0 ? [part] : [element("wbr"), part]));
  }

  // The first `most` of `items`, made by `make`, and a line about how many more there are.
  function atMost(most, items, make) {
    const shown = items.slice(0, most).map(make);
    const rest = items.length - shown.length;
    if (rest > 0)
      shown.push(element("li", { class: "more" }, `and ${reveille.durations.integer(rest)} more`));
    return shown;
  }

  // A hue for each number: neighbours are far apart (the golden angle), and none is red, which means slow.
  function hue(id) {
    return 40 + ((id * 137.508) % 360) * (280 / 360);
  }

  reveille.dom = { element, svg, byId, taskChip, eventLink, atMost, breakable, hue };
})((globalThis.reveille ??= {}));
