// A run under way: where it is, its steps, its results.

import { fill, make, say, span } from "./dom.js";
import { t } from "./page.js";
import { allowed, duration, measured, resultTitle, settingOf, stepTitle } from "./telling.js";

const SIGNS = { done: "✔", failed: "✘", now: "▶", waiting: "·", broken: "⚠" };

/** The face of a lane while a run is under way. */
export class RunFace {
  constructor(face) {
    const find = (name) => face.querySelector(name);
    this.subject = find(".subject");
    this.now = find(".now");
    this.of = find(".of");
    this.left = find(".left");
    this.bar = find(".bar");
    this.steps = find(".steps");
    this.rows = find(".results ul");
    this.empty = find(".results .empty");
    this.runId = "";
    this.shown = 0;
    this.at = -1;
  }

  /** Show how far a run is; returns what it is doing, for who listens. */
  show(run, isStopping) {
    if (run.run_id !== this.runId) {
      this.runId = run.run_id;
      this.shown = 0;
      this.at = -1;
      this.rows.replaceChildren();
    }
    const about = aboutOf(run);
    fill(this.subject, about, () => about.map((text) => make("span", "", text)));
    const step = run.index >= 0 && run.index < run.steps.length ? stepTitle(run.steps[run.index]) : null;
    this.showNow(step, isStopping);
    say(this.of, step ? t("lane.step_of", run.index + 1, run.steps.length) : "");
    this.showLeft(run.left_s);
    this.showBar(run);
    this.showSteps(run.steps);
    this.showResults(run.judged);
    if (isStopping) return t("lane.stopping");
    return step ? step.text : t("lane.preparing");
  }

  showNow(step, isStopping) {
    const now = isStopping
      ? { text: t("lane.stopping"), setting: t("lane.stopping_why") }
      : step ?? { text: t("lane.preparing"), setting: "" };
    fill(this.now, now, () => [span(now, "title"), make("span", "at", now.setting)]);
  }

  /** Show how long it will take still. */
  showLeft(leftS) {
    if (leftS === null || leftS === undefined) say(this.left, "");
    else say(this.left, leftS < 1 ? t("lane.left_soon") : t("lane.left", duration(leftS)));
  }

  showBar(run) {
    const states = run.steps.map((step) => step.state);
    fill(this.bar, states, () => states.map((state) => {
      const part = make("i");
      part.dataset.state = state;
      return part;
    }));
    this.bar.setAttribute("aria-valuemax", String(Math.max(run.steps.length, 1)));
    this.bar.setAttribute("aria-valuenow", String(Math.max(run.index, 0)));
  }

  showSteps(steps) {
    const groups = grouped(steps);
    fill(this.steps, groups, () => groups.map((group) => {
      const count = group.of > 1 ? `${group.done}/${group.of}` : "";
      const sign = make("span", "sign", SIGNS[group.state]);
      const item = make("li", "", sign, span(group), make("span", "count", count));
      item.dataset.state = group.state;
      if (group.state === "now") item.setAttribute("aria-current", "step");
      return item;
    }));
    const at = groups.findIndex(({ state }) => state === "now" || state === "broken");
    if (at < 0 || at === this.at) return;
    this.at = at;
    const current = this.steps.children[at];
    this.steps.scrollTop = current.offsetTop - this.steps.clientHeight / 2;
  }

  showResults(judged) {
    for (const result of judged.slice(this.shown)) this.rows.prepend(row(result));
    this.shown = judged.length;
    this.empty.hidden = judged.length > 0;
  }
}

/** Return what a run is about: its pen, its tip; or its plan, where it has no pen. */
export function aboutOf(run) {
  const pen = run.pen ? `${t("lane.pen")} ${run.pen}` : "";
  const tip = run.tip_lot ? `${t("lane.tip_lot")} ${run.tip_lot}` : "";
  const about = [pen, tip].filter(Boolean);
  return about.length ? about : [run.title];
}

function row(result) {
  const sign = make("span", "sign", result.accepted ? "✔" : "✘");
  sign.setAttribute("aria-hidden", "true");
  const line = make(
    "li", "",
    sign,
    make("span", "unseen", t(result.accepted ? "lane.accepted" : "lane.rejected")),
    make("span", "what", span(resultTitle(result)), make("span", "at", settingOf(result.setting))),
    make("span", "value", make("b", "", measured(result)), make("span", "at", allowed(result))),
  );
  line.dataset.accepted = String(Boolean(result.accepted));
  return line;
}

/** Return steps of one test in a row as one line each. */
function grouped(steps) {
  const groups = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last && last.test === step.test) last.states.push(step.state);
    else groups.push({ test: step.test, ...stepTitle(step), states: [step.state] });
  }
  return groups.map(({ text, lang, states }) => ({
    text, lang, of: states.length,
    done: states.filter((one) => one === "done" || one === "failed").length,
    state: stateOf(states),
  }));
}

function stateOf(states) {
  for (const one of ["broken", "now", "failed"]) if (states.includes(one)) return one;
  if (states.every((one) => one === "done")) return "done";
  return states.includes("done") ? "now" : "waiting";
}
