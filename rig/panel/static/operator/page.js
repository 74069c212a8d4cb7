// What the server put into the page: the words of the reader's language, and the lanes as they were then.

const page = JSON.parse(document.getElementById("page").textContent);

export const language = page.language;
export const lanes = page.lanes;
export const refusals = page.refusals; // as the rig itself says them
export const parts = new RegExp(`^(?:${page.sentence})$`, "s"); // of its sentences: what happened, expected, do

/** Say whether the catalogue has a key. */
export function has(key) {
  return Object.hasOwn(page.words, key);
}

/** Return a word of the catalogue, with {0}, {1} … filled in. */
export function t(key, ...values) {
  const text = has(key) ? page.words[key] : key;
  return text.replace(/\{(\d)\}/g, (whole, i) => values[Number(i)] ?? whole);
}

/**
 * Return what a station asks in the reader's language: a catalogue may only speak for the rig where the
 * station's own words are the ones that it translates.
 */
export function asked(key, text) {
  const same = Object.hasOwn(page.asked, key) && page.asked[key] === text && has(`prompts.${key}`);
  return same ? { text: t(`prompts.${key}`), lang: language } : { text, lang: "en" };
}
