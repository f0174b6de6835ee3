// A program that runs: its events come from the server that served this page. README.md describes the messages.
(function (reveille) {
  "use strict";
  const { byId } = reveille.dom;
  const { count } = reveille.durations;

  const RETRY_MS = 3000;

  class Live {
    // `notice(id, text)` shows a text above the page, or with an empty one hides it.
    constructor(model, notice) {
      this.model = model;
      this.notice = notice;
      // Numbers of the stream that no event of ours has: `[index, n]`, n of them instead of the event `lost` of that index.
      this.gaps = [];
      byId("downloads").hidden = false;
      byId("gate-step").addEventListener("click", () => this.#post("step"));
      byId("gate-run").addEventListener("click", () => this.#post("gate"));
      this.#connect();
    }

    #connect() {
      this.notice("live", "Connecting …");
      const source = new EventSource("events");
      const listen = (name, take) =>
        source.addEventListener(name, ({ data }) => this.#take(name, data, take));
      listen("header", (header) => this.#header(header));
      listen("snapshot", (snapshot) => this.#snapshot(snapshot));
      listen("batch", (events) => this.model.push(events));
      listen("findings", (findings) => this.#findings(findings));
      listen("lost", ({ n }) => this.#lost(n));
      source.addEventListener("open", () => this.#opened());
      source.addEventListener("error", () => this.#failed(source));
    }

    #take(name, data, take) {
      try {
        take(JSON.parse(data));
      } catch (error) {
        this.notice(
          "live",
          `The server sent a message (${name}) that this page does not understand: ${error.message}`,
        );
      }
    }

    // Each connection tells everything anew. What the last one told stays to be looked at until then.
    #opened() {
      this.isFresh = true;
      this.notice("live", "");
    }

    #header({ from = 0, strings, gated, schema, meta, ...header }) {
      const known = this.model.trace.strings;
      // Also when another recording begins.
      const isNew = this.isFresh || (from === 0 && known.length > 0);
      const { truncated } = isNew ? meta : this.model.trace.meta;
      this.model.tell({
        ...header,
        meta: { ...meta, truncated },
        strings: known.slice(0, from).concat(strings),
      });
      if (gated || this.isClosed !== undefined) this.#showGate(gated === true);
      this.isFresh = false;
      if (isNew) this.#snapshot(undefined);
    }

    #snapshot(snapshot) {
      this.gaps = [];
      this.notice("lost", "");
      this.model.following = true;
      this.model.restart(snapshot, []);
    }

    // This page was too slow for the program, and the server skipped events.
    #lost(n) {
      const { history, state } = this.model;
      const t = history.event(history.last)?.t ?? state.t;
      this.model.push([{ t, th: this.model.trace.threads[0]?.id ?? 0, k: "lost", n }]);
      this.gaps.push([history.last, n]);
      const all = this.gaps.reduce((sum, [, left]) => sum + left, 0);
      this.notice("lost", `This page could not keep up with the program: ${count(all, "event")} left out.`);
    }

    // Findings count the skipped events too.
    #findings(findings) {
      this.model.find(
        findings.map((finding) => ({
          ...finding,
          events: finding.events.map((number) => this.#index(number)),
        })),
      );
    }

    #index(number) {
      let skipped = 0;
      for (const [index, n] of this.gaps) {
        if (number < index + skipped) break;
        skipped += n - 1;
      }
      return number - skipped;
    }

    #failed(source) {
      if (source.readyState !== EventSource.CLOSED) {
        this.notice(
          "live",
          "The connection was lost; trying again. What arrived before can still be looked at.",
        );
        return;
      }
      source.close();
      this.#askWhy().then((why) => {
        this.notice("live", `${why} Trying again in ${RETRY_MS / 1000} seconds.`);
        setTimeout(() => this.#connect(), RETRY_MS);
      });
    }

    // An EventSource does not tell why it was refused.
    async #askWhy() {
      const stop = new AbortController();
      try {
        const answer = await fetch("events", { signal: stop.signal });
        if (answer.status === 503) return "There are too many viewers: close another page of this program.";
        return answer.ok ? "The connection was lost." : `The server refused, with status ${answer.status}.`;
      } catch {
        return "The program does not answer; it may be over. What arrived before can still be looked at.";
      } finally {
        stop.abort();
      }
    }

    #showGate(isClosed) {
      this.isClosed = isClosed;
      byId("gate").hidden = false;
      byId("gate-step").disabled = !isClosed;
      byId("gate-run").textContent = isClosed ? "Run on" : "Hold before each poll";
      byId("gate-text").textContent = isClosed ? "The program waits before each poll." : "The program runs.";
    }

    async #post(what) {
      try {
        const answer = await fetch(what, { method: "POST" });
        this.notice("gate", answer.ok ? "" : `The program did not take that, with status ${answer.status}.`);
        if (answer.ok && what === "gate") this.#showGate(!this.isClosed);
      } catch {
        this.notice("gate", "The program does not answer; it may be over.");
      }
    }
  }

  reveille.Live = Live;
})((globalThis.reveille ??= {}));
