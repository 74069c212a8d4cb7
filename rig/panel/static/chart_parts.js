// What charts are put together from: axes, shapes, lines and whiskers, in the colours of the page.

const style = getComputedStyle(document.documentElement);
const ratio = () => window.devicePixelRatio || 1;

/** A colour of the page's palette by number, or by the name of its variable. */
export function colour(which) {
  return style.getPropertyValue(typeof which === "number" ? `--chart-${which}` : which).trim();
}

export function font(px = 12) {
  return `${px}px ${getComputedStyle(document.body).fontFamily}`;
}

/** A number to five digits, without a tail of zeros. */
export function number(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(5)));
}

export function percent(value) {
  return `${Number((100 * value).toFixed(1))} %`;
}

/** An axis with a title that says what it is, and in which unit. */
export function axis(title, more = {}) {
  return {
    label: title ?? undefined,
    labelSize: title ? 20 : 0,
    labelGap: 2,
    labelFont: font(12),
    font: font(12),
    stroke: colour("--quiet"),
    grid: { stroke: colour("--chart-grid"), width: 1 },
    ticks: { stroke: colour("--chart-grid"), size: 5 },
    ...more,
  };
}

/** Let a chart fill its place however wide that becomes. */
export function keepSize(chart, place) {
  let width = place.clientWidth;
  place.style.height = "auto"; // however many lines its legend takes
  new ResizeObserver(() => {
    if (place.clientWidth && place.clientWidth !== width) {
      width = place.clientWidth;
      chart.setSize({ width, height: chart.height });
    }
  }).observe(place);
}

/** A level right across, with its name at the right end. */
export function drawLine(u, level, { title = "", dash = false, colour: which = "--quiet", scale = "y" } = {}) {
  if (level == null) return;
  const y = Math.round(u.valToPos(level, scale, true)) + 0.5;
  within(u, (pen) => {
    pen.strokeStyle = colour(which);
    pen.lineWidth = ratio();
    pen.setLineDash(dash ? [6 * ratio(), 4 * ratio()] : []);
    pen.beginPath();
    pen.moveTo(u.bbox.left, y);
    pen.lineTo(u.bbox.left + u.bbox.width, y);
    pen.stroke();
    if (!title) return;
    pen.font = font(11 * ratio());
    pen.fillStyle = colour("--quiet");
    pen.textAlign = "right";
    const isAbove = y - u.bbox.top > 16 * ratio();
    pen.textBaseline = isAbove ? "bottom" : "top";
    pen.fillText(title, u.bbox.left + u.bbox.width - 4 * ratio(), y + (isAbove ? -3 : 3) * ratio());
  });
}

/** A point a value, in a shape that tells series apart without their colours. */
export function drawShapes(u, series, shape, paint, { hollow = false, chosen = () => true, radius = 3.5, aside = 0 } = {}) {
  if (!u.series[series].show) return;
  const [xs, ys] = [u.data[0], u.data[series]];
  const r = radius * ratio();
  within(u, (pen) => {
    pen.fillStyle = hollow ? colour("--card") : paint;
    pen.strokeStyle = paint;
    pen.lineWidth = 1.5 * ratio();
    for (let at = 0; at < xs.length; at++) {
      if (ys[at] == null || !chosen(at)) continue;
      const x = u.valToPos(xs[at], "x", true) + aside * ratio();
      const y = u.valToPos(ys[at], u.series[series].scale, true);
      pen.beginPath();
      if (shape === "square") pen.rect(x - r * 0.9, y - r * 0.9, 1.8 * r, 1.8 * r);
      else if (shape === "diamond") polygon(pen, [[x, y - r], [x + r, y], [x, y + r], [x - r, y]]);
      else pen.arc(x, y, r, 0, 2 * Math.PI);
      pen.fill();
      if (hollow) pen.stroke();
    }
  });
}

/** From the lower to the upper end of each interval of a series, as many pixels aside as its points are. */
export function drawWhiskers(u, lows, highs, paint, place = 0, aside = 0) {
  if (!u.series[place + 1].show) return;
  const cap = 3 * ratio();
  within(u, (pen) => {
    pen.strokeStyle = paint;
    pen.globalAlpha = 0.55;
    pen.lineWidth = ratio();
    pen.beginPath();
    u.data[0].forEach((at, i) => {
      if (lows[i] == null || highs[i] == null) return;
      const x = Math.round(u.valToPos(at, "x", true) + aside * ratio()) + 0.5;
      const [low, high] = [lows[i], highs[i]].map((value) => u.valToPos(value, "y", true));
      pen.moveTo(x, low);
      pen.lineTo(x, high);
      for (const end of [low, high]) {
        pen.moveTo(x - cap, end);
        pen.lineTo(x + cap, end);
      }
    });
    pen.stroke();
  });
}

/** A band from one place on the x axis to another. */
export function drawBand(u, from, to, paint, alpha = 0.14) {
  const [left, right] = [from, to].map((at) => u.valToPos(at, "x", true));
  within(u, (pen) => {
    pen.globalAlpha = alpha;
    pen.fillStyle = paint;
    pen.fillRect(left, u.bbox.top, Math.max(right - left, ratio()), u.bbox.height);
  });
}

/** Draw within the chart's own field only, and leave the pen as it was. */
function within(u, draw) {
  const pen = u.ctx;
  pen.save();
  pen.beginPath();
  pen.rect(u.bbox.left - 6, u.bbox.top - 6, u.bbox.width + 12, u.bbox.height + 12);
  pen.clip();
  pen.setLineDash([]);
  draw(pen);
  pen.restore();
}

function polygon(pen, corners) {
  corners.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}
