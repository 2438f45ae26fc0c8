"use strict";
// Draws the panels that the server sends: graphs with uPlot, everything else as text and tables.
const graphs = new Map();
const dark = matchMedia("(prefers-color-scheme: dark)");
let changes = [];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
// Further series of one colour are drawn in shades of it.
const line = (series, number) => !series.color ? colour(`line-${number % 10}`) : series.shade
  ? `color-mix(in srgb, ${series.color}, ${colour("ink")} ${Math.min(60, 25 * series.shade)}%)` : series.color;

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const digits = (value) => String(Number(value.toPrecision(3)));
function scaled(value, steps) {
  const size = Math.abs(value);
  const [factor, unit] = steps.find(([least]) => size >= least) ?? steps[steps.length - 1];
  return `${digits(value / factor)}${unit}`;
}
const thousands = [[1e9, " G"], [1e6, " M"], [1e3, " k"]];
const plain = (value) => (Math.abs(value) < 1e4 ? digits(value) : scaled(value, thousands));
const units = {
  percentunit: (value) => `${digits(100 * value)} %`,
  s: (value) => value === 0 ? "0 s" : Math.abs(value) >= 120 ? scaled(value, [[86400, " d"], [3600, " h"], [60, " min"]])
    : scaled(value, [[1, " s"], [1e-3, " ms"], [1e-6, " µs"]]),
  bytes: (value) => scaled(value, [[2 ** 30, " GiB"], [2 ** 20, " MiB"], [2 ** 10, " KiB"], [1, " B"]]),
  reqps: (value) => `${plain(value)} req/s`,
  cps: (value) => `${plain(value)}/s`,
  ops: (value) => `${plain(value)}/s`,
  wps: (value) => `${plain(value)}/s`,
};
const written = (unit, value) => (value === null || value === undefined ? "–" : (units[unit] ?? plain)(value));

function tile(panel) {
  if (!panel.values.length) return [make("p", "soft", "No data")];
  return panel.values.map(({ name, value, meaning }) => make("p", `value ${meaning}`, name ?? written(panel.unit, value)));
}

function table(panel) {
  if (!panel.rows.length) return [make("p", "soft", "No data")];
  const made = make("table"), head = make("tr"), body = make("tbody");
  const numeric = panel.columns.map((_, position) => panel.rows.some((cells) => typeof cells[position] === "number"));
  panel.columns.forEach((name, position) => head.append(make("th", numeric[position] ? "number" : "", name.replaceAll("_", " "))));
  for (const cells of panel.rows) {
    const row = make("tr");
    cells.forEach((cell, position) => {
      // A commit as people write it.
      const text = typeof cell === "number" ? plain(cell) : cell?.replace(/@sha1:([0-9a-f]{7})[0-9a-f]*/, "@$1") || "–";
      const made = make("td", numeric[position] ? "number" : "", text);
      made.dataset.label = panel.columns[position].replaceAll("_", " ");
      row.append(made);
    });
    body.append(row);
  }
  made.append(make("thead"), body);
  made.tHead.append(head);
  return [made];
}

// A series that has ended has no value now: its last one would look current.
const state = (words, value) => value === null ? make("span", "soft", "–") : make("span", "", words[value][0]);

function states(panel) {
  if (!panel.series.length) return [make("p", "soft", "No data")];
  return panel.series.map(({ name, values, words }) => {
    const row = make("div", "state"), last = values.at(-1);
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", `0 0 ${values.length} 1`);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.setAttribute("aria-hidden", "true");
    for (let from = 0; from < values.length; from += 1) {
      let to = from;
      while (to + 1 < values.length && values[to + 1] === values[from]) to += 1;
      if (values[from] !== null) {
        const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        for (const [key, value] of [["x", from], ["width", to - from + 1], ["height", 1]]) part.setAttribute(key, value);
        part.setAttribute("fill", words[values[from]][1]);
        picture.append(part);
      }
      from = to;
    }
    row.append(make("span", "", name), state(words, last), picture);
    return row;
  });
}

function decorate(plot, panel) {
  const { ctx, bbox } = plot;
  const stroke = (x0, y0, x1, y1, style) => {
    ctx.save();
    ctx.strokeStyle = style;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
    ctx.restore();
  };
  for (const { value, color } of panel.limits) {
    if (value > plot.scales.y.max) continue;
    const y = plot.valToPos(value, "y", true);
    stroke(bbox.left, y, bbox.left + bbox.width, y, color);
  }
  for (const { at } of changes) {
    if (at < plot.scales.x.min || at > plot.scales.x.max) continue;
    const x = plot.valToPos(at, "x", true);
    stroke(x, bbox.top, x, bbox.top + bbox.height, colour("accent"));
  }
}

function legend(panel) {
  const list = make("ul", "legend");
  const cells = panel.series.map((series, number) => {
    const { name, values } = series;
    const item = make("li"), swatch = make("span", "swatch"), value = make("span", "number", written(panel.unit, values.at(-1)));
    swatch.style.background = line(series, number);
    item.append(swatch, make("span", "", name), value);
    list.append(item);
    return value;
  });
  if (panel.hidden) list.append(make("li", "soft", `and ${panel.hidden} more, with lower values`));
  const show = (index) => panel.series.forEach(({ values }, number) => {
    cells[number].textContent = written(panel.unit, values.at(index ?? -1));
  });
  return [list, show];
}

function graph(panel, place, number) {
  if (!panel.series.length) return [make("p", "soft", "No data in this time")];
  const [list, show] = legend(panel);
  const holder = make("div", "plot");
  place.replaceChildren(holder, list);
  const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, font: "11px system-ui" };
  const times = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day = { month: "short", day: "numeric" };
  const long = panel.times.at(-1) - panel.times[0] > 172800;
  const all = panel.series.flatMap(({ values }) => values.filter((value) => value !== null));
  const top = Math.max(...all), bottom = Math.min(0, ...all);
  const plot = new uPlot({
    width: holder.clientWidth || 300, height: 180, padding: [10, 20, 0, 0],
    legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } },
    scales: { x: { range: [panel.times[0], panel.times.at(-1)] }, y: { range: [1.1 * bottom, top > 0 ? 1.1 * top : panel.unit === "percentunit" ? 0.01 : 1] } },
    series: [{}, ...panel.series.map((series, position) => ({ stroke: line(series, position), width: 1.6, fill: panel.series.length === 1 ? `${line(series, 0)}22` : undefined, points: { show: false } }))],
    axes: [
      { ...axis, size: 28, values: (_, ticks) => ticks.map((tick) => new Intl.DateTimeFormat("en", long ? day : times).format(1000 * tick)) },
      { ...axis, size: 74, values: (_, ticks) => ticks.map((tick) => written(panel.unit, tick)) },
    ],
    hooks: { draw: [(drawn) => decorate(drawn, panel)], setCursor: [(drawn) => show(drawn.cursor.idx ?? null)] },
  }, [panel.times, ...panel.series.map(({ values }) => values)], holder);
  graphs.set(number, { plot, panel, place });
  return null;
}

function drawPanel(panel) {
  const place = document.querySelector(`#panel-${panel.number} .drawing`);
  graphs.get(panel.number)?.plot.destroy();
  graphs.delete(panel.number);
  const made = panel.kind === "trouble" ? [make("p", "failed", panel.text)]
    : panel.kind === "graph" ? graph(panel, place, panel.number)
    : { tile, table, states }[panel.kind](panel);
  if (made) place.replaceChildren(...made);
  place.closest("figure").dataset.drawn = panel.kind;
}

function drawMarks(found) {
  changes = found;
  const list = document.getElementById("marks");
  const time = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  list.hidden = found.length === 0;
  list.replaceChildren(...found.slice(-10).map(({ at, title }) => make("li", "", `${title} · ${time.format(1000 * at)}`)));
}

function redraw() {
  for (const [number, { panel }] of [...graphs]) drawPanel({ ...panel, number });
}

dark.addEventListener("change", redraw);
let resized;
addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(redraw, 150); });
