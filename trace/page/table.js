// A table that is shown in pages of rows and sorted by its columns.
(function (reveille) {
  "use strict";
  const { element } = reveille.dom;
  const { integer } = reveille.durations;

  // `columns` are `{title, cell, sort, number}`: `cell` gives a row's node or text; `sort`, if any, what to order rows by;
  // `number` puts it to the right. The roles are said although the elements have them, as narrow screens show rows as blocks.
  class PagedTable {
    constructor({ caption, columns, pageSize = 50, empty = "None." }) {
      Object.assign(this, { columns, pageSize, rows: [], page: 0, order: null });
      this.head = element(
        "tr",
        { role: "row" },
        columns.map((column) => this.#heading(column)),
      );
      this.body = element("tbody", { role: "rowgroup" });
      this.empty = element("p", { class: "none" }, empty);
      const button = (text, by) =>
        element("button", { type: "button", on: { click: () => this.#turn(by) } }, text);
      this.back = button("Back", -1);
      this.on = button("On", 1);
      this.where = element("span");
      this.pager = element("div", { class: "pager" }, this.back, this.where, this.on);
      this.table = element(
        "table",
        { role: "table" },
        element("caption", null, caption),
        element("thead", { role: "rowgroup" }, this.head),
        this.body,
      );
      this.node = element("div", { class: "table" }, this.table, this.empty, this.pager);
      this.show([]);
    }

    // `marked` says which rows to mark, with `aria-current`.
    show(rows, marked = () => false) {
      this.rows = rows;
      this.marked = marked;
      this.#sort();
      this.#draw();
    }

    #heading(column) {
      const attributes = { role: "columnheader", scope: "col", class: column.number && "number" };
      if (!column.sort) return element("th", attributes, column.title);
      const sort = () => this.#orderBy(column);
      return element(
        "th",
        attributes,
        element("button", { type: "button", class: "sort", on: { click: sort } }, column.title),
      );
    }

    #orderBy(column) {
      const again = this.order?.column === column;
      this.order = { column, direction: again ? -this.order.direction : column.number ? -1 : 1 };
      this.page = 0;
      this.#sort();
      this.#draw();
    }

    #sort() {
      this.sorted = this.rows;
      if (!this.order) return;
      const {
        column: { sort },
        direction,
      } = this.order;
      const compare = (a, b) => (a === b ? 0 : a > b ? 1 : -1);
      this.sorted = this.rows.slice().sort((a, b) => direction * compare(sort(a), sort(b)));
    }

    #draw() {
      const pages = Math.max(1, Math.ceil(this.sorted.length / this.pageSize));
      this.page = Math.min(this.page, pages - 1);
      const from = this.page * this.pageSize;
      const shown = this.sorted.slice(from, from + this.pageSize);
      this.table.hidden = shown.length === 0;
      this.empty.hidden = shown.length > 0;
      this.columns.forEach((column, place) => {
        const ordered =
          this.order?.column === column ? (this.order.direction > 0 ? "ascending" : "descending") : "none";
        if (column.sort) this.head.children[place].setAttribute("aria-sort", ordered);
      });
      this.body.replaceChildren(...shown.map((row) => this.#row(row)));
      this.pager.hidden = pages === 1;
      this.back.disabled = this.page === 0;
      this.on.disabled = this.page === pages - 1;
      const to = from + shown.length;
      this.where.textContent = ` ${integer(from + 1)} to ${integer(to)} of ${integer(this.sorted.length)} `;
    }

    #turn(by) {
      this.page += by;
      this.#draw();
    }

    #row(row) {
      const cells = this.columns.map(({ title, cell, number }) =>
        element("td", { role: "cell", class: number && "number", "data-title": title }, cell(row)),
      );
      return element("tr", { role: "row", "aria-current": this.marked(row) && "true" }, cells);
    }
  }

  reveille.PagedTable = PagedTable;
})((globalThis.reveille ??= {}));
