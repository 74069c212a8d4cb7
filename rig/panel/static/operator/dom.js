// Making and filling elements. Whatever comes from a scan or from the rig goes in as text, never as markup.

/** Return a new element with a class, holding texts and elements. */
export function make(tag, name = "", ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set a text, and the language it is in; touches nothing where it is the same, so that nothing is read twice. */
export function say(element, text, lang = "") {
  if (element.textContent !== text) element.textContent = text;
  if (lang) element.lang = lang;
  else element.removeAttribute("lang");
}

const held = new WeakMap();

/** Put into an element what ``make`` returns, unless it was made for the same facts before: drawing takes time. */
export function fill(element, facts, makeChildren) {
  const key = JSON.stringify(facts);
  if (held.get(element) === key) return;
  held.set(element, key);
  element.replaceChildren(...makeChildren());
}

/** Return ``{text, lang}`` as a span. */
export function span({ text, lang }, name = "") {
  const element = make("span", name, text);
  if (lang) element.lang = lang;
  return element;
}
