// Numbers, limits, settings and titles as people read them.

import { has, language, t } from "./page.js";

const SETTING = /([\d.]+) mm @ (\d+) \/min$/;
const NARROW = "\u202f"; // between a number and its unit, never broken
const POWERS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

const significant = new Intl.NumberFormat(language, { maximumSignificantDigits: 6, useGrouping: false });
const formats = new Map(); // by decimal places; making one takes longer than all that it writes

function fixed(value, places) {
  const at = Math.min(Math.max(places, 0), 12);
  if (!formats.has(at)) {
    const options = { minimumFractionDigits: at, maximumFractionDigits: at, useGrouping: false };
    formats.set(at, new Intl.NumberFormat(language, options));
  }
  return formats.get(at).format(value).replace("-", "−");
}

/** Return a number with as many digits as it has, but no more than six. */
export function plain(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return significant.format(value).replace("-", "−");
}

/** Return the decimal places that show two significant digits of an uncertainty. */
function placesOf(U) {
  return U > 0 ? 1 - Math.floor(Math.log10(U)) : 0;
}

/** Return the power of ten that numbers are shown in: 0 where they are handy as they are. */
function powerOf(...values) {
  const largest = Math.max(...values.filter(Number.isFinite).map(Math.abs), 0);
  return largest > 0 && (largest < 1e-3 || largest >= 1e6) ? Math.floor(Math.log10(largest)) : 0;
}

function inPower(text, power, isSum) {
  if (!power) return text;
  const raised = [...String(power)].map((one) => POWERS[one]).join("");
  return `${isSum ? `(${text})` : text}·10${raised}`;
}

function unitOf(unit) {
  return unit && unit !== "1" ? `${NARROW}${unit === "1/min" ? "/min" : unit}` : "";
}

/** Return ``value ± U unit`` with two digits of U. */
export function measured({ value, U, unit }) {
  if (value === null || value === undefined) return "–";
  if (!(U > 0)) return `${plain(value)}${unitOf(unit)}`;
  const power = powerOf(value, U);
  const places = placesOf(U / 10 ** power);
  const both = `${fixed(value / 10 ** power, places)}${NARROW}±${NARROW}${fixed(U / 10 ** power, places)}`;
  return `${inPower(both, power, true)}${unitOf(unit)}`;
}

function limit(value) {
  const power = powerOf(value);
  return inPower(plain(value / 10 ** power), power, false);
}

/** Return limits: ``0.1 … 0.4 mm``, ``≤ 0``, ``= 1``. */
export function allowed({ lower, upper, unit }) {
  const low = lower ?? null;
  const high = upper ?? null;
  if (low === null && high === null) return t("lane.none_allowed");
  if (low === null) return `≤${NARROW}${limit(high)}${unitOf(unit)}`;
  if (high === null) return `≥${NARROW}${limit(low)}${unitOf(unit)}`;
  if (low === high) return `=${NARROW}${limit(low)}${unitOf(unit)}`;
  return `${limit(low)}${NARROW}…${NARROW}${limit(high)}${unitOf(unit)}`;
}

/** Return a setting of the pen. */
export function settingOf(setting) {
  if (!setting) return "";
  return `${fixed(setting.depth_mm, 2)}${NARROW}mm · ${plain(setting.rate_per_min)}${NARROW}/min`;
}

/** Return the title of a result in the reader's language, or as the rig says it. */
export function resultTitle({ name, title }) {
  return translated(name.replace(/ \[.*$/, ""), title);
}

/** Return a step as its title and its setting. */
export function stepTitle({ test, title }) {
  const { bare, setting } = parted(title, ", ");
  return { ...translated(test.replace(/^.*::/, "").replace(/\[.*$/, ""), capital(bare)), setting };
}

/** Return the title of a plot, with its setting. */
export function plotTitle(title) {
  const { bare, setting } = parted(title, " at ");
  const key = `plots.${bare.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  const { text, lang } = has(key) ? { text: t(key), lang: language } : { text: bare, lang: "en" };
  return { text: setting ? `${text} · ${setting}` : text, lang };
}

function parted(title, before) {
  const at = SETTING.exec(title);
  if (!at) return { bare: title, setting: "" };
  const bare = title.slice(0, at.index).replace(new RegExp(`${before}$`), "");
  return { bare, setting: settingOf({ depth_mm: Number(at[1]), rate_per_min: Number(at[2]) }) };
}

/** Return what an axis shows, with its unit. */
export function columnTitle(name) {
  if (has(`columns.${name}`)) return t(`columns.${name}`);
  const parts = name.split("_");
  return parts.length > 1 ? `${capital(parts.slice(0, -1).join(" "))} (${parts.at(-1)})` : capital(name);
}

/** Return how long something takes. */
export function duration(seconds) {
  const whole = Math.ceil(seconds);
  if (whole < 60) return t("lane.seconds", whole);
  return t("lane.minutes", Math.floor(whole / 60), whole % 60);
}

/** Return the time of day of a UTC text. */
export function timeOfDay(text) {
  const at = new Date(text);
  if (!text || Number.isNaN(at.getTime())) return "";
  return t("lane.ended_at", at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));
}

function translated(key, title) {
  return has(`titles.${key}`) ? { text: t(`titles.${key}`), lang: language } : { text: title, lang: "en" };
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
