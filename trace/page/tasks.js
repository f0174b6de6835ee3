// Page 3: the findings, and the table of the tasks.
(function (reveille) {
  "use strict";
  const { element, byId, taskChip, eventLink, breakable } = reveille.dom;
  const { duration, moment, count, integer } = reveille.durations;

  class Tasks {
    constructor(model) {
      this.model = model;
      this.findings = element("div", { class: "findings" });
      this.isTree = false;
      this.onlyAlive = false;
      const check = (text, change) =>
        element(
          "label",
          null,
          element("input", {
            type: "checkbox",
            on: {
              change: ({ target }) => {
                change(target.checked);
                this.#fillTable();
              },
            },
          }),
          ` ${text}`,
        );
      byId("page-tasks").replaceChildren(
        element("h2", null, "Findings"),
        this.findings,
        element("h2", null, "Tasks at the current event"),
        element(
          "div",
          { class: "bar" },
          check("Under the task that spawned them", (on) => {
            this.isTree = on;
          }),
          check("Without those that are over", (on) => {
            this.onlyAlive = on;
          }),
        ),
        this.#makeTable(),
      );
    }

    show() {
      const { findings } = this.model;
      this.findings.replaceChildren(
        ...(findings.length > 0
          ? findings.map((finding) => this.#finding(finding))
          : [element("p", { class: "none" }, "Nothing was found to be wrong.")]),
      );
      this.#fillTable();
    }

    #finding({ kind, title, tasks, events, evidence, fix, chapter }) {
      const { history, names } = this.model;
      const numbers = events.map((index) =>
        history.event(index) ? eventLink(index) : element("span", null, integer(index)),
      );
      const line = (term, ...text) =>
        element("div", null, element("dt", null, term), element("dd", null, ...text));
      return element(
        "article",
        { class: "finding", "data-finding": kind },
        element("h3", null, element("code", null, kind), " ", title),
        element(
          "dl",
          null,
          line("Tasks", spaced(tasks.map((task) => taskChip(names, task)))),
          line("Evidence", evidence, " ", events.length > 0 ? ["Events: ", spaced(numbers)] : null),
          line("Fix", fix),
          line("Book", chapterText(chapter)),
        ),
      );
    }

    #makeTable() {
      const number = (title, of, cell = (row) => integer(of(row))) => ({
        title,
        number: true,
        sort: of,
        cell,
      });
      const time = (title, of) => number(title, of, (row) => duration(of(row)));
      this.table = new reveille.PagedTable({
        caption: "Tasks",
        pageSize: 100,
        empty: "No task is known at this event.",
        columns: [
          {
            title: "Task",
            sort: ({ task }) => task.task,
            cell: ({ task, level }) => this.#name(task, level),
          },
          { title: "State", sort: ({ task }) => task.state, cell: ({ task }) => stateText(task) },
          number("Polls", ({ task }) => task.polls),
          number("Wakes", ({ task }) => task.wakes),
          number("Own wakes", ({ task }) => task.self),
          number(
            "Wakers",
            ({ task }) => task.wakers,
            ({ task }) => (task.wakersKnown ? integer(task.wakers) : "not known"),
          ),
          time("Busy", ({ times }) => times.busy),
          time("Queued", ({ times }) => times.sched),
          time("Idle", ({ times }) => times.idle),
          time("Longest poll", ({ task }) => task.maxPoll),
          number(
            "Size",
            ({ task }) => task.size ?? -1,
            ({ task }) => (task.size === null ? "not known" : `${integer(task.size)} B`),
          ),
          number(
            "Spawned",
            ({ task }) => task.spawned ?? -1,
            ({ task }) => (task.spawned === null ? "before" : moment(task.spawned)),
          ),
          { title: "At", sort: ({ place }) => place, cell: ({ place }) => (place === "" ? "not known" : breakable(place)) },
        ],
      });
      return this.table.node;
    }

    #name(task, level) {
      const node = element("span", { class: "indented" }, taskChip(this.model.names, task.task));
      node.style.setProperty("--level", Math.min(level, 8));
      return node;
    }

    #fillTable() {
      const { state, names, selected } = this.model;
      let tasks = Array.from(state.tasks.values());
      if (this.onlyAlive) tasks = tasks.filter((task) => task.state !== "done");
      tasks.sort((a, b) => a.task - b.task);
      if (this.isTree) this.table.order = null;
      const rows = (this.isTree ? tree(tasks) : tasks.map((task) => ({ task, level: 0 }))).map((row) => ({
        ...row,
        times: reveille.state.times(state, row.task),
        place: names.taskPlace(row.task.task),
      }));
      this.table.show(rows, ({ task }) => task.task === selected);
      this.table.table.caption.textContent = `${count(tasks.length, "task")}`;
    }
  }

  // The tasks in the order of a tree: each followed by those it spawned, with how deep it lies.
  function tree(tasks) {
    const here = new Set(tasks.map(({ task }) => task));
    const children = new Map();
    for (const task of tasks) {
      const parent = here.has(task.parent) && task.parent < task.task ? task.parent : 0;
      if (!children.has(parent)) children.set(parent, []);
      children.get(parent).push(task);
    }
    const rows = [];
    const open = (children.get(0) ?? []).map((task) => ({ task, level: 0 })).reverse();
    while (open.length > 0) {
      const row = open.pop();
      rows.push(row);
      const below = children.get(row.task.task) ?? [];
      open.push(...below.map((task) => ({ task, level: row.level + 1 })).reverse());
    }
    return rows;
  }

  function stateText({ state, how, q }) {
    if (state === "done") return how ?? "done";
    return state === "queued" && q !== null ? `queued (${q})` : state;
  }

  function chapterText(chapter) {
    const number = /^ch0*(\d+)$/.exec(chapter)?.[1];
    return number ? `Chapter ${number} of the book` : chapter;
  }

  function spaced(nodes) {
    return nodes.flatMap((node) => [node, " "]);
  }

  reveille.Tasks = Tasks;
})((globalThis.reveille ??= {}));
