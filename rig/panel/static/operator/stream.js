// The stream of events: opened again by itself whenever it breaks, and each time told everything anew.

import { ask } from "./send.js";

const SILENCE_MS = 15_000; // three beats of the server
const AGAIN_MS = 1_000;

/**
 * Keep listening.
 * Calls lane(told), plot(told), connected(bool) and signedOut().
 */
export function listen({ lane, plot, connected, signedOut }) {
  let source = null;
  let heard = Date.now();
  let isOpen = false;

  function open() {
    source = new EventSource("/events");
    heard = Date.now();
    source.addEventListener("open", () => {
      isOpen = true;
      alive();
      connected(true);
    });
    source.addEventListener("lane", (event) => { alive(); lane(JSON.parse(event.data)); });
    source.addEventListener("plot", (event) => { alive(); plot(JSON.parse(event.data)); });
    source.addEventListener("beat", alive);
    source.addEventListener("signed-out", () => { source.close(); signedOut(); });
    source.addEventListener("error", lost);
  }

  function alive() {
    heard = Date.now();
  }

  function lost() {
    const wasOpen = isOpen;
    isOpen = false;
    source.close();
    connected(false);
    setTimeout(again, wasOpen ? 0 : AGAIN_MS);
  }

  // A stream that was refused says nothing about why, so that is asked; the answer is shown meanwhile.
  async function again() {
    const reply = await ask();
    if (reply.status === 401) { signedOut(); return; }
    if (reply.status === 200) reply.body.forEach(lane);
    if (reply.status === 200) open();
    else setTimeout(again, AGAIN_MS);
  }

  setInterval(() => { if (isOpen && Date.now() - heard > SILENCE_MS) lost(); }, 1_000);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
  open();
}
