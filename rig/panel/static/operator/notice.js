// What a lane says to its person: what was refused and what to do, what came of STOP.

import { say } from "./dom.js";
import { t } from "./page.js";
import { inWords } from "./refusals.js";

const SHOWN_MS = 8_000;

/** The notice of a lane: what the lane itself says, or for a while what came of what was done here. */
export class Notice {
  constructor(box, urgent) {
    this.box = box;
    this.urgent = urgent;
    this.ofLane = null;
    this.own = null;
    this.timer = 0;
  }

  /** Take what the lane says: ``{what, expected, do, key}``, or nothing. */
  lane(message) {
    const said = message && (message.key ? { what: t(`notice.${message.key}`), lang: "" } : inWords(message));
    this.ofLane = message && {
      title: message.key ? "" : t(message.of === "start" ? "lane.not_begun" : "lane.not_accepted"),
      what: said.what,
      lang: said.lang,
      more: [said.expected && `${t("lane.expected", said.expected)}.`, said.do && `${said.do}.`],
      tone: "alert",
    };
    if (message) this.own = null;
    this.draw();
  }

  /** Say something for a while, or (``stays``) until something else is done. */
  say({ title = "", what, lang = "", tone = "alert", stays = false }) {
    this.own = { title, what, lang, more: [], tone };
    clearTimeout(this.timer);
    if (!stays) this.timer = setTimeout(() => this.clear(), SHOWN_MS);
    this.draw();
  }

  /** Say nothing of one's own any more. */
  clear() {
    clearTimeout(this.timer);
    this.own = null;
    this.draw();
  }

  draw() {
    const told = this.own ?? this.ofLane;
    this.box.hidden = !told;
    if (!told) return;
    const [title, what, more] = this.box.children;
    this.box.dataset.tone = told.tone;
    this.box.toggleAttribute("data-of-lane", told === this.ofLane);
    say(title, told.title);
    title.hidden = !told.title;
    say(what, told.what, told.lang);
    const rest = told.more.filter(Boolean).join(" ");
    say(more, rest, told.lang);
    more.hidden = !rest;
    say(this.urgent, [told.title, told.what, rest].filter(Boolean).join(". "));
  }
}
