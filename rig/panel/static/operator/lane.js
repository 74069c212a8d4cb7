// A lane of the page: shows what the server tells of it, and sends what is scanned, answered and stopped.

import { make, say } from "./dom.js";
import { LivePlot } from "./plot.js";
import { Notice } from "./notice.js";
import { t } from "./page.js";
import { PromptView } from "./prompt.js";
import { sentence } from "./refusals.js";
import { RunFace } from "./run.js";
import { send } from "./send.js";
import { VerdictFace } from "./verdict.js";

const FACES = { pen: "ask", tip: "ask", starting: "start", running: "run", ended: "verdict", "cut off": "verdict" };
const PATIENCE_MS = 300; // a refusal comes by the stream too, in its parts; it is waited for so long

/** One lane; ``actions`` are ``activate(lane)`` and ``command(text)``, true where a label is a command. */
export class LaneView {
  constructor(section, actions) {
    const find = (name) => section.querySelector(name);
    this.section = section;
    this.name = section.dataset.lane;
    this.number = Number(section.dataset.number);
    this.told = null;
    this.actions = actions;
    this.input = find(".scan input");
    this.polite = find(".polite");
    this.urgent = find(".urgent");
    this.notice = new Notice(find(".notice"), this.urgent);
    this.run = new RunFace(find(".face.run"));
    this.plot = new LivePlot(find(".plot"));
    this.verdict = new VerdictFace(find(".face.verdict"));
    this.prompt = new PromptView(
      find(".prompt"), this.number, (number, text) => this.answer(number, text), (text) => this.isCommand(text),
    );
    find(".scan").addEventListener("submit", (event) => { event.preventDefault(); this.scanned(); });
    this.input.addEventListener("keydown", (event) => this.separates(event));
    find(".stop").addEventListener("click", () => this.stop());
    section.addEventListener("focusin", () => actions.activate(this, false));
    section.addEventListener("pointerdown", () => actions.activate(this, false));
  }

  get isAtWork() {
    return this.told !== null && ["starting", "running"].includes(this.told.state);
  }

  /** Put the focus where a scan is expected. */
  focus() {
    (this.prompt.isOpen ? this.prompt.input : this.input).focus({ preventScroll: true });
  }

  /** Show what the server tells. */
  show(told) {
    const before = this.told;
    this.told = told;
    const { run, state } = told;
    const verdict = state === "cut off" ? "UNFINISHED" : run?.verdict ?? "";
    this.section.dataset.state = state;
    this.section.dataset.verdict = verdict;
    for (const face of this.section.querySelectorAll(".face")) {
      face.hidden = !face.classList.contains(FACES[state]);
    }
    if (before?.state !== state || before?.version > told.version) this.notice.clear();
    this.notice.lane(told.message);
    if (FACES[state] === "ask") this.showAsk(told);
    if (FACES[state] === "start") this.showStart(told);
    if (FACES[state] === "run") say(this.polite, this.run.show(run, told.is_stopping));
    if (run && this.plot.runId && run.run_id !== this.plot.runId) this.plot.clear();
    if (FACES[state] === "verdict") {
      const said = this.verdict.show(run, verdict);
      if (before && before.run?.verdict !== run.verdict) say(this.urgent, `${t("lane.lane")} ${this.number}: ${said}`);
    }
    this.showPrompt(state === "running" ? run.prompt : null);
  }

  /** Take points of the plot. */
  points(told) {
    this.plot.take(told);
    if (this.told?.state === "running" && this.told.run.run_id === told.run_id) this.run.showLeft(told.left_s);
  }

  showAsk({ state, pen }) {
    const face = this.section.querySelector(".face.ask");
    const isTip = state === "tip";
    say(face.querySelector(".words"), t(isTip ? "lane.scan_tip" : "lane.scan_pen"));
    face.querySelector("use").setAttribute("href", isTip ? "#sketch-tip" : "#sketch-pen");
    face.querySelector(".scanned").replaceChildren(...pairs([["lane.pen", pen]]));
    face.querySelector(".hint").hidden = !isTip;
    say(this.polite, [face.querySelector(".words").textContent, pen].filter(Boolean).join(". "));
  }

  showStart({ pen, tip_lot: tip, is_stopping: isStopping }) {
    const face = this.section.querySelector(".face.start");
    say(face.querySelector(".words"), t(isStopping ? "lane.stopping" : "lane.starting"));
    face.querySelector(".scanned").replaceChildren(...pairs([["lane.pen", pen], ["lane.tip_lot", tip]]));
    say(this.polite, face.querySelector(".words").textContent);
  }

  showPrompt(prompt) {
    const wasOpen = this.prompt.isOpen;
    const isNew = this.prompt.show(prompt);
    const isActive = this.section.hasAttribute("data-active");
    this.section.toggleAttribute("data-asks", prompt !== null);
    if (isNew) say(this.urgent, `${this.prompt.title.textContent}: ${this.prompt.text.textContent}`);
    if (isActive && (isNew || (wasOpen && !this.prompt.isOpen))) this.focus();
  }

  /** Take the separator of a GS1 label, which scanners type as Ctrl and a bracket. */
  separates(event) {
    if (!event.ctrlKey || event.key !== "]") return;
    event.preventDefault();
    this.input.setRangeText("\u001d", this.input.selectionStart, this.input.selectionEnd, "end");
  }

  /** Say whether a label was a command, and carry it out. */
  isCommand(text) {
    if (text.trim().toUpperCase() === "STOP") {
      this.stop();
      return true;
    }
    return this.actions.command(text);
  }

  async scanned() {
    const text = this.input.value;
    this.input.value = "";
    if (!text.trim() || this.isCommand(text)) return;
    this.notice.clear();
    const version = this.told?.version ?? -1;
    const reply = await send(this.name, "scan", { text });
    if (reply.status === 200) this.takes(reply.body.lane);
    else if (reply.status === 422) setTimeout(() => this.refused(reply, version), PATIENCE_MS);
    else this.refused(reply, -1);
  }

  /** Take a lane from a reply, unless the stream told later things meanwhile. */
  takes(told) {
    if (!this.told || told.version >= this.told.version) this.show(told);
  }

  refused({ status, detail }, version) {
    if (version >= 0 && this.told?.version > version && this.told.message) return; // it is shown already
    if (status === 0) this.notice.say({ what: t("notice.unreachable"), stays: true });
    else if (status === 401) this.notice.say({ what: t("notice.signed_out"), tone: "danger", stays: true });
    else {
      const { text, lang } = sentence(detail);
      this.notice.say({ title: t(status === 409 ? "lane.at_work" : "lane.not_accepted"), what: text, lang });
    }
  }

  async answer(number, text) {
    const reply = await send(this.name, "answer", { number, answer: text });
    if (reply.status === 200) return null;
    return reply.status === 0 ? t("notice.unreachable") : reply.detail;
  }

  /** Stop what runs here, whatever state the page believes in; says what came of it. */
  async stop() {
    const reply = await send(this.name, "stop");
    if (reply.status === 200) {
      const isNothing = reply.body.did === "nothing";
      this.takes(reply.body.lane);
      this.notice.say({ what: t(isNothing ? "notice.nothing_to_stop" : "notice.stopping"), tone: "calm" });
    } else {
      const what = t(reply.status === 401 ? "notice.signed_out" : "notice.stop_failed");
      this.notice.say({ title: reply.detail, what, tone: "danger", stays: true });
    }
  }

  /** Forget what was scanned and has not begun. */
  async escape() {
    this.input.value = "";
    this.notice.clear();
    if (!this.told || this.isAtWork || !(this.told.state === "tip" || this.told.message)) return;
    const reply = await send(this.name, "forget");
    if (reply.status === 200) this.takes(reply.body.lane);
    else this.refused(reply, -1);
  }
}

function pairs(entries) {
  return entries.filter(([, text]) => text)
    .map(([key, text]) => make("div", "", make("dt", "", t(key)), make("dd", "", text)));
}
