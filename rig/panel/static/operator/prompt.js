// A question of the run: answered by Enter, Escape or a scan, in a dialog over its lane.

import { say } from "./dom.js";
import { asked, t } from "./page.js";

const PICTURES = "/static/pictures/";
const SCAN_GAP_MS = 100; // characters of a scanner come closer together than this

let typed = 0; // when a character came last, wherever it went

document.addEventListener("keydown", (event) => {
  if (event.key.length === 1) typed = Date.now();
}, true);

/**
 * The dialog of a lane.
 * ``answer(number, text)`` returns a refusal, or nothing; ``isCommand(text)`` carries out a label that is a command.
 */
export class PromptView {
  constructor(dialog, number, answer, isCommand) {
    const find = (name) => dialog.querySelector(name);
    this.dialog = dialog;
    this.answer = answer;
    this.isCommand = isCommand;
    this.title = find("h3 span");
    this.picture = find(".picture");
    this.text = find(".text");
    this.label = find("label");
    this.input = find("input");
    this.refused = find(".refused");
    this.yes = find(".yes");
    this.no = find(".no");
    this.prompt = null;
    this.isBusy = false;
    say(this.title, t("prompt.title", number));
    this.picture.addEventListener("error", () => {
      if (!this.picture.src.endsWith("/confirm.svg")) this.picture.src = `${PICTURES}confirm.svg`;
    });
    find("form").addEventListener("submit", (event) => { event.preventDefault(); this.enter(); });
    this.yes.addEventListener("click", () => this.enter());
    this.no.addEventListener("click", () => this.give("no"));
    dialog.addEventListener("keydown", (event) => this.key(event));
  }

  get isOpen() {
    return !this.dialog.hidden;
  }

  /** Show what is asked; ``null`` closes the dialog. Says whether it opened just now. */
  show(prompt) {
    if (prompt === null) {
      this.dialog.hidden = true;
      this.prompt = null;
      return false;
    }
    if (this.prompt?.number === prompt.number && this.isOpen) return false;
    this.prompt = prompt;
    const text = asked(prompt.key, prompt.text);
    say(this.text, text.text, text.lang);
    this.picture.src = `${PICTURES}${encodeURIComponent(prompt.picture || "confirm")}.svg`;
    const isScan = prompt.answer === "scan";
    say(this.label, t(isScan ? "prompt.scan" : "prompt.confirm_field"));
    say(this.yes, t("prompt.enter"));
    this.yes.hidden = isScan;
    say(this.no, t("prompt.escape"));
    say(this.refused, "");
    this.input.value = "";
    this.dialog.hidden = false;
    return true;
  }

  key(event) {
    if (event.key === "Enter" && event.repeat) event.preventDefault(); // a key that is held answers once
    if (event.key === "Escape") {
      event.preventDefault();
      this.give("no");
    }
    if (event.key === "Tab") this.keepFocus(event);
  }

  keepFocus(event) {
    const stops = [this.input, this.yes, this.no].filter((one) => !one.hidden);
    const at = stops.indexOf(document.activeElement);
    const next = (at + (event.shiftKey ? -1 : 1) + stops.length) % stops.length;
    event.preventDefault();
    stops[next].focus();
  }

  /** Take Enter: yes, where nothing was typed; the end of a scan that began before the question is no answer. */
  enter() {
    const text = this.input.value;
    this.input.value = "";
    if (!text) {
      if (this.prompt?.answer === "confirm" && Date.now() - typed > SCAN_GAP_MS) this.give("yes");
      return;
    }
    const word = text.trim().toLowerCase();
    if (word === "yes" || word === "no") this.give(word);
    else if (this.isCommand(text)) return;
    else if (this.prompt?.answer === "scan") this.give(text);
    else say(this.refused, t("prompt.not_a_scan"));
  }

  async give(text) {
    if (!this.prompt || this.isBusy) return;
    this.isBusy = true;
    const refusal = await this.answer(this.prompt.number, text);
    this.isBusy = false;
    say(this.refused, refusal ?? "", refusal ? "en" : "");
  }
}
