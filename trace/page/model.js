// What the page is about: the trace, the event that is looked at, the task that is chosen. Whoever shows it listens to it.
(function (reveille) {
  "use strict";
  const { History, Names } = reveille;
  const { tasksOf } = reveille.sentences;

  class Model {
    // `trace` is in the form of the schema; `findings` are `{kind, title, tasks, events, evidence, fix, chapter}`.
    // At most `limit` events are kept. `isLive` says that more may come.
    constructor(trace, findings, { limit, isLive }) {
      this.listeners = [];
      this.limit = limit;
      this.isLive = isLive;
      this.findings = findings;
      this.selected = 0;
      // Whether the newest event is looked at, also when another one comes.
      this.following = false;
      this.trace = trace;
      this.restart(trace.snapshot, trace.events);
    }

    // Calls `listener` with what changed: "position" (the event or the task), "events" (there are more), "findings".
    listen(listener) {
      this.listeners.push(listener);
    }

    get event() {
      return this.history.event(this.index);
    }

    get state() {
      return this.history.at(this.index);
    }

    // The task that "this task" means: the chosen one, else the current event's.
    get task() {
      return this.selected || (this.event ? (tasksOf(this.event)[0] ?? 0) : 0);
    }

    restart(snapshot, events) {
      this.history = new History(snapshot, events, this.limit);
      this.index = this.following ? this.history.last : Math.min(this.history.first, this.history.last);
      this.#rename();
      this.#changed("events");
    }

    push(events) {
      const { first } = this.history;
      this.history.push(events);
      if (this.history.first === first) for (const event of events) this.names.learnEvent(event);
      else this.#rename();
      if (this.following) this.index = this.history.last;
      this.index = Math.max(this.index, this.history.first - 1);
      this.#changed("events");
    }

    // More about the trace itself: threads and strings.
    tell(header) {
      this.trace = { ...this.trace, ...header };
      this.names.tell(this.trace.threads, this.trace.strings);
    }

    find(findings) {
      this.findings = findings;
      this.#changed("findings");
    }

    // Goes to the event of that number, or the nearest one there is; the number before the first is the start.
    seek(index) {
      const { first, last } = this.history;
      this.index = Math.min(Math.max(Math.trunc(index) || 0, first - 1), last);
      this.following = this.isLive && this.index === last;
      this.#changed("position");
    }

    select(task) {
      this.selected = this.selected === task ? 0 : task;
      this.#changed("position");
    }

    // Goes to the next event, or with -1 the one before, for which `fits`; says whether there is one.
    seekNext(fits, direction) {
      for (let index = this.index + direction; this.history.event(index); index += direction) {
        if (fits(this.history.event(index), index)) {
          this.seek(index);
          return true;
        }
      }
      return false;
    }

    nextOfTask(direction) {
      const { task } = this;
      return task !== 0 && this.seekNext((event) => tasksOf(event).includes(task), direction);
    }

    nextWake(direction) {
      return this.seekNext((event) => event.k === "wake", direction);
    }

    nextFinding(direction) {
      const numbers = new Set(this.findings.flatMap(({ events }) => events));
      return this.seekNext((_, index) => numbers.has(index), direction);
    }

    // The timeline and the times, worked out when somebody wants to see them.
    get lanes() {
      this.lanesFound ??= reveille.lanes.lanes(this.history, this.trace.threads);
      return this.lanesFound;
    }

    get samples() {
      this.samplesFound ??= reveille.latency.samples(this.history, this.names);
      return this.samplesFound;
    }

    #rename() {
      this.names = new Names(this.trace.threads, this.trace.strings);
      this.names.learnState(this.history.base);
      for (const event of this.history.events) this.names.learnEvent(event);
    }

    #changed(what) {
      if (what === "events") {
        this.lanesFound = undefined;
        this.samplesFound = undefined;
      }
      for (const listener of this.listeners) listener(what);
    }
  }

  reveille.Model = Model;
})((globalThis.reveille ??= {}));
