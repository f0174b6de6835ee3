// Times and numbers as people read them.
(function (reveille) {
  "use strict";

  const UNITS = [
    ["s", 1e9],
    ["ms", 1e6],
    ["µs", 1e3],
  ];

  // Three significant digits in the unit that fits: `12.1 ms`.
  function duration(ns) {
    for (const [unit, length] of UNITS) {
      // 999.9 µs is 1.00 ms.
      if (ns >= length * 0.9995) return `${threeDigits(ns / length)} ${unit}`;
    }
    return `${Math.round(ns)} ns`;
  }

  // A moment of the trace, in milliseconds, exact to the microsecond: `261.403 ms`.
  function moment(ns) {
    return `${(ns / 1e6).toFixed(3)} ms`;
  }

  // A mark of an axis whose marks are `step` apart, so exact that no two of them are the same: `1.2935 ms`.
  function mark(ns, step, longest) {
    const [unit, length] = UNITS.find(([, length]) => longest >= length) ?? ["ns", 1];
    return `${(ns / length).toFixed(Math.max(0, Math.ceil(Math.log10(length / step) - 1e-9)))} ${unit}`;
  }

  function count(number, one, many = `${one}s`) {
    return `${integer(number)} ${number === 1 ? one : many}`;
  }

  function integer(number) {
    return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  function threeDigits(number) {
    if (number >= 99.95) return integer(Math.round(number));
    return number.toFixed(number >= 9.995 ? 1 : 2);
  }

  reveille.durations = { duration, moment, mark, count, integer };
})((globalThis.reveille ??= {}));
