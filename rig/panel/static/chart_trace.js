// A trace of a run: raw numbers as a picture that can be zoomed by dragging, by wheel-free buttons, or reset.

import { axis, colour, drawBand, drawLine, drawShapes, keepSize, number } from "./chart_parts.js";

/* global uPlot */

/** Draw a trace into a place; returns the chart. */
export function drawTrace(place, drawn) {
  const about = drawn.about;
  const [x, y] = inOrder(drawn.columns[about.x], drawn.columns[about.y]);
  const isCurve = about.curve && isAscending(drawn.columns[about.x]);
  place.replaceChildren();
  place.style.height = ""; // as tall as the first one, whatever was drawn before
  const chart = new uPlot(
    {
      width: Math.max(place.clientWidth, 200),
      height: Math.max(place.clientHeight, 160) - 30,
      cursor: { drag: { x: true, y: true, uni: 24 } },
      scales: { x: { time: false, range: (u, from, to) => roomy(from, to, u.scales.x) }, y: { range: (u, from, to) => roomy(from, to) } },
      axes: [axis(about.x_title, { size: 30 }), axis(about.y_title, { size: 72, values: (u, splits) => splits.map(number) })],
      series: [
        { label: about.x_title, value: (u, value) => number(value) },
        {
          label: about.y_title,
          stroke: colour(1),
          width: isCurve ? 1.5 : 0,
          points: { show: false },
          value: (u, value) => number(value),
        },
      ],
      hooks: {
        draw: [
          (u) => {
            if (about.across) drawBand(u, about.across[0] - about.across[1], about.across[0] + about.across[1], colour(3), 0.4);
            if (about.moment != null) drawBand(u, about.moment, about.moment, colour(2), 0.8);
            if (about.level != null) drawLine(u, about.level, { colour: 3 });
            if (!isCurve) drawShapes(u, 1, "circle", colour(1), { radius: 3 });
          },
        ],
      },
    },
    [x, y],
    place,
  );
  keepSize(chart, place);
  return chart;
}

/** Make the shown stretch narrower (by < 1), wider (> 1), or move it by a share of its width. */
export function zoom(chart, by, shift = 0) {
  const { min, max } = chart.scales.x;
  const [middle, half] = [(min + max) / 2 + shift * (max - min), ((max - min) / 2) * by];
  chart.setScale("x", { min: middle - half, max: middle + half });
}

export function reset(chart) {
  chart.setData(chart.data, true);
}

function inOrder(x, y) {
  const places = x.map((_, i) => i).filter((i) => x[i] != null);
  if (!isAscending(x)) places.sort((a, b) => x[a] - x[b]);
  return [places.map((i) => x[i]), places.map((i) => y[i])];
}

function isAscending(values) {
  return values.every((value, i) => i === 0 || (value != null && values[i - 1] != null && value >= values[i - 1]));
}

function roomy(from, to) {
  if (from == null || to == null) return [0, 1];
  const room = (to - from) * 0.03 || Math.abs(to) * 0.05 || 1;
  return [from - room, to + room];
}
