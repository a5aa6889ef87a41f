// The page: what can be called, the last calls, and which of both is shown. It asks the server every second while
// somebody looks.

import { drawForm } from "./form.js";
import { draw } from "./life.js";
import { byId, chooser, element, kind, status, took } from "./parts.js";

const PAUSE = 1000;

/** As many as the server keeps. */
const KEPT = 50;

const token = document.querySelector("meta[name=poc-page]").content;

const state = {
  run: null,
  deployed: null,
  api: null,
  open: false,
  keys: [],
  /** `GET /admit` */
  method: null,
  /** The newest first. */
  calls: [],
  /** Number of the call that is drawn. */
  shown: null,
};

async function start() {
  chooser(byId("methods"));
  chooser(byId("calls"));
  byId("follow").addEventListener("change", () => {
    if (byId("follow").checked && state.calls.length) show(state.calls[0]);
  });
  draw(null, null);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  for (;;) {
    await look();
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

let looking = null;

/** Asks for what is new; whoever asks meanwhile waits for the same answer, and then asks again. */
export function look() {
  if (document.hidden) return Promise.resolve();
  looking ??= ask().finally(() => {
    looking = null;
  });
  return looking;
}

async function ask() {
  try {
    const after = state.calls[0]?.number ?? 0;
    const seen = await get(`calls?after=${after}`);
    // Another run knows nothing of these calls, and has another token.
    if (state.run !== null && seen.run !== state.run) return location.reload();
    state.run = seen.run;
    if (seen.deployed !== state.deployed) {
      await routes();
      state.deployed = seen.deployed;
    }
    if (seen.calls?.length) arrived(seen.calls);
    trouble("");
  } catch (error) {
    trouble(error instanceof TypeError ? "poc dev does not answer any more. This page waits for it." : error.message);
  }
}

async function get(what, headers = {}) {
  const answer = await fetch(what, { headers, cache: "no-store" });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`/_poc/${what.split("?")[0]}: ${body.message}`);
  return body;
}

function trouble(text) {
  const place = byId("trouble");
  // What is said twice is read out twice.
  if (place.textContent !== text) place.textContent = text;
  place.hidden = text === "";
}

async function routes() {
  const { api, open } = await get("routes");
  Object.assign(state, { api, open });
  state.keys = await keys();
  document.title = `${api.name} on this machine`;
  byId("name").textContent = api.name;
  byId("where").textContent = `poc dev · stage ${api.stage}`;
  byId("about").textContent = api.description ?? "";
  byId("site").hidden = !api.site;
  if (open) {
    byId("follow").closest("label").hidden = true;
    byId("no-calls").textContent = "Others can reach this port, so calls are not kept, and no key is filled in.";
  }
  const focused = document.activeElement?.id;
  const names = api.methods.map(named);
  if (!names.includes(state.method)) state.method = names[0] ?? null;
  listMethods();
  drawForm(byId("method"), byId("form"), chosen(), state, sent);
  const current = state.calls.find((call) => call.number === state.shown);
  draw(current ?? null, current ? methodOf(current) : chosen());
  // Whoever types goes on typing.
  if (focused) byId(focused)?.focus();
}

/** None where the server does not tell this page: then whoever uses it types one. */
async function keys() {
  if (token === "" || state.open) return [];
  try {
    return (await get("keys", { "x-poc-page": token })).keys;
  } catch {
    return [];
  }
}

function named(method) {
  return `${method.verb} ${method.path}`;
}

function chosen() {
  return state.api?.methods.find((method) => named(method) === state.method) ?? null;
}

/** What the file says of the method that answered. */
function methodOf(call) {
  const at = state.api?.methods.filter((method) => method.path === call.resource) ?? [];
  return at.find((method) => method.verb === call.method) ?? at.find((method) => method.verb === "ANY") ?? null;
}

function listMethods() {
  const items = state.api.methods.map((method) => {
    const current = named(method) === state.method;
    const button = element(
      "button",
      { type: "button", "aria-current": current ? "true" : null },
      element("span", { class: "verb" }, method.verb),
      element("span", { class: "path" }, method.path),
      method.key ? element("span", { class: "mark" }, "key") : null,
      method.summary ? element("span", { class: "says" }, method.summary) : null,
    );
    button.addEventListener("click", () => {
      state.method = named(method);
      for (const other of byId("methods").querySelectorAll("button")) other.removeAttribute("aria-current");
      button.setAttribute("aria-current", "true");
      drawForm(byId("method"), byId("form"), method, state, sent);
      if (state.shown === null) draw(null, method);
    });
    return element("li", {}, button);
  });
  byId("methods").replaceChildren(...items);
}

/** A call of this page was answered; what happened to it is known by its identifier, where calls are kept at all. */
async function sent({ id, status: code, asked, body }) {
  if (state.open) {
    outcome(code, asked, "");
    byId("steps").replaceChildren(element("pre", {}, body === "" ? "(no body)" : body));
    return reveal();
  }
  byId("follow").checked = true;
  // One that was under way may have been answered before.
  await look();
  if (!state.calls.some((call) => call.request_id === id)) await look();
  const call = state.calls.find((one) => one.request_id === id) ?? state.calls[0];
  if (!call) return;
  show(call);
  reveal();
}

/** On a phone it is below the form. */
function reveal() {
  const { top, bottom } = byId("outcome").getBoundingClientRect();
  if (top < 0 || bottom > window.innerHeight) byId("life-title").scrollIntoView({ block: "start" });
}

function outcome(code, asked, took) {
  byId("outcome").replaceChildren(
    element("strong", { class: `status ${kind(code)}` }, status(code)),
    element("span", { class: "asked" }, ` ${asked} `),
    element("span", { class: "when" }, took),
  );
}

/** The oldest first, as the server tells them. */
function arrived(calls) {
  state.calls = [...calls.toReversed(), ...state.calls].slice(0, KEPT);
  byId("no-calls").hidden = true;
  const items = state.calls.map((call) => {
    const button = element(
      "button",
      { type: "button", "data-number": call.number },
      element("span", { class: `status ${kind(call.status)}` }, String(call.status)),
      element("span", { class: "path" }, `${call.method} ${call.target}`),
      element("span", { class: "when" }, `${new Date(call.at_ms).toLocaleTimeString()} · ${took(call.elapsed_us)}`),
    );
    button.addEventListener("click", () => {
      byId("follow").checked = call === state.calls[0];
      show(call);
    });
    return element("li", {}, button);
  });
  // Whoever is in the list stays in it.
  const focused = document.activeElement?.dataset.number;
  byId("calls").replaceChildren(...items);
  if (focused) byId("calls").querySelector(`[data-number="${focused}"]`)?.focus();
  if (byId("follow").checked || state.shown === null) show(state.calls[0]);
  else mark();
}

function mark() {
  for (const button of byId("calls").querySelectorAll("button")) {
    if (button.dataset.number === String(state.shown)) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

function show(call) {
  state.shown = call.number;
  mark();
  outcome(call.status, `${call.method} ${call.target}`, `in ${took(call.elapsed_us)}`);
  draw(call, methodOf(call));
}

start();
