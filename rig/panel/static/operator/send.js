// Sending what people do. A plain request each, so it works whether or not the stream of events does.

const META = 'meta[name="csrf"]';

let csrf = document.querySelector(META).content;
const PATIENCE_MS = 10_000;

/**
 * Send something to a lane.
 * Returns {status, body, detail}: status 0 where the rig's computer did not answer.
 */
export async function send(lane, what, body = {}) {
  const reply = await post(lane, what, body);
  return reply.status === 403 && (await renewed()) ? post(lane, what, body) : reply;
}

function post(lane, what, body) {
  return request(`/lanes/${encodeURIComponent(lane)}/${what}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: JSON.stringify(body),
  });
}

/** Take the token of the session of now: the person may have signed in anew in another window. */
async function renewed() {
  try {
    const reply = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const before = csrf;
    csrf = page.querySelector(META)?.content || csrf;
    return csrf !== before;
  } catch {
    return false;
  }
}

/** Ask how the lanes are now. */
export async function ask() {
  return request("/lanes", {});
}

async function request(place, options) {
  try {
    const reply = await fetch(place, {
      ...options,
      headers: { accept: "application/json", ...options.headers },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body = await reply.json();
    return { status: reply.status, body, detail: reply.ok ? "" : String(body.detail ?? reply.status) };
  } catch {
    return { status: 0, body: null, detail: "" };
  }
}
