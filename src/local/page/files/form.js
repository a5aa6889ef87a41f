// The form of one method: its parameters as fields, the key filled in, and the call itself.

import { byId, element } from "./parts.js";

const VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/** API Gateway itself gives up after 29 seconds. */
const PATIENCE = 31_000;

/** What was typed, by method and field, for when it is chosen again. */
const typed = new Map();

const PLACES = { path: "in the path", query: "query", header: "header" };

/** Draws what `method` is, and the form to call it; `sent` is told of every answer. */
export function drawForm(about, form, method, { api, keys, open }, sent) {
  if (!method) {
    about.replaceChildren(element("p", { class: "quiet" }, "The API has no method."));
    form.replaceChildren();
    return;
  }
  about.replaceChildren(...words(method, api));
  const here = `${method.verb} ${method.path}`;
  const before = typed.get(here) ?? {};
  const fields = method.parameters.map((parameter, at) => field(parameter, at, before));
  form.replaceChildren(
    ...(method.verb === "ANY" ? [verbs(before)] : []),
    ...fields.map(({ row }) => row),
    ...(takesBody(method) ? body(method, before) : []),
    ...(method.key || keys.length ? keyRows(method, keys, open, before) : []),
    element("button", { type: "submit", id: "send", class: "primary", disabled: api.host !== null }, "Send"),
    element("p", { id: "said", class: "hint", role: "status" }),
  );
  form.oninput = () => typed.set(here, contents(form));
  form.onsubmit = (event) => {
    event.preventDefault();
    typed.set(here, contents(form));
    send(form, method, api, keys, fields, sent);
  };
}

function words(method, api) {
  const asks = [
    method.key ? "an API key" : null,
    method.signed ? "a signature (AWS_IAM), which a browser cannot make" : null,
  ].filter(Boolean);
  const answers = { lambda: `the function ${api.function}, by templates`, lambda_proxy: `the function ${api.function}, as a proxy`, mock: "API Gateway itself (mock)" };
  return [
    element("p", { class: "title" }, element("span", { class: "verb" }, method.verb), ` ${method.path}`),
    method.summary ? element("p", {}, method.summary) : null,
    method.description ? element("p", { class: "quiet described" }, method.description) : null,
    element("p", { class: "quiet" }, `Answered by ${answers[method.integration]}. ${asks.length ? `Needs ${asks.join(" and ")}.` : "Needs no key."}`),
    api.host === null
      ? null
      : element("p", { class: "note" }, `The API answers under its own name alone, and a browser cannot send that from here: curl -H 'Host: ${api.host}' can.`),
  ].filter(Boolean);
}

/** One parameter; what it means is below it, and read out with it. */
function field(parameter, at, before) {
  const id = `field-${at}`;
  const hint = parameter.description ? `${id}-hint` : null;
  const value = before[id] ?? parameter.example ?? "";
  const input = element("input", { id, name: id, value, "aria-describedby": hint, "aria-required": parameter.required ? "true" : null, spellcheck: "false", autocapitalize: "off" });
  const row = element(
    "div",
    { class: "field" },
    element(
      "label",
      { for: id },
      element("span", { class: "name" }, parameter.name),
      element("span", { class: "quiet" }, ` ${PLACES[parameter.place]}${parameter.required ? ", required" : ""}`),
    ),
    input,
    hint ? element("p", { class: "hint", id: hint }, parameter.description) : null,
  );
  return { parameter, input, row };
}

function verbs(before) {
  const select = element("select", { id: "verb", name: "verb" }, ...VERBS.map((verb) => element("option", { selected: verb === (before.verb ?? "GET") }, verb)));
  return element("div", { class: "field" }, element("label", { for: "verb" }, "Method"), select);
}

function takesBody({ verb, models }) {
  return !["GET", "HEAD", "DELETE", "OPTIONS"].includes(verb) || Object.keys(models).length > 0;
}

function body(method, before) {
  const types = [...new Set([...Object.keys(method.models), ...Object.keys(method.templates), "application/json"])].filter((type) => type !== "$default");
  return [
    element(
      "div",
      { class: "field" },
      element("label", { for: "type" }, element("span", { class: "name" }, "Content-Type")),
      element("input", { id: "type", name: "type", list: "types", value: before.type ?? types[0] }),
      element("datalist", { id: "types" }, ...types.map((type) => element("option", { value: type }))),
    ),
    element(
      "div",
      { class: "field" },
      element("label", { for: "body" }, element("span", { class: "name" }, "Body")),
      element("textarea", { id: "body", name: "body", rows: "5", spellcheck: "false" }, before.body ?? method.body ?? ""),
    ),
  ];
}

/** One of the stage's keys, none, or another; none is how a 403 looks. */
function keyRows(method, keys, open, before) {
  const names = keys.map((key, at) => [`key-${at}`, key.name]);
  const choices = [...names, ["none", "no key"], ["other", "another, typed in"]];
  const first = method.key ? (names[0]?.[0] ?? "other") : "none";
  const chosen = choices.some(([value]) => value === before.choice) ? before.choice : first;
  const select = element("select", { id: "choice", name: "choice", "aria-describedby": "key-hint" }, ...choices.map(([value, name]) => element("option", { value, selected: value === chosen }, name)));
  const other = element("input", { id: "other", name: "other", type: "password", autocomplete: "off", "aria-label": "Value of the other key", value: before.other ?? "", hidden: chosen !== "other", spellcheck: "false" });
  select.addEventListener("change", () => {
    other.hidden = select.value !== "other";
  });
  const hint = names.length ? "Filled in for you, and sent to this machine alone." : open ? "Not filled in, because others can reach this port." : "poc key show prints it.";
  return [
    element(
      "div",
      { class: "field" },
      element("label", { for: "choice" }, element("span", { class: "name" }, "API key"), element("span", { class: "quiet" }, method.key ? " x-api-key, required" : " x-api-key")),
      select,
      other,
      element("p", { class: "hint", id: "key-hint" }, hint),
    ),
  ];
}

function contents(form) {
  return Object.fromEntries(new FormData(form));
}

/** An empty field is not sent, so that one sees what its lack leads to. */
async function send(form, method, api, keys, fields, sent) {
  const button = byId("send");
  if (button.disabled) return;
  const said = byId("said");
  const { verb = method.verb, type, body, choice, other } = contents(form);
  const headers = new Headers();
  const query = new URLSearchParams();
  let path = method.path;
  said.textContent = "";
  try {
    for (const { parameter, input } of fields) {
      input.removeAttribute("aria-invalid");
      const { name, place } = parameter;
      const value = input.value;
      if (place === "path") path = filled(path, name, value, input);
      else if (value !== "" && place === "query") query.append(name, value);
      else if (value !== "") headers.set(name, value);
    }
    const key = choice === "other" ? other : keys[Number(/^key-(\d+)$/.exec(choice ?? "")?.[1] ?? -1)]?.value;
    if (key) headers.set("x-api-key", key);
    const carries = body !== undefined && !["GET", "HEAD"].includes(verb);
    if (carries && type) headers.set("content-type", type);
    const search = query.size ? `?${query}` : "";
    button.disabled = true;
    button.textContent = "Sending …";
    const answer = await fetch(`${api.path}${path === "/" ? "/" : path}${search}`, {
      method: verb,
      headers,
      body: carries ? body : undefined,
      cache: "no-store",
      credentials: "omit",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    await sent({
      id: answer.headers.get("x-amzn-requestid"),
      status: answer.status,
      asked: `${verb} ${api.path}${path}${search}`,
      body: await answer.text(),
    });
  } catch (error) {
    said.textContent = error.name === "TimeoutError" ? "No answer came within 31 seconds." : `Not sent: ${error.message}`;
  } finally {
    button.disabled = api.host !== null;
    button.textContent = "Send";
  }
}

/** The path with one variable filled in; a greedy one keeps its slashes. */
function filled(path, name, value, input) {
  if (value === "") {
    input.setAttribute("aria-invalid", "true");
    input.focus();
    throw new Error(`${name} is a part of the path, and cannot be empty.`);
  }
  const parts = value.split("/").map(encodeURIComponent).join("/");
  return path.replace(`{${name}+}`, () => parts).replace(`{${name}}`, () => encodeURIComponent(value));
}
