// What the rig refuses, in the reader's language. The rig says it in English; where a catalogue has that very sentence,
// with its numbers and names left open, it speaks for the rig.

import { language, parts, refusals, t } from "./page.js";

const RIG = "en";
const known = Object.entries(refusals).map(([key, template]) => {
  const places = [...template.matchAll(/\{(\d)\}/g)].map(([, place]) => Number(place));
  const between = template.split(/\{\d\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return { key, places, pattern: new RegExp(`^${between.join("([^;\\n]+?)")}$`) };
});

/** Return the parts of a refusal in the reader's language, where every part has it; else in the rig's own. */
export function inWords({ what, expected = "", do: todo = "" }) {
  const said = [what, expected, todo];
  const here = language === RIG ? said : said.map((part) => (part ? translated(part) : ""));
  const isWhole = here.every((part) => part !== null);
  const [first, second, third] = isWhole ? here : said;
  return { what: first, expected: second, do: third, lang: isWhole ? language : RIG };
}

/** Return a refusal that came as one sentence as ``{text, lang}``. */
export function sentence(text) {
  const here = inWords(parts.exec(text)?.groups ?? { what: text });
  if (here.lang === RIG) return { text, lang: RIG };
  const first = here.expected ? `${here.what}. ${t("lane.expected", here.expected)}` : here.what;
  return { text: [first, here.do].filter(Boolean).join(". "), lang: here.lang };
}

function translated(part) {
  for (const { key, places, pattern } of known) {
    const found = pattern.exec(part);
    if (!found) continue;
    const values = [];
    places.forEach((place, i) => { values[place] = found[i + 1]; });
    return t(`refusals.${key}`, ...values);
  }
  return null;
}
