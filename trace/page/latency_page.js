// Page 4: how long things took.
(function (reveille) {
  "use strict";
  const { element, byId, taskChip, eventLink } = reveille.dom;
  const { duration, integer } = reveille.durations;
  const { histogram } = reveille.latency;

  const MEASURES = [
    [
      "schedule",
      "From runnable to polled",
      "How long tasks waited in queues: the delay that other tasks cause.",
    ],
    ["poll", "Poll time", "How long polls took. While one lasts, nothing else runs on its thread."],
    ["timer", "Timer lateness", "How long after their deadlines timers fired."],
    [
      "readiness",
      "From readiness to poll",
      "From when the operating system said that a source is ready to the poll of the task it woke.",
    ],
  ];

  class LatencyPage {
    constructor(model) {
      this.model = model;
      this.name = "";
      this.choice = element("select", {
        on: {
          change: ({ target }) => {
            this.name = target.value;
            this.show();
          },
        },
      });
      this.charts = element("div", { class: "charts" });
      this.table = new reveille.PagedTable({
        caption: "Events",
        pageSize: 25,
        empty: "Choose a bar to see its events.",
        columns: [
          { title: "Event", number: true, cell: ({ index }) => eventLink(index), sort: ({ index }) => index },
          { title: "Task", cell: ({ task }) => taskChip(model.names, task), sort: ({ task }) => task },
          { title: "Took", number: true, cell: ({ ns }) => duration(ns), sort: ({ ns }) => ns },
        ],
      });
      byId("page-latency").replaceChildren(
        element("div", { class: "bar" }, element("label", null, "Tasks called ", this.choice)),
        this.charts,
        element("h2", { id: "bar-title" }, "Events of a bar"),
        this.table.node,
      );
    }

    // The histograms of all tasks, as data.
    get histograms() {
      return Object.fromEntries(
        MEASURES.map(([key]) => [key, histogram(this.model.samples[key].map(({ ns }) => ns))]),
      );
    }

    show(what) {
      // The whole trace is told here, wherever one is in it.
      if (what === "position" && this.shown === this.model.samples) return;
      this.shown = this.model.samples;
      this.#fillChoice();
      this.charts.replaceChildren(...MEASURES.map((measure) => this.#chart(...measure)));
    }

    #fillChoice() {
      const { names, samples } = this.model;
      const found = new Set(
        Object.values(samples)
          .flat()
          .map(({ task }) => names.taskName(task)),
      );
      const options = [
        ["", "anything"],
        ...Array.from(found)
          .filter(Boolean)
          .sort()
          .map((name) => [name, name]),
      ];
      this.choice.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
      if (!found.has(this.name)) this.name = "";
      this.choice.value = this.name;
    }

    #chart(key, title, text) {
      const { names, samples } = this.model;
      const taken = samples[key].filter(({ task }) => this.name === "" || names.taskName(task) === this.name);
      const { n, buckets, p50, p90, p99, max } = histogram(taken.map(({ ns }) => ns));
      const most = Math.max(1, ...buckets.map((bucket) => bucket.n));
      const heading = element("h2", null, `${title} `, element("span", { class: "count" }, integer(n)));
      if (n === 0)
        return element(
          "section",
          { class: "panel" },
          heading,
          element("p", { class: "none" }, `${text} There are none.`),
        );
      const numbers = [
        ["p50", p50],
        ["p90", p90],
        ["p99", p99],
        ["max", max],
      ].map(([name, ns]) =>
        element("div", null, element("dt", null, name), element("dd", null, duration(ns))),
      );
      const rows = buckets.map((bucket) => this.#bar(title, bucket, most, taken));
      return element(
        "section",
        { class: "panel", "data-measure": key },
        heading,
        element("p", null, text),
        element("dl", { class: "numbers" }, numbers),
        element(
          "table",
          { class: "histogram" },
          element(
            "thead",
            { class: "unseen" },
            element(
              "tr",
              null,
              element("th", { scope: "col" }, "Range"),
              element("th", { scope: "col" }, "Bar"),
              element("th", { scope: "col" }, "Number"),
            ),
          ),
          element("tbody", null, rows),
        ),
      );
    }

    #bar(title, { from, to, n }, most, taken) {
      const range = `${duration(from)} to ${duration(to)}`;
      const open = () => {
        byId("bar-title").textContent = `${title}, ${range}`;
        this.table.show(taken.filter(({ ns }) => from <= ns && ns < to));
        byId("bar-title").scrollIntoView({ block: "nearest" });
      };
      const bar = element(
        "button",
        {
          type: "button",
          class: "bar-button",
          disabled: n === 0,
          "aria-label": `${integer(n)} of ${range}: list them`,
          on: { click: open },
        },
        element("span"),
      );
      bar.firstChild.style.width = `${n === 0 ? 0 : Math.max(1, (n / most) * 100)}%`;
      return element(
        "tr",
        null,
        element("th", { scope: "row" }, range),
        element("td", null, bar),
        element("td", { class: "number" }, integer(n)),
      );
    }
  }

  reveille.LatencyPage = LatencyPage;
})((globalThis.reveille ??= {}));
