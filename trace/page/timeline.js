// Page 2: what each thread did when.
(function (reveille) {
  "use strict";
  const { element, byId, taskChip, eventLink } = reveille.dom;
  const { duration, moment, count } = reveille.durations;
  const { paint, paintMinimap, sliceAt, height } = reveille.timelinePaint;

  const SHORTEST_VIEW = 200;

  class Timeline {
    constructor(model) {
      this.model = model;
      this.view = null;
      // Whether somebody chose what is in view.
      this.isMoved = false;
      this.drawn = [];
      this.canvas = element("canvas", {
        class: "lanes",
        tabindex: "0",
        role: "application",
        "aria-describedby": "timeline-hint",
      });
      this.minimap = element("canvas", { class: "minimap", "aria-hidden": "true" });
      this.told = element("p", { class: "told", role: "status" });
      const button = (text, act, label) =>
        element("button", { type: "button", "aria-label": label, title: label, on: { click: act } }, text);
      byId("page-timeline").replaceChildren(
        element(
          "p",
          { id: "timeline-hint" },
          "Polls are coloured by task, and red if they were too slow; hatched is asleep; arrows lead from " +
            "a wake to the poll it caused. Turn the wheel to zoom, drag to move, click a poll to see it in " +
            "the event loop.",
        ),
        element(
          "div",
          { class: "bar" },
          button("+", () => this.#zoom(0.5), "Zoom in"),
          button("−", () => this.#zoom(2), "Zoom out"),
          button("Around the event", () => this.#fit()),
          button("All", () => this.#showAll()),
        ),
        element("div", { class: "canvas-box" }, this.canvas),
        this.minimap,
        this.told,
        this.#makeTable(),
      );
      this.#listen();
    }

    // What is drawn, by lane, and what there is in all.
    get counts() {
      const total = this.model.lanes;
      const arrows = new Map();
      for (const { to } of total.arrows) arrows.set(to.th, (arrows.get(to.th) ?? 0) + 1);
      const lanes = total.lanes.map(({ th, name, polls }) => ({
        th,
        name,
        polls: polls.filter(({ index }) => index !== null).length,
        arrows: arrows.get(th) ?? 0,
      }));
      return { lanes, drawn: this.drawn.map((lane) => ({ ...lane })), view: this.view && { ...this.view } };
    }

    show(what) {
      const found = this.model.lanes;
      if (found !== this.found) this.#take(found);
      const { event, state } = this.model;
      this.t = event ? event.t : state.t;
      const isOutside = !this.view || this.t < this.view.from || this.t > this.view.to;
      if (!this.view || (this.model.following && !this.isMoved)) this.#fitView();
      else if (this.model.following) this.#move(found.end - this.view.to);
      else if (what === "position" && isOutside) this.#fitView();
      this.#draw();
    }

    // Threads that did nothing have no lane.
    #take(found) {
      this.found = found;
      const waking = new Set(found.arrows.map(({ from }) => from.th));
      const hasPart = ({ th, kind, polls, parks, jobs }) =>
        kind === "worker" || waking.has(th) || polls.length + parks.length + jobs.length > 0;
      this.timeline = { ...found, lanes: found.lanes.filter(hasPart) };
      this.causes = new Map(found.arrows.map(({ to, by }) => [to.index, by]));
    }

    #draw() {
      const { meta } = this.model.trace;
      this.canvas.style.height = `${height(this.timeline.lanes)}px`;
      const { index, names } = this.model;
      this.drawn = paint(this.canvas, this.timeline, this.view, { index, slow: meta.slow_poll_ns, names });
      paintMinimap(this.minimap, this.timeline, this.view, this.t);
      const polls = this.drawn.reduce((sum, lane) => sum + lane.polls, 0);
      const arrows = this.drawn.reduce((sum, lane) => sum + lane.arrows, 0);
      const part = `${moment(Math.max(0, this.view.from))} to ${moment(this.view.to)}`;
      const text = `${part}: ${count(polls, "poll")} and ${count(arrows, "wake")} in view.`;
      this.canvas.setAttribute("aria-label", `Timeline, ${text} The table below has the same.`);
      this.told.textContent = text;
      clearTimeout(this.tableTimer);
      this.tableTimer = setTimeout(() => this.#fillTable(), 150);
    }

    #fit() {
      this.isMoved = false;
      this.#fitView();
      this.#draw();
    }

    #fitView() {
      const [from, to] = reveille.lanes.busyPart(this.found, this.t);
      this.view = { from, to };
    }

    #showAll() {
      const margin = Math.max(500, (this.found.end - this.found.start) * 0.01);
      this.isMoved = true;
      this.view = { from: this.found.start - margin, to: this.found.end + margin };
      this.#draw();
    }

    // Makes the view so many times as long; what is at `share` of it stays there.
    #zoom(times, share = 0.5) {
      const length = this.view.to - this.view.from;
      const longest = Math.max(this.found.end - this.found.start, SHORTEST_VIEW) * 1.2;
      const next = Math.min(Math.max(length * times, SHORTEST_VIEW), longest);
      const fixed = this.view.from + share * length;
      this.isMoved = true;
      this.view = { from: fixed - share * next, to: fixed + (1 - share) * next };
      this.#move(0);
      this.#draw();
    }

    // Moves the view, but never so far that nothing of the trace is in it.
    #move(by) {
      const length = this.view.to - this.view.from;
      const middle = this.view.from + by + length / 2;
      const inside = Math.min(Math.max(middle, this.found.start), this.found.end);
      this.view = { from: inside - length / 2, to: inside + length / 2 };
    }

    #pan(by) {
      this.isMoved = true;
      this.#move(by);
      this.#draw();
    }

    #listen() {
      this.canvas.addEventListener(
        "wheel",
        (event) => {
          if (!this.view) return;
          event.preventDefault();
          const { left, width } = this.canvas.getBoundingClientRect();
          if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
            this.#pan((event.deltaX / width) * (this.view.to - this.view.from));
          else this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, (event.clientX - left) / width);
        },
        { passive: false },
      );
      this.canvas.addEventListener("keydown", (event) => this.#key(event));
      this.#listenToPointer();
      this.#drag(this.minimap, (x) => {
        const middle = this.found.start + x * (this.found.end - this.found.start);
        this.#pan(middle - (this.view.from + this.view.to) / 2);
      });
      // Nothing depends on the height, and drawing changes it.
      let width = 0;
      new ResizeObserver(([{ contentRect }]) => {
        if (contentRect.width === 0 || contentRect.width === width) return;
        width = contentRect.width;
        if (this.view) this.#draw();
      }).observe(byId("page-timeline"));
    }

    #listenToPointer() {
      let before = null;
      let moved = 0;
      const at = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
      this.canvas.addEventListener("pointerdown", (event) => {
        before = at(event);
        moved = 0;
        this.canvas.setPointerCapture(event.pointerId);
      });
      this.canvas.addEventListener("pointermove", (event) => {
        if (before === null) return this.#tellSlice(event);
        const by = before - at(event);
        moved += Math.abs(by);
        before = at(event);
        this.#pan((by / this.canvas.clientWidth) * (this.view.to - this.view.from));
      });
      this.canvas.addEventListener("pointerup", (event) => {
        if (before !== null && moved < 5) this.#click(event);
        before = null;
      });
      this.canvas.addEventListener("pointercancel", () => {
        before = null;
      });
    }

    #drag(canvas, act) {
      const share = (event) => (event.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth;
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId);
        act(share(event));
      });
      canvas.addEventListener(
        "pointermove",
        (event) => canvas.hasPointerCapture(event.pointerId) && act(share(event)),
      );
    }

    #key(event) {
      const length = this.view.to - this.view.from;
      const act = {
        ArrowLeft: () => this.#pan(-length / 5),
        ArrowRight: () => this.#pan(length / 5),
        "+": () => this.#zoom(0.5),
        "=": () => this.#zoom(0.5),
        "-": () => this.#zoom(2),
        0: () => this.#showAll(),
      }[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    }

    #hit(event) {
      const { left, top } = this.canvas.getBoundingClientRect();
      return sliceAt(
        this.timeline,
        this.view,
        this.canvas.clientWidth,
        event.clientX - left,
        event.clientY - top,
      );
    }

    #click(event) {
      const hit = this.#hit(event);
      if (!hit || hit.slice.index === null) return;
      this.model.seek(hit.slice.index);
      reveille.showPage("loop");
    }

    #tellSlice(event) {
      const hit = this.#hit(event);
      if (!hit) return;
      const { slice, lane } = hit;
      const { names } = this.model;
      const what = {
        poll: `poll ${slice.n} of ${names.task(slice.task)}`,
        park: "asleep",
        job: `blocking job ${slice.job}`,
      }[slice.kind];
      const took = duration(slice.end - slice.start);
      this.told.textContent = `${lane.name}: ${what}, from ${moment(slice.start)}, ${took}`;
    }

    #makeTable() {
      const by = (index) => {
        const cause = this.causes.get(index);
        return cause ? reveille.sentences.waker(cause, this.model.names).who : "not known";
      };
      this.table = new reveille.PagedTable({
        caption: "The polls in view",
        pageSize: 25,
        empty: "No poll is in view.",
        columns: [
          {
            title: "Event",
            number: true,
            cell: ({ index }) => (index === null ? "before" : eventLink(index)),
            sort: ({ index }) => index ?? -1,
          },
          { title: "Thread", cell: ({ lane }) => lane.name, sort: ({ lane }) => lane.name },
          { title: "Task", cell: ({ task }) => taskChip(this.model.names, task), sort: ({ task }) => task },
          { title: "Poll", number: true, cell: ({ n }) => n, sort: ({ n }) => n },
          { title: "From", number: true, cell: ({ start }) => moment(start), sort: ({ start }) => start },
          {
            title: "Took",
            number: true,
            cell: (poll) => duration(poll.end - poll.start),
            sort: (poll) => poll.end - poll.start,
          },
          { title: "Result", cell: ({ result }) => result ?? "not over" },
          { title: "Woken by", cell: ({ index }) => by(index) },
        ],
      });
      return this.table.node;
    }

    #fillTable() {
      const { from, to } = this.view;
      const rows = this.timeline.lanes.flatMap((lane) =>
        lane.polls.filter(({ start, end }) => end >= from && start <= to).map((poll) => ({ ...poll, lane })),
      );
      rows.sort((a, b) => a.start - b.start);
      const { index } = this.model;
      this.table.show(rows, (poll) => poll.index === index || poll.endIndex === index);
    }
  }

  reveille.Timeline = Timeline;
})((globalThis.reveille ??= {}));
