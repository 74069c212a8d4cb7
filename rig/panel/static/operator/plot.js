// The measurement being taken, drawn as its points come. A curve may go back and forth in x: it is drawn in
// the order in which it was measured.

/* global uPlot */
import { say } from "./dom.js";
import { t } from "./page.js";
import { columnTitle, plain, plotTitle } from "./telling.js";

const MOST_DOTS = 400;
const LEAST = { force_n: 0.1, duty: 0.2 }; // what is shown at least, so that a gauge at rest looks at rest
const FAMILY = "system-ui, 'DejaVu Sans', sans-serif";

/** A live plot in a figure with a caption and a canvas. */
export class LivePlot {
  constructor(figure) {
    this.caption = figure.querySelector("figcaption");
    this.place = figure.querySelector(".canvas");
    this.up = figure.querySelector(".up");
    this.empty = figure.querySelector(".empty");
    this.chart = null;
    this.isDue = false;
    this.least = 0;
    this.clear();
    new ResizeObserver(() => this.fit()).observe(this.place);
  }

  /** Show nothing. */
  clear() {
    this.x = [];
    this.y = [];
    this.runId = "";
    this.caption.textContent = this.up.textContent = "\u00a0";
    this.place.setAttribute("aria-label", t("lane.no_plot"));
    this.draw();
  }

  /** Take points, of a new curve or of the one that is shown. */
  take(told) {
    if (told.is_new) {
      this.x = [];
      this.y = [];
      this.names = [columnTitle(told.x_name), columnTitle(told.y_name)];
      const title = plotTitle(told.title);
      say(this.caption, title.text, title.lang);
      say(this.up, `↑ ${this.names[1]}`);
      this.least = LEAST[told.y_name] ?? 0;
    }
    this.runId = told.run_id;
    told.x.forEach((x, i) => {
      if (x !== null && told.y[i] !== null) { this.x.push(x); this.y.push(told.y[i]); }
    });
    if (!this.isDue) {
      this.isDue = true;
      requestAnimationFrame(() => { this.isDue = false; this.draw(); });
    }
  }

  draw() {
    this.empty.hidden = this.x.length > 0;
    if (!this.x.length) {
      this.chart?.destroy();
      this.chart = null;
      return;
    }
    const data = [null, [this.x, this.y]];
    if (this.chart) this.chart.setData(data); // a new curve too: making a chart takes longer than drawing it
    else if (this.place.clientWidth) this.chart = new uPlot(this.options(), data, this.place);
    else return;
    const last = `${plain(this.x.at(-1))} / ${plain(this.y.at(-1))}`;
    const axes = `${this.names[1]} – ${this.names[0]}`;
    this.place.setAttribute("aria-label", `${this.caption.textContent}: ${axes}, ${last}`);
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this.place;
    if (!width || !height) return;
    if (this.chart) this.chart.setSize({ width, height });
    else this.draw();
  }

  options() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const em = 0.78 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const font = `${em}px ${FAMILY}`;
    const axis = (size, label) => ({ // what goes up is named above the plot, where a low one does not cut it off
      ...(label ? { label, labelSize: 1.5 * em, labelFont: font } : {}), size: size * em, font, stroke: colour("--ink"), gap: 4,
      grid: { stroke: colour("--chart-grid"), width: 1 }, ticks: { stroke: colour("--chart-grid"), width: 1 },
      values: (chart, splits) => splits.map(plain),
    });
    const scale = (least) => ({ time: false, auto: true, range: (chart, low, high) => room(low, high, least()) });
    return {
      mode: 2,
      width: this.place.clientWidth,
      height: this.place.clientHeight,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: scale(() => 0), y: scale(() => this.least) },
      axes: [axis(2.3, () => this.names[0]), axis(4.2)],
      series: [null, {
        stroke: colour("--chart-1"),
        facets: [{ scale: "x", auto: true }, { scale: "y", auto: true }],
        paths: (chart, index) => { trace(chart, index, colour("--chart-1")); return null; },
      }],
    };
  }
}

/** Return a range that leaves some room about what is shown, and is no smaller than ``least``. */
function room(low, high, least) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const missing = Math.max(least - (high - low), 0);
  const wide = high - low + missing || Math.abs(high) || 1;
  return [low - 0.05 * wide - missing / 4, high + 0.05 * wide + (3 * missing) / 4];
}

function trace(chart, index, colour) {
  const [xs, ys] = chart.data[index];
  const { ctx } = chart;
  const dot = 2.2 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(chart.bbox.left, chart.bbox.top, chart.bbox.width, chart.bbox.height);
  ctx.clip();
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.lineJoin = "round";
  ctx.beginPath();
  xs.forEach((x, i) => ctx.lineTo(chart.valToPos(x, "x", true), chart.valToPos(ys[i], "y", true)));
  ctx.stroke();
  if (xs.length <= MOST_DOTS) {
    xs.forEach((x, i) => {
      ctx.beginPath();
      ctx.arc(chart.valToPos(x, "x", true), chart.valToPos(ys[i], "y", true), dot, 0, 2 * Math.PI);
      ctx.fill();
    });
  }
  ctx.restore();
}
