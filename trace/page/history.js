// All the states of a trace, each within reach: the first state, the events, and a copy of the state (a keyframe) every so
// many events. A state is found by copying the nearest keyframe before it and applying the events from there.
//
// The distance of keyframes is 256 events, and grows with the number of things in the state up to 4096, so that
// keyframes of a program with 10,000 tasks hold about two things per event rather than forty.
(function (reveille) {
  "use strict";
  const { initial, reduce, copy, size, forgetDone } = reveille.state;

  const SHORTEST = 256;
  const LONGEST = 4096;

  class History {
    // Keeps at most `limit` events, the newest ones. `snapshot` may be missing.
    constructor(snapshot, events, limit = 200_000) {
      this.limit = limit;
      this.base = initial(snapshot);
      this.events = [];
      // The number of the first event that is kept. Numbers count from the first event ever given and never change.
      this.first = 0;
      this.#restart();
      this.push(events);
    }

    // The number of the newest event; `first - 1` if there is none.
    get last() {
      return this.first + this.events.length - 1;
    }

    event(index) {
      return this.events[index - this.first];
    }

    // The state after the event of that number, and before the first one for `first - 1`. To be read only, until the next call.
    at(index) {
      const target = Math.min(Math.max(index, this.first - 1), this.last);
      const frame = this.#frameBefore(target);
      if (!this.cursor || this.cursor.index > target || this.cursor.index < frame.index) {
        this.cursor = { index: frame.index, state: copy(frame.state) };
      }
      while (this.cursor.index < target) {
        this.cursor.index += 1;
        reduce(this.cursor.state, this.event(this.cursor.index));
      }
      return this.cursor.state;
    }

    push(events) {
      const excess = this.events.length + events.length - this.limit;
      if (excess > 0) {
        this.#fold(events, excess);
        return;
      }
      for (const event of events) this.#append(event);
    }

    // Makes room: the oldest events become part of the first state, and the tasks that were over by then are forgotten.
    // Somewhat more than what is needed goes, since everything kept is applied again.
    #fold(events, excess) {
      const all = this.events.concat(events);
      const spare = this.events.length > 0 ? Math.floor(this.limit / 8) : 0;
      const cut = Math.min(all.length, excess + spare);
      for (let place = 0; place < cut; place += 1) reduce(this.base, all[place]);
      forgetDone(this.base);
      this.first += cut;
      this.events = [];
      this.#restart();
      for (let place = cut; place < all.length; place += 1) this.#append(all[place]);
    }

    #restart() {
      this.frames = [{ index: this.first - 1, state: copy(this.base) }];
      this.head = copy(this.base);
      this.cursor = null;
    }

    #append(event) {
      this.events.push(event);
      reduce(this.head, event);
      if (this.last - this.frames.at(-1).index >= distance(this.head)) {
        this.frames.push({ index: this.last, state: copy(this.head) });
      }
    }

    #frameBefore(index) {
      let low = 0;
      let high = this.frames.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.frames[middle].index <= index) low = middle;
        else high = middle - 1;
      }
      return this.frames[low];
    }
  }

  function distance(state) {
    return Math.min(LONGEST, Math.max(SHORTEST, size(state) >> 1));
  }

  reveille.History = History;
})((globalThis.reveille ??= {}));
