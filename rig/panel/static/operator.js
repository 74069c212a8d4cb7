// The operator's page: lanes side by side, one of which takes the scans and the keys.

import { say } from "./operator/dom.js";
import { LaneView } from "./operator/lane.js";
import { lanes as told, t } from "./operator/page.js";
import { listen } from "./operator/stream.js";

const KEPT = "rig-lane"; // which lane was active, for this window, over a reload
const banner = document.getElementById("connection");
const lanes = [...document.querySelectorAll(".lane")].map((section) => new LaneView(section, { activate, command }));
const byName = new Map(lanes.map((lane) => [lane.name, lane]));

let active = null;

/** Let a lane take the scans and the keys. */
function activate(lane, takesFocus = true) {
  if (lane !== active) {
    active = lane;
    sessionStorage.setItem(KEPT, lane.name);
    for (const one of lanes) one.section.toggleAttribute("data-active", one === lane);
    if (lanes.length > 1) say(lane.polite, t("notice.active", lane.number));
  }
  if (takesFocus) lane.focus();
}

/** Say whether a label is a command of the page: LANE-2 makes the second lane the active one. */
function command(text) {
  const found = /^\s*LANE-(\d{1,2})\s*$/i.exec(text);
  const lane = found && lanes.find((one) => one.number === Number(found[1]));
  if (!lane) return false;
  activate(lane);
  return true;
}

function isTyping(element) {
  return element instanceof HTMLInputElement;
}

/** A scanner types wherever the focus is: what it types goes to the lane, and never presses a button. */
document.addEventListener("keydown", (event) => {
  const lane = /^F[1-4]$/.test(event.key) ? lanes[Number(event.key[1]) - 1] : null;
  if (lane && !event.repeat) activate(lane);
  if (event.key === "F9" && !event.repeat) active.stop();
  if (lane || event.key === "F9") event.preventDefault();
  else if (event.key === "Escape" && !active.prompt.isOpen) active.escape();
  else if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey && !isTyping(event.target)) {
    if (event.key !== " " || event.target === document.body) active.focus();
  }
}, true);

// Where the focus was lost to nothing, it goes back to the scan field; a control that was reached by Tab keeps it.
document.addEventListener("click", (event) => {
  if (!event.target.closest("a, button, input, label, [tabindex='0']")) active.focus();
});
document.addEventListener("click", (event) => { if (event.target.closest(".stop")) active.focus(); });
window.addEventListener("focus", () => { if (document.activeElement === document.body) active.focus(); });

for (const one of told) byName.get(one.lane)?.show(one);
activate(byName.get(sessionStorage.getItem(KEPT)) ?? lanes[0]);

listen({
  lane: (one) => byName.get(one.lane)?.show(one),
  plot: (one) => byName.get(one.lane)?.points(one),
  connected: (is) => {
    banner.hidden = is;
    say(banner, is ? "" : t("notice.lost"));
    document.body.dataset.connected = String(is);
  },
  signedOut: () => {
    if (!lanes.some((lane) => lane.isAtWork)) {
      window.location.assign("/sign-in?next=/");
      return;
    }
    banner.hidden = false;
    const link = document.createElement("a");
    link.href = "/sign-in?next=/";
    link.textContent = t("sign_in.title");
    banner.replaceChildren(t("notice.signed_out"), " ", link);
  },
});
