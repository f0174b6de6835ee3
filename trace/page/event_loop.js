// Page 1: the state of the event loops at the current event.
(function (reveille) {
  "use strict";
  const { element, svg, byId, taskChip, atMost, breakable } = reveille.dom;
  const { duration, count, integer } = reveille.durations;
  const { sentence } = reveille.sentences;
  const { waits, cycles } = reveille.waits;

  // More would be slow, and nobody reads it.
  const MOST = 60;

  const READY = { r: "readable", w: "writable", rw: "readable and writable", hup: "closed", err: "error" };
  const DIRECTION = {
    r: "to read",
    w: "to write",
    rw: "to read or write",
    hup: "for its end",
    err: "for an error",
  };

  class EventLoop {
    constructor(model) {
      this.model = model;
      this.list = new reveille.EventList(byId("events"), model);
    }

    show() {
      const { model } = this;
      const { state } = model;
      byId("sentence").textContent = model.event
        ? sentence(model.event, model.names, state)
        : "This is the start: nothing of the trace has happened yet.";
      byId("selected").replaceChildren(...this.#selected(state));
      byId("queues").replaceChildren(...this.#queues(state));
      byId("cpu").replaceChildren(this.#cpu(state));
      byId("reactor").replaceChildren(this.#reactor(state));
      byId("timers").replaceChildren(...this.#timers(state));
      byId("jobs").replaceChildren(this.#jobs(state));
      byId("waits").replaceChildren(this.#waits(state));
      this.list.show();
    }

    #selected(state) {
      const { names, task: id, selected } = this.model;
      const task = state.tasks.get(id);
      if (id === 0) return ["Choose a task by its name to follow it."];
      const told = [selected ? "You follow " : "This event’s task: ", taskChip(names, id)];
      if (!task) return [...told, " (not there now)"];
      const { busy, sched, idle } = reveille.state.times(state, task);
      const place = names.taskPlace(id);
      const parts = [
        task.state,
        count(task.polls, "poll"),
        `${count(task.wakes, "wake")} (${task.self} by itself)`,
        task.wakersKnown ? `${count(task.wakers, "waker")} held` : "wakers not known",
        `busy ${duration(busy)}`,
        `queued ${duration(sched)}`,
        `idle ${duration(idle)}`,
      ];
      const spawned = place === "" ? [] : [" · spawned at ", breakable(place)];
      return [...told, ` ${parts.join(" · ")}`, ...spawned].flat();
    }

    #queues(state) {
      const { names } = this.model;
      const queues = Array.from(state.queues).sort(([a], [b]) => (a < b ? -1 : 1));
      if (queues.length === 0) return [none("No task was queued yet.")];
      return queues.map(([q, tasks]) =>
        element(
          "section",
          { class: "queue" },
          element(
            "h3",
            null,
            `${queueTitle(q)} `,
            element("span", { class: "count" }, count(tasks.length, "task")),
          ),
          tasks.length === 0
            ? null
            : element(
                "ol",
                { class: "chips", "data-queue": q, "aria-label": "the first runs next" },
                atMost(MOST, tasks, (task) => element("li", null, taskChip(names, task))),
              ),
        ),
      );
    }

    #cpu(state) {
      const { names, trace } = this.model;
      const known = new Set(trace.threads.filter(({ kind }) => kind === "worker").map(({ id }) => id));
      for (const th of [...state.cpu.keys(), ...state.parked.keys()]) known.add(th);
      if (known.size === 0) return none("No thread has run a task yet.");
      return element(
        "ul",
        { class: "lines" },
        atMost(MOST, [...known], (th) => {
          const line = element("li", { "data-thread": th }, element("strong", null, names.thread(th)), " ");
          const running = state.cpu.get(th) ?? [];
          for (const id of running) {
            const task = state.tasks.get(id);
            line.append(
              taskChip(names, id),
              ` poll ${integer(task.polls)}, for ${duration(state.t - task.since)} `,
            );
          }
          if (running.length === 0) line.append(element("span", { class: "none" }, idleThread(state, th)));
          return line;
        }),
      );
    }

    #reactor(state) {
      const { names } = this.model;
      const sources = Array.from(state.sources.values());
      if (sources.length === 0) return none("Nothing is registered.");
      // Those that somebody waits for come first.
      sources.sort((a, b) => b.waiters.length - a.waiters.length || a.src - b.src);
      return element(
        "ul",
        { class: "lines" },
        atMost(MOST, sources, (source) => {
          const peer = source.peer === null ? "" : `, to ${names.text(source.peer)}`;
          const ready = source.ready === null ? "" : `; last seen ${READY[source.ready]}`;
          const waiters = source.waiters.flatMap(({ task, dir }) => [
            taskChip(names, task),
            ` waits ${DIRECTION[dir]} `,
          ]);
          return element(
            "li",
            { "data-source": source.src },
            element("div", null, names.source(source.src), peer, ready),
            element(
              "div",
              null,
              waiters.length > 0
                ? waiters
                : element("span", { class: "none" }, "no task is known to wait for it"),
            ),
          );
        }),
      );
    }

    #timers(state) {
      const { names } = this.model;
      const timers = Array.from(state.timers.values()).sort((a, b) => a.deadline - b.deadline);
      if (timers.length === 0) return [none("No timer is set.")];
      const list = element(
        "ol",
        { class: "lines" },
        atMost(MOST, timers, ({ timer, task, deadline, level, slot }) => {
          const due =
            deadline >= state.t
              ? `in ${duration(deadline - state.t)}`
              : `${duration(state.t - deadline)} overdue`;
          const place = level === null || slot === null ? "" : `, level ${level} slot ${slot}`;
          return element(
            "li",
            { "data-timer": timer },
            `${due} `,
            taskChip(names, task),
            ` timer ${timer}${place}`,
          );
        }),
      );
      return [wheel(timers), list];
    }

    #jobs(state) {
      const { names } = this.model;
      const jobs = Array.from(state.jobs.values());
      if (jobs.length === 0) return none("No job is there.");
      return element(
        "ul",
        { class: "lines" },
        atMost(MOST, jobs, ({ job, task, state: stage, th }) =>
          element(
            "li",
            { "data-job": job },
            `job ${job} of `,
            taskChip(names, task),
            stage === "running"
              ? ` runs${th === null ? "" : ` on ${names.thread(th)}`}`
              : " waits for a thread",
          ),
        ),
      );
    }

    #waits(state) {
      const { names, trace } = this.model;
      const entries = waits(state);
      if (entries.length === 0) return none("No task is idle.");
      const circle = cycles(entries);
      // What is wrong comes first.
      const weight = (entry) => (entry.unseen === "nothing" || circle.has(entry.task) ? 0 : 1);
      entries.sort((a, b) => weight(a) - weight(b) || a.task - b.task);
      return element(
        "ul",
        { class: "lines" },
        atMost(MOST, entries, ({ task, on, unseen }) => {
          const wrong = unseen === "nothing" || circle.has(task);
          return element(
            "li",
            { "data-waiting": task, class: wrong && "wrong" },
            taskChip(names, task),
            " ",
            unseen
              ? UNSEEN[unseen](trace.meta)
              : `waits for ${on.map((wait) => waitText(wait, names, state)).join(", or ")}`,
            circle.has(task) ? element("strong", null, ": they wait for each other") : null,
          );
        }),
      );
    }
  }

  const UNSEEN = {
    nothing: () => element("strong", null, "waits for NOTHING: nobody holds a waker of it"),
    held: ({ level }) =>
      level === "full"
        ? "waits: a waker is held by code we cannot see"
        : "waits: a waker of it is held; by what is recorded only at the level full",
    unknown: () => "waits; for what is not known, as events are missing",
  };

  function waitText(wait, names, state) {
    const text = names.resource(wait);
    if (wait.dir !== undefined) return `${text}, ${DIRECTION[wait.dir]}`;
    if (wait.deadline === undefined) return text;
    return wait.deadline >= state.t
      ? `${text}, due in ${duration(wait.deadline - state.t)}`
      : `${text}, overdue`;
  }

  function idleThread(state, th) {
    const job = Array.from(state.jobs.values()).find((one) => one.th === th);
    if (job) return `runs blocking job ${job.job}`;
    const sleep = state.parked.get(th);
    if (!sleep) return "awake, between polls";
    const most = sleep.timeout === null ? "until it is woken" : `for ${duration(sleep.timeout)} at most`;
    return `asleep for ${duration(state.t - sleep.since)}, ${most}`;
  }

  function queueTitle(q) {
    const [kind, worker] = q.split(":");
    if (kind === "global") return "Shared by all workers";
    return kind === "lifo" ? `Worker ${worker}: next to run` : `Worker ${worker}`;
  }

  // The wheel's slots as far as the trace tells them: a row for each level, a mark for each slot that holds a timer.
  function wheel(timers) {
    const levels = new Map();
    for (const { level, slot } of timers) {
      if (level === null || slot === null) continue;
      levels.set(level, (levels.get(level) ?? new Set()).add(slot));
    }
    if (levels.size === 0) return "";
    const rows = Array.from(levels)
      .sort(([a], [b]) => a - b)
      .map(([level, slots]) => {
        const width = Math.max(64, Math.max(...slots) + 1);
        const marks = Array.from(slots, (slot) =>
          svg("rect", { x: slot * 6 + 1, y: 1, width: 4, height: 10, class: "taken" }),
        );
        const row = svg(
          "svg",
          { viewBox: `0 0 ${width * 6} 12`, class: "wheel", "aria-hidden": "true" },
          svg("path", { d: `M0 11.5H${width * 6}`, class: "axis" }),
          ...marks,
        );
        const where =
          slots.size > 8
            ? `${slots.size} slots`
            : `slot ${Array.from(slots)
                .sort((a, b) => a - b)
                .join(", ")}`;
        return element("div", { class: "level" }, element("span", null, `Level ${level}: ${where}`), row);
      });
    return element("div", null, rows);
  }

  function none(text) {
    return element("p", { class: "none" }, text);
  }

  reveille.EventLoop = EventLoop;
})((globalThis.reveille ??= {}));
