// Every chart of the engineer's pages. What is drawn stands in the page as JSON, column by column, beside a
// specification of how; a chart's data links give the same columns as files. uPlot does the drawing.

import { axis, colour, drawLine, drawShapes, drawWhiskers, keepSize, number, percent } from "./chart_parts.js";

/* global uPlot */

const DAY_S = 86400;
const WHOLE = [1, 2, 5].flatMap((one) => [1, 10, 100, 1e3, 1e4, 1e5].map((times) => one * times)).sort((a, b) => a - b);
const STEPS_DAYS = [1, 2, 7, 14, 28, 91, 182, 364, 728];

for (const figure of document.querySelectorAll("figure.chart")) {
  const source = figure.querySelector('script[type="application/json"]');
  const place = figure.querySelector(".plot");
  if (!source || !place) continue;
  const { drawn, spec } = JSON.parse(source.textContent);
  const draw = { pareto: drawPareto, control: drawControl }[spec.kind] ?? drawSeries;
  draw(place, drawn, spec);
}

/** Lines with points over days or numbers; whiskers where a series has an interval. */
function drawSeries(place, drawn, spec) {
  const x = drawn.columns[spec.x.column].map(spec.x.time ? daySeconds : Number);
  const columns = spec.series.map((one) => drawn.columns[one.column]);
  const lines = (spec.lines ?? [])
    .map((one) => ({ ...one, level: one.level ?? drawn.lines[one.line] }))
    .filter((one) => one.level != null);
  const around = spec.series.flatMap((one, i) => [
    ...columns[i],
    ...(one.low ? drawn.columns[one.low] : []),
    ...(one.high ? drawn.columns[one.high] : []),
  ]);
  const [low, high] = extent([...around, ...lines.map((one) => one.level)]);
  const show = spec.y.percent ? percent : number;
  const isDense = x.length > 60;
  const aside = (i) => (isDense || !spec.x.time || !spec.series.some((one) => one.low) ? 0 : (i - (spec.series.length - 1) / 2) * 7);
  const chart = new uPlot(
    {
      ...size(place),
      tzDate: utc,
      scales: {
        x: { time: Boolean(spec.x.time), range: (u, from, to) => (spec.x.time ? wholeDays(from, to, x) : widened(from, to, 0.04)) },
        y: { range: () => (spec.y.percent ? [Math.max(0, low - 0.02), 1.005] : widened(low, high)) },
      },
      axes: [
        axis(spec.x.title, { size: 30, ...(spec.x.time ? { splits: daySplits, values: (u, splits) => splits.map(dayText) } : spec.x.whole ? { incrs: WHOLE } : {}) }),
        axis(spec.y.title, { size: 64, values: (u, splits) => splits.map(show) }),
      ],
      series: [
        { label: spec.x.title, value: (u, at) => (at == null ? "–" : spec.x.time ? dateText(at) : number(at)) },
        ...spec.series.map((one) => ({
          label: one.title,
          stroke: colour(one.colour),
          width: one.line === false ? 0 : 1.5,
          dash: one.dash && !isDense ? [5, 4] : undefined,
          points: { show: false },
          value: (u, value) => (value == null ? "–" : show(value)),
        })),
      ],
      hooks: {
        draw: [
          (u) => lines.forEach((one) => drawLine(u, one.level, one)),
          (u) =>
            spec.series.forEach((one, i) => {
              if (one.low) drawWhiskers(u, drawn.columns[one.low], drawn.columns[one.high], colour(one.colour), i, aside(i));
              drawShapes(u, i + 1, one.shape ?? "circle", colour(one.colour), { hollow: one.hollow, radius: isDense ? 2 : 3.5, aside: aside(i) });
            }),
        ],
      },
    },
    [x, ...columns],
    place,
  );
  if (spec.links) openOnClick(chart, (at) => `/runs/${encodeURIComponent(drawn.columns[spec.links][at])}`);
  keepSize(chart, place);
}

/** Causes as bars, the most frequent first, and the share that they make up together. */
function drawPareto(place, drawn, spec) {
  const names = drawn.columns.name;
  const counts = drawn.columns.runs;
  const chart = new uPlot(
    {
      ...size(place),
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: () => [-0.6, names.length - 0.4] },
        y: { range: () => [0, Math.max(...counts) * 1.05] },
        share: { range: () => [0, 1.05] },
      },
      axes: [
        axis(null, {
          grid: { show: false },
          rotate: 32,
          size: 96,
          splits: () => names.map((_, i) => i),
          values: () => names,
        }),
        axis(spec.y.title, { size: 64, incrs: WHOLE, values: (u, splits) => splits.map(number) }),
        axis(spec.y2.title, { scale: "share", side: 1, size: 64, grid: { show: false }, incrs: [0.2], values: (u, splits) => splits.map(percent) }),
      ],
      series: [
        { label: spec.x.title, value: (u, at) => (at == null ? "–" : names[at]) },
        {
          label: spec.series[0].title,
          stroke: colour(1),
          fill: colour(1),
          paths: uPlot.paths.bars({ size: [0.7, 72] }),
          points: { show: false },
        },
        {
          label: spec.series[1].title,
          scale: "share",
          stroke: colour(2),
          width: 1.5,
          points: { show: false },
          value: (u, value) => (value == null ? "–" : percent(value)),
        },
      ],
      hooks: { draw: [(u) => drawShapes(u, 2, "circle", colour(2))] },
    },
    [names.map((_, i) => i), counts, drawn.columns.cumulative],
    place,
  );
  keepSize(chart, place);
}

/** Single values with centre and limits, points marked where a rule fired; moving ranges below. */
function drawControl(place, drawn, spec) {
  const x = drawn.columns.number;
  const marks = drawn.columns.rules;
  const runs = drawn.columns.run_id;
  const above = document.createElement("div");
  const below = document.createElement("div");
  above.className = "values";
  below.className = "ranges";
  place.append(above, below);
  const sync = uPlot.sync(`control-${drawn.name}`);
  const parts = [
    { where: above, column: "value", title: spec.y.title, lines: "value", mark: (name) => !name.startsWith("moving range") },
    { where: below, column: "moving_range", title: spec.below.title, lines: "moving_range", mark: (name) => name.startsWith("moving range") },
  ];
  for (const part of parts) {
    const values = drawn.columns[part.column];
    const [centre, lower, upper] = ["centre", "lower", "upper"].map((end) => drawn.lines[`${part.lines}_${end}`]);
    const [low, high] = extent([...values, lower, upper]);
    const marked = marks.map((names) => names.some(part.mark));
    const chart = new uPlot(
      {
        ...size(part.where),
        cursor: { sync: { key: sync.key } },
        scales: { x: { time: false, range: (u, from, to) => widened(from, to, 0.01) }, y: { range: () => widened(low, high) } },
        axes: [
          axis(part.where === below ? spec.x.title : null, { incrs: WHOLE, size: part.where === below ? 34 : 24 }),
          axis(part.title, { size: 72, values: (u, splits) => splits.map(number) }),
        ],
        series: [
          { label: spec.x.title },
          {
            label: part.title,
            stroke: colour(1),
            width: 1,
            points: { show: false },
            value: (u, value, si, at) => (value == null ? "–" : number(value) + (marked[at] ? ` ◆ ${spec.words.marked}` : "")),
          },
        ],
        hooks: {
          draw: [
            (u) => {
              drawLine(u, centre, { title: spec.words.centre });
              drawLine(u, lower, { dash: true, colour: 2 });
              drawLine(u, upper, { dash: true, colour: 2, title: spec.words.bounds });
              drawShapes(u, 1, "circle", colour(1), { chosen: (at) => !marked[at], radius: x.length > 120 ? 2.5 : 3.5 });
              drawShapes(u, 1, "diamond", colour(2), { chosen: (at) => marked[at], radius: 6 });
            },
          ],
        },
      },
      [x, values],
      part.where,
    );
    openOnClick(chart, (at) => `/runs/${encodeURIComponent(runs[at])}`);
    keepSize(chart, part.where);
  }
}

/** A click on a point opens what it stands for; a drag zooms. */
function openOnClick(chart, address) {
  let from = null;
  chart.over.addEventListener("mousedown", (event) => (from = [event.clientX, event.clientY]));
  chart.over.addEventListener("click", (event) => {
    const isStill = from && Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 4;
    if (isStill && chart.cursor.idx != null) window.location.assign(address(chart.cursor.idx));
  });
}

function size(place) {
  return { width: Math.max(place.clientWidth, 200), height: Math.max(place.clientHeight, 120) - (place.dataset.legend === "none" ? 0 : 30) };
}

function extent(values) {
  const found = values.filter((value) => value != null);
  return found.length ? [Math.min(...found), Math.max(...found)] : [0, 1];
}

function widened(low, high, by = 0.06) {
  const room = (high - low) * by || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

/** A day alone stands in the middle of a week. */
function wholeDays(from, to, days) {
  return days.length === 1 ? [days[0] - 3.5 * DAY_S, days[0] + 3.5 * DAY_S] : [from - DAY_S / 2, to + DAY_S / 2];
}

function daySeconds(day) {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}

function utc(seconds) {
  return uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
}

function dateText(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function dayText(seconds) {
  return dateText(seconds).slice(5);
}

/** Whole days, so many apart that their names have room. */
function daySplits(u, axisIndex, from, to) {
  const days = (to - from) / DAY_S;
  const most = Math.max(2, Math.floor(u.bbox.width / devicePixelRatio / 64));
  const step = (STEPS_DAYS.find((one) => days / one <= most) ?? STEPS_DAYS.at(-1)) * DAY_S;
  const splits = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) splits.push(at);
  return splits;
}
