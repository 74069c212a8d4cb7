// What moves on the engineer's pages: budgets that open, traces that are chosen and zoomed, pages that keep up
// with a run or an index that is not finished.

import { drawTrace, reset, zoom } from "./chart_trace.js";

const POLL_MS = 2000;

for (const button of document.querySelectorAll("button[aria-controls]")) {
  button.addEventListener("click", () => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    document.getElementById(button.getAttribute("aria-controls")).hidden = isOpen;
  });
}

for (const text of document.querySelectorAll("details pre[data-end]")) {
  text.closest("details").addEventListener("toggle", () => (text.scrollTop = text.scrollHeight));
}

const figure = document.querySelector("figure[data-traces]");
if (figure) showTraces(figure);

const index = document.querySelector("[data-index]");
if (index) poll(index.dataset.index, (state) => {
  index.querySelector("progress").value = state.percent;
  index.querySelector("b").textContent = `${state.percent} %`;
  return state.whole;
});

const followed = document.querySelector("[data-follow]");
if (followed) poll(followed.dataset.follow, (state) => state.verdict !== "UNFINISHED" || state.measurements !== Number(followed.dataset.measured));

/** Ask again and again until there is something new, then load the page anew; the browser keeps its place. */
function poll(address, isNew) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(address, { headers: { accept: "application/json" } });
      if (answer.ok && !isNew(await answer.json())) return;
      clearInterval(timer);
      window.location.reload();
    } catch {
      // no connection: the next time tells
    }
  }, POLL_MS);
}

function showTraces(figure) {
  const place = figure.querySelector(".trace-plot");
  const told = figure.querySelector("[data-told]");
  const choice = figure.querySelector("select[name=trace]");
  let chart = null;

  async function show(name) {
    const path = encodeURIComponent(name);
    for (const link of figure.querySelectorAll("[data-link]")) {
      link.href = `${figure.dataset.traces}/${link.dataset.link}/${path}.${link.dataset.form}`;
    }
    choice.value = name;
    const answer = await fetch(`${figure.dataset.traces}/traces/${path}.json`, { headers: { accept: "application/json" } });
    const body = await answer.json();
    if (choice.value !== name) return; // another was chosen meanwhile
    if (!answer.ok) {
      place.replaceChildren();
      chart = null;
      told.textContent = `${told.dataset.problem} ${body.detail ?? ""}`;
      return;
    }
    chart = drawTrace(place, body);
    const { x_title, y_title, rows, shown, title } = body.about;
    place.setAttribute("aria-label", fill(place.dataset.says, [title, y_title, x_title, rows]));
    told.textContent = fill(told.dataset.words, [rows, shown]);
  }

  figure.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    show(choice.value);
  });
  choice.addEventListener("change", () => show(choice.value));
  for (const link of document.querySelectorAll("a[data-trace]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(link.dataset.trace);
      figure.scrollIntoView({ block: "center" });
      choice.focus({ preventScroll: true });
    });
  }
  const moves = { in: [0.5, 0], out: [2, 0], left: [1, -0.25], right: [1, 0.25] };
  for (const button of figure.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      if (!chart) return;
      const move = moves[button.dataset.zoom];
      if (move) zoom(chart, ...move);
      else reset(chart);
    });
  }
  show(figure.dataset.name);
}

function fill(words, values) {
  return words.replace(/\{(\d)\}/g, (_, place) => values[Number(place)]);
}
