// The verdict of a run: a colour, a shape, a word, and why.

import { make, say, span } from "./dom.js";
import { has, t } from "./page.js";
import { sentence } from "./refusals.js";
import { aboutOf } from "./run.js";
import { allowed, measured, resultTitle, settingOf, timeOfDay } from "./telling.js";

/** The face of a lane whose run has ended, or was cut off. */
export class VerdictFace {
  constructor(face) {
    const find = (name) => face.querySelector(name);
    this.face = face;
    this.mark = find(".mark use");
    this.word = find(".word");
    this.subject = find(".subject");
    this.says = find(".says");
    this.reasons = find(".reasons");
    this.todo = find(".todo");
    this.run = null;
    new ResizeObserver(() => this.fit()).observe(face);
  }

  /** Show a verdict; returns it in words, for who listens. */
  show(run, verdict) {
    this.run = run;
    this.mark.setAttribute("href", `#mark-${verdict}`);
    const word = t(`verdict.${verdict}`);
    say(this.word, word);
    const longest = Math.max(...word.split(" ").map((one) => one.length));
    this.word.style.setProperty("--letters", String(Math.max(longest, 3)));
    const about = aboutOf(run);
    const parts = [...about, timeOfDay(run.ended)].filter(Boolean);
    this.subject.replaceChildren(...parts.map((text) => make("span", "", text)));
    say(this.says, has(`says.${verdict}`) ? t(`says.${verdict}`) : "");
    say(this.todo, has(`todo.${verdict}`) ? t(`todo.${verdict}`) : "");
    this.fit();
    return `${word}. ${about.join(", ")}. ${this.says.textContent}`;
  }

  /** Show as many reasons as there is room for, and say how many more there are; the mark gives way to two. */
  fit() {
    if (!this.run || !this.face.clientHeight) return;
    const lines = reasonsOf(this.run);
    const two = Math.min(lines.length, 2);
    for (const [tight, least] of [[0, two], [1, two], [1, 1], [2, 1]]) {
      this.face.dataset.tight = String(tight);
      for (let count = lines.length; count >= Math.min(least, lines.length); count -= 1) {
        const more = lines.length - count;
        const rest = more && count ? [make("li", "more", t("lane.and_more", more))] : [];
        this.reasons.replaceChildren(...lines.slice(0, count).map(item), ...rest);
        if (this.face.scrollHeight <= this.face.clientHeight) return;
      }
    }
  }
}

function item({ title, text, lang }) {
  const bold = title ? make("b", "", span(title), title.at ? ` · ${title.at}` : "") : null;
  const all = make("span", "all", bold, text);
  if (lang) all.lang = lang;
  return make("li", "", all);
}

/** Return what failed in plain words, and what the rig says besides. */
function reasonsOf(run) {
  const failed = run.judged.filter((one) => !one.accepted);
  const told = failed.map((one) => ({
    title: { ...resultTitle(one), at: settingOf(one.setting) },
    text: t("lane.measured_allowed", measured(one), allowed(one)),
  }));
  const names = failed.map((one) => `${one.name}: `);
  const others = run.reasons.filter((reason) => !names.some((name) => reason.startsWith(name)));
  const isOfRig = !["PASS", "FAIL"].includes(run.verdict);
  const said = others.map(sentence);
  return isOfRig ? [...said, ...told] : [...told, ...said];
}
