// The list of all events, of which only the rows in sight exist.
(function (reveille) {
  "use strict";
  const { element } = reveille.dom;
  const { moment, integer } = reveille.durations;
  const { tasksOf } = reveille.sentences;

  const MARGIN = 8;

  class EventList {
    constructor(place, model) {
      this.model = model;
      this.rows = element("div", { class: "rows" });
      this.node = element(
        "div",
        {
          class: "event-list",
          role: "listbox",
          tabindex: "0",
          "aria-labelledby": "events-title",
          on: { scroll: () => this.#draw(), keydown: (event) => this.#key(event) },
        },
        this.rows,
      );
      place.replaceChildren(this.node);
    }

    // Shows the current event; moves only if it is out of sight.
    show() {
      const { history, index } = this.model;
      this.height = parseFloat(getComputedStyle(this.node).getPropertyValue("--row")) * rootSize();
      this.rows.style.height = `${history.events.length * this.height}px`;
      const top = (index - history.first) * this.height;
      const { scrollTop, clientHeight } = this.node;
      if (top < scrollTop || top + this.height > scrollTop + clientHeight) {
        this.node.scrollTop = Math.max(0, top - clientHeight / 2);
      }
      this.#draw();
    }

    // In a list, up and down are what left and right are on the page.
    #key(event) {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.model.seek(this.model.index + by);
    }

    #draw() {
      const { history, index } = this.model;
      const from = Math.max(0, Math.floor(this.node.scrollTop / this.height) - MARGIN);
      const to = Math.ceil((this.node.scrollTop + this.node.clientHeight) / this.height) + MARGIN;
      const shown = history.events.slice(from, to);
      this.rows.replaceChildren(
        ...shown.map((event, place) => this.#row(event, history.first + from + place)),
      );
      const current = this.rows.querySelector("[aria-selected=true]");
      if (current) this.node.setAttribute("aria-activedescendant", current.id);
      else this.node.removeAttribute("aria-activedescendant");
      this.node.dataset.current = index;
    }

    #row(event, index) {
      const { history, names } = this.model;
      const place = index - history.first;
      const [task] = tasksOf(event);
      const row = element(
        "div",
        {
          role: "option",
          id: `event-${index}`,
          class: "event",
          "data-event": index,
          "aria-selected": String(index === this.model.index),
          "aria-posinset": place + 1,
          "aria-setsize": history.events.length,
        },
        element("span", { class: "event-number" }, integer(index)),
        element("span", { class: "event-time" }, moment(event.t)),
        element("span", { class: "event-kind" }, event.k),
        element("span", { class: "event-task" }, task ? names.task(task) : names.thread(event.th)),
      );
      row.style.top = `${place * this.height}px`;
      return row;
    }
  }

  function rootSize() {
    return parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  reveille.EventList = EventList;
})((globalThis.reveille ??= {}));
