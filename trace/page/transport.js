// The buttons and the slider that move through the trace.
(function (reveille) {
  "use strict";
  const { byId } = reveille.dom;
  const { moment, integer } = reveille.durations;

  class Transport {
    constructor(model) {
      this.model = model;
      this.timer = null;
      const acts = {
        "to-start": () => this.goToStart(),
        "step-back": () => this.step(-1),
        play: () => this.togglePlay(),
        step: () => this.step(1),
        "to-end": () => this.goToEnd(),
        "next-task": () => model.nextOfTask(1),
        "next-wake": () => model.nextWake(1),
        "next-finding": () => model.nextFinding(1),
      };
      for (const [id, act] of Object.entries(acts)) byId(id).addEventListener("click", act);
      byId("seek").addEventListener("input", ({ target }) => model.seek(Number(target.value)));
      byId("speed").addEventListener("change", () => {
        if (!this.timer) return;
        this.stop();
        this.togglePlay();
      });
    }

    step(by) {
      this.model.seek(this.model.index + by);
    }

    goToStart() {
      this.model.seek(this.model.history.first - 1);
    }

    goToEnd() {
      this.model.seek(this.model.history.last);
    }

    togglePlay() {
      if (this.timer) return this.stop();
      if (this.model.index >= this.model.history.last) return;
      const speed = Number(byId("speed").value);
      // Timers of a page are not faster than this.
      const atOnce = Math.max(1, Math.round(speed / 25));
      this.timer = setInterval(
        () => {
          this.step(atOnce);
          if (this.model.index >= this.model.history.last) this.stop();
        },
        (1000 * atOnce) / speed,
      );
      this.#showPlaying(speed <= 1);
    }

    stop() {
      clearInterval(this.timer);
      this.timer = null;
      this.#showPlaying(true);
    }

    show() {
      const { history, index, event, state, findings, task } = this.model;
      const seek = byId("seek");
      seek.min = history.first - 1;
      seek.max = history.last;
      seek.value = index;
      const where = event ? `event ${integer(index)} of ${integer(history.last)}` : "the start";
      seek.setAttribute("aria-valuetext", where);
      byId("position").textContent = `${where}, at ${moment(event ? event.t : state.t)}`;
      for (const id of ["to-start", "step-back"]) byId(id).disabled = index < history.first;
      for (const id of ["to-end", "step"]) byId(id).disabled = index >= history.last;
      byId("next-task").disabled = task === 0;
      byId("next-finding").disabled = findings.length === 0;
    }

    // While the sentences fly past, nobody wants them read out.
    #showPlaying(isReadOut) {
      const button = byId("play");
      button.setAttribute("aria-label", this.timer ? "Pause" : "Play");
      button.classList.toggle("playing", this.timer !== null);
      byId("sentence").setAttribute("aria-live", isReadOut ? "polite" : "off");
    }
  }

  reveille.Transport = Transport;
})((globalThis.reveille ??= {}));
