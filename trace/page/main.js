// Puts the page together and starts it.
(function (reveille) {
  "use strict";
  const { element, byId } = reveille.dom;
  const { count, integer } = reveille.durations;
  const { PAGES, listenToKeys } = reveille.keyboard;

  const SCHEMA = "reveille-trace/1";
  const LIMIT = 200_000;
  const THEMES = ["system", "light", "dark"];

  const isLive = document.querySelector("meta[name=reveille-live]") !== null;
  const model = readModel();
  const transport = new reveille.Transport(model);
  const views = {
    loop: new reveille.EventLoop(model),
    timeline: new reveille.Timeline(model),
    tasks: new reveille.Tasks(model),
    latency: new reveille.LatencyPage(model),
  };
  let page = "loop";
  let scheduled = 0;

  // The trace that was put into the page; without one that can be read, an empty one, and the reason above it.
  function readModel() {
    const options = { limit: LIMIT, isLive };
    if (isLive) return new reveille.Model(emptyTrace(), [], options);
    try {
      const trace = JSON.parse(byId("trace").textContent);
      if (trace.schema !== SCHEMA) throw new Error(`its form is ${trace.schema}, not ${SCHEMA}`);
      return new reveille.Model(trace, JSON.parse(byId("findings")?.textContent || "[]"), options);
    } catch (error) {
      notice("trace", `The trace in this page cannot be shown: ${error.message}`);
      return new reveille.Model(emptyTrace(), [], options);
    }
  }

  function emptyTrace() {
    const meta = { clock: "monotonic-ns", pid: 0, workers: 0, slow_poll_ns: 10_000_000 };
    return { schema: SCHEMA, meta, threads: [], strings: [], events: [] };
  }

  function showPage(name) {
    page = name;
    for (const other of PAGES) {
      const tab = byId(`tab-${other}`);
      tab.setAttribute("aria-selected", String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
      byId(`page-${other}`).hidden = other !== name;
    }
    showAll("page");
  }

  function showAll(what) {
    keepingFocus(() => {
      transport.show();
      showSummary();
      views[page].show(what);
    });
  }

  // What is shown is made anew; the task or event that had the keyboard's focus gets it back.
  function keepingFocus(show) {
    const focused = document.activeElement;
    const place = focused?.closest("[id]");
    const kind = ["task", "event"].find((one) => focused?.dataset?.[one] !== undefined);
    show();
    if (!kind || focused.isConnected) return;
    document
      .getElementById(place?.id)
      ?.querySelector(`[data-${kind}="${Number(focused.dataset[kind])}"]`)
      ?.focus();
  }

  // Steps are shown at once. What the program sends is shown a few times a second, and the two pages that tell of the whole trace
  // less often.
  function changed(what) {
    if (what === "position") return showAll(what);
    if (scheduled) return;
    scheduled = setTimeout(
      () => {
        scheduled = 0;
        showAll(what);
      },
      page === "loop" || page === "tasks" ? 100 : 1000,
    );
  }

  function showSummary() {
    const { history, findings } = model;
    const { meta } = model.trace;
    const parts = [
      isLive ? "live" : "file",
      count(history.events.length, "event"),
      count(meta.workers, "worker"),
    ];
    if (meta.level) parts.push(`level ${meta.level}`);
    if (meta.clock === "virtual-ns") parts.push("virtual time");
    byId("summary").textContent = parts.join(" · ");
    const button = byId("findings-count");
    button.hidden = false;
    button.textContent = count(findings.length, "finding");
    button.classList.toggle("some", findings.length > 0);
    showDoubts();
  }

  // What the reader must know about what is not here.
  function showDoubts() {
    const { trace, history, state } = model;
    const { first, events } = history;
    const cut =
      `Only the newest ${integer(events.length)} events are here: the ${integer(first)} before them ` +
      "are summed up in the start, without the tasks that were over by then.";
    const truncated = "The trace begins in the middle: of what was before, only the start is known.";
    const missing = count(state.lost, "event is", "events are");
    notice("cut", first > 0 ? cut : "");
    notice("truncated", trace.meta.truncated ? truncated : "");
    notice("uncertain", state.lost > 0 ? `${missing} missing up to here: what is shown is uncertain.` : "");
  }

  function notice(id, text) {
    const old = byId(`notice-${id}`);
    if (old?.textContent === text || (!old && text === "")) return;
    old?.remove();
    if (text !== "") byId("notices").append(element("p", { id: `notice-${id}` }, text));
  }

  function nextTheme() {
    const root = document.documentElement;
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
    root.dataset.theme = next;
    byId("theme").textContent = `Theme: ${next}`;
    showAll("theme");
  }

  function listen() {
    for (const name of PAGES) byId(`tab-${name}`).addEventListener("click", () => showPage(name));
    byId("theme").addEventListener("click", nextTheme);
    byId("help").addEventListener("click", () => byId("help-text").showModal());
    byId("findings-count").addEventListener("click", () => showPage("tasks"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showAll("theme"));
    document.addEventListener("click", ({ target }) => {
      const task = target.closest("[data-task]")?.dataset.task;
      const event = target.closest("[data-event]")?.dataset.event;
      if (task !== undefined) model.select(Number(task));
      if (event === undefined) return;
      if (page !== "loop") showPage("loop");
      model.seek(Number(event));
    });
    listenToKeys(model, transport);
    model.listen(changed);
  }

  reveille.showPage = showPage;
  // What tests read.
  reveille.stateAt = (index) => reveille.stateToJson(model.history.at(index));
  reveille.seek = (index) => model.seek(index);
  Object.defineProperties(reveille, {
    index: { get: () => model.index },
    counts: { get: () => views.timeline.counts },
    histograms: { get: () => views.latency.histograms },
  });

  listen();
  showPage("loop");
  if (isLive) new reveille.Live(model, notice);
})((globalThis.reveille ??= {}));
