// Draws the timeline onto a canvas. What lies where is worked out here as well, for clicks.
(function (reveille) {
  "use strict";
  const { hue } = reveille.dom;
  const { mark } = reveille.durations;

  const STRIP = 34;
  const LANE = 30;
  const AXIS = 22;
  const NAME_LEFT = 4;
  const FONT = "12px system-ui, sans-serif";

  const COLOURS = [
    "text",
    "muted",
    "line",
    "back",
    "panel",
    "accent",
    "slow",
    "arrow",
    "current",
    "window",
    "parked",
  ];

  function height(lanes) {
    return STRIP + lanes.length * LANE + AXIS;
  }

  // Draws the part `view` = {from, to} of `timeline` = {lanes, arrows, depth}. Gives what it has drawn:
  // `{th, name, polls, arrows}` for each lane, an arrow being counted where it ends.
  function paint(canvas, timeline, view, { index, slow, names }) {
    const context = prepare(canvas, canvas.clientWidth, height(timeline.lanes));
    const colours = coloursOf(canvas);
    const width = canvas.clientWidth;
    const x = (t) => ((t - view.from) / (view.to - view.from)) * width;
    const drawing = { context, colours, width, view, x, index, slow, names };
    const rows = new Map(timeline.lanes.map(({ th }, row) => [th, STRIP + row * LANE]));
    drawDepth(drawing, timeline.depth);
    context.fillStyle = colours.panel;
    for (const top of rows.values()) context.fillRect(0, top + 1, width, LANE - 2);
    drawAxis(drawing, STRIP + timeline.lanes.length * LANE);
    const drawn = timeline.lanes.map((lane) => ({
      th: lane.th,
      name: lane.name,
      polls: drawLane(drawing, lane, rows.get(lane.th)),
      arrows: 0,
    }));
    const arrows = drawArrows(drawing, timeline.arrows, rows);
    for (const lane of drawn) lane.arrows = arrows.get(lane.th) ?? 0;
    drawNames(drawing, timeline.lanes, rows);
    return drawn;
  }

  // The slice at that place of the canvas; the innermost one, polls first.
  function sliceAt({ lanes }, view, width, x, y) {
    const lane = lanes[Math.floor((y - STRIP) / LANE)];
    if (!lane) return undefined;
    const scale = (view.to - view.from) / width;
    const t = view.from + x * scale;
    // Two pixels are near enough: many polls are narrower.
    const hit = ({ start, end }) => start - 2 * scale <= t && t <= end + 2 * scale;
    const away = ({ start, end }) => Math.max(start - t, t - end, 0);
    const closest = (slices) => slices.filter(hit).sort((a, b) => away(a) - away(b) || b.level - a.level)[0];
    const slice = closest(lane.polls) ?? closest(lane.jobs) ?? closest(lane.parks);
    return slice && { lane, slice };
  }

  // The whole trace in little: how busy each column is, and the part that is in view.
  function paintMinimap(canvas, timeline, view, t) {
    const width = canvas.clientWidth;
    const tall = canvas.clientHeight;
    const context = prepare(canvas, width, tall);
    const colours = coloursOf(canvas);
    const length = Math.max(1, timeline.end - timeline.start);
    const x = (time) => ((time - timeline.start) / length) * width;
    const busy = busyColumns(timeline, width);
    const most = busy.reduce((a, b) => Math.max(a, b), 1);
    context.fillStyle = colours.accent;
    for (let column = 0; column < busy.length; column += 1) {
      if (busy[column] === 0) continue;
      const bar = Math.max(2, (busy[column] / most) * (tall - 4));
      context.fillRect(column, tall - bar, 1, bar);
    }
    const left = x(view.from);
    const right = Math.max(x(view.to), left + 3);
    context.fillStyle = colours.window;
    context.fillRect(left, 0, right - left, tall);
    context.strokeStyle = colours.text;
    context.strokeRect(left + 0.5, 0.5, right - left - 1, tall - 1);
    context.fillStyle = colours.current;
    context.fillRect(Math.round(x(t)), 0, 2, tall);
  }

  // For each column of the minimap, how many threads polled in it, on average.
  function busyColumns(timeline, width) {
    if (timeline.busy?.length === width) return timeline.busy;
    const columns = new Float64Array(width);
    const scale = width / Math.max(1, timeline.end - timeline.start);
    for (const { polls } of timeline.lanes) {
      for (const { start, end, level } of polls) {
        if (level > 0) continue;
        const from = (start - timeline.start) * scale;
        const to = Math.max((end - timeline.start) * scale, from + 1e-6);
        for (let column = Math.floor(from); column < Math.min(to, width); column += 1) {
          columns[column] += Math.min(to, column + 1) - Math.max(from, column);
        }
      }
    }
    timeline.busy = columns;
    return columns;
  }

  function prepare(canvas, width, tall) {
    const ratio = globalThis.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(tall * ratio)) canvas.height = Math.round(tall * ratio);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, tall);
    context.font = FONT;
    context.textBaseline = "middle";
    context.lineWidth = 1;
    return context;
  }

  // The colours of the style sheet, as the theme in force resolves them.
  function coloursOf(canvas) {
    const probe = canvas.parentNode.appendChild(document.createElement("span"));
    const found = {};
    for (const name of COLOURS) {
      probe.style.color = `var(--${name})`;
      found[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    return found;
  }

  function drawDepth({ context, colours, width, view, x }, depth) {
    let most = 1;
    let before = 0;
    for (let place = 0; place < depth.length && depth[place][0] <= view.to; place += 1) {
      if (depth[place][0] <= view.from) before = place;
      else most = Math.max(most, depth[place][1]);
    }
    most = Math.max(most, depth[before]?.[1] ?? 0);
    const y = (n) => STRIP - 3 - (n / most) * (STRIP - 14);
    context.beginPath();
    context.moveTo(0, STRIP - 3);
    let last = depth[before]?.[1] ?? 0;
    context.lineTo(0, y(last));
    for (let place = before + 1; place < depth.length && depth[place][0] <= view.to; place += 1) {
      const [t, n] = depth[place];
      context.lineTo(x(t), y(last));
      context.lineTo(x(t), y(n));
      last = n;
    }
    context.lineTo(width, y(last));
    context.lineTo(width, STRIP - 3);
    context.fillStyle = colours.window;
    context.fill();
    context.strokeStyle = colours.muted;
    context.stroke();
    label(context, `queued tasks, at most ${most}`, 4, 8, colours.muted, colours.back);
  }

  function drawLane(drawing, { name, polls, parks, jobs }, top) {
    const { context, view, x } = drawing;
    // The lane's name is written over its beginning.
    drawing.free = NAME_LEFT + context.measureText(name).width + 8;
    for (const park of parks) {
      if (inView(park, view)) drawPark(drawing, x(park.start), x(park.end), top);
    }
    for (const job of jobs) if (inView(job, view)) drawSlice(drawing, job, top, `job ${job.job}`, false);
    let drawn = 0;
    let column = -1;
    for (const poll of polls) {
      if (!inView(poll, view)) continue;
      drawn += 1;
      const slow = poll.end - poll.start >= drawing.slow;
      const right = x(poll.end);
      // A pixel that a poll has already is not drawn again.
      if (!slow && right < column + 1 && poll.level === 0) continue;
      column = Math.floor(Math.max(right, x(poll.start) + 1));
      drawSlice(drawing, poll, top, drawing.names.task(poll.task), slow);
    }
    return drawn;
  }

  function drawSlice({ context, colours, width, x, index, free }, slice, top, text, slow) {
    const left = Math.max(x(slice.start), -2);
    const wide = Math.max(1, Math.min(x(slice.end), width + 2) - left);
    const inset = 3 + Math.min(slice.level, 3) * 4;
    const [y, tall] = [top + inset, LANE - 2 * inset];
    const current = slice.index === index || slice.endIndex === index;
    context.fillStyle = slow ? colours.slow : `hsl(${hue(slice.task)} 60% 72%)`;
    context.fillRect(left, y, wide, tall);
    if (wide < 4) return;
    context.strokeStyle = current ? colours.current : slow ? colours.slow : `hsl(${hue(slice.task)} 50% 42%)`;
    context.lineWidth = current ? 3 : 1;
    context.strokeRect(left + 0.5, y + 0.5, wide - 1, tall - 1);
    context.lineWidth = 1;
    const begin = Math.max(left + 4, free);
    const space = left + wide - 4 - begin;
    if (space > 12 && context.measureText(text).width <= space) {
      context.fillStyle = slow ? "#fff" : "#111";
      context.fillText(text, begin, top + LANE / 2 + 0.5);
    }
  }

  function drawPark({ context, colours, width }, start, end, top) {
    const left = Math.max(start, 0);
    const right = Math.min(Math.max(end, start + 1), width);
    context.save();
    context.beginPath();
    context.rect(left, top + 6, right - left, LANE - 12);
    context.clip();
    context.strokeStyle = colours.parked;
    context.beginPath();
    for (let at = Math.floor(left / 7) * 7 - LANE; at < right; at += 7) {
      context.moveTo(at, top + LANE - 6);
      context.lineTo(at + LANE - 12, top + 6);
    }
    context.stroke();
    context.restore();
  }

  function drawArrows({ context, colours, view, x }, arrows, rows) {
    const drawn = new Map();
    context.strokeStyle = colours.arrow;
    context.fillStyle = colours.arrow;
    context.beginPath();
    const heads = [];
    for (const { from, to } of arrows) {
      if (to.t < view.from || from.t > view.to || !rows.has(from.th) || !rows.has(to.th)) continue;
      drawn.set(to.th, (drawn.get(to.th) ?? 0) + 1);
      const [x1, y1] = [x(from.t), rows.get(from.th) + LANE / 2];
      const [x2, y2] = [x(to.t), rows.get(to.th) + (from.th === to.th ? 4 : LANE / 2)];
      context.moveTo(x1, y1);
      if (from.th === to.th) context.quadraticCurveTo((x1 + x2) / 2, y2 - 16, x2, y2);
      else context.lineTo(x2, y2);
      if (heads.length < 1000) heads.push([x2, y2]);
    }
    // Many would be one surface, which hides the polls below.
    context.globalAlpha = Math.max(0.15, Math.min(1, 24 / heads.length));
    context.stroke();
    context.globalAlpha = 1;
    for (const [left, top] of heads) {
      context.beginPath();
      context.moveTo(left, top);
      context.lineTo(left - 6, top - 3.5);
      context.lineTo(left - 6, top + 3.5);
      context.fill();
    }
    return drawn;
  }

  function drawAxis({ context, colours, width, view, x }, top) {
    const step = roundStep((view.to - view.from) / Math.max(1, width / 110));
    context.fillStyle = colours.muted;
    context.strokeStyle = colours.line;
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
      const left = Math.round(x(t)) + 0.5;
      context.beginPath();
      context.moveTo(left, STRIP);
      context.lineTo(left, top + 5);
      context.stroke();
      const text = mark(t, step, view.to);
      if (left + 3 + context.measureText(text).width <= width && t >= 0)
        context.fillText(text, left + 3, top + AXIS / 2 + 2);
    }
  }

  function drawNames({ context, colours }, lanes, rows) {
    for (const { th, name } of lanes)
      label(context, name, NAME_LEFT, rows.get(th) + LANE / 2, colours.text, colours.back);
  }

  function label(context, text, left, middle, colour, back) {
    const wide = context.measureText(text).width;
    context.globalAlpha = 0.85;
    context.fillStyle = back;
    context.fillRect(left - 3, middle - 8, wide + 6, 16);
    context.globalAlpha = 1;
    context.fillStyle = colour;
    context.fillText(text, left, middle);
  }

  function inView({ start, end }, { from, to }) {
    return end >= from && start <= to;
  }

  // 1, 2 or 5 times a power of ten that is at least `least`.
  function roundStep(least) {
    const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
    return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least);
  }

  reveille.timelinePaint = { paint, paintMinimap, sliceAt, height };
})((globalThis.reveille ??= {}));
