// The life of a call as a picture, in the order of API Gateway's console: two steps on the way to the function, two on the
// way back; and below it every value that the steps had.

import { byId, element, kind, status, took } from "./parts.js";

const STEPS = [
  ["method_request", "Method request", "Route, API key, limits, validation."],
  ["integration_request", "Integration request", "The template makes the event."],
  ["integration", "Integration", "What answers."],
  ["integration_response", "Integration response", "The pattern chooses the status, the template makes the body."],
  ["method_response", "Method response", "What the caller gets."],
];

/** Lines of a value in the picture; the whole is below it. */
const GLANCE = 220;

const LABELS = {
  api_key: "API key",
  duration_ms: "duration in ms",
  init_duration_ms: "cold start in ms",
  selected_by: "matched text",
  gateway_response: "gateway response",
  validated: "was checked",
};

/** Draws a call, or where there is none yet, the way that one would take. `method` is what the file says of it, if it does. */
export function draw(call, method) {
  const backend = backendOf(method);
  const reached = new Map((call?.steps ?? []).map((step) => [step.name, step]));
  const refusing = call && fact(reached.get("method_response"), "gateway_response") ? call.steps.at(-2)?.name : null;
  const boxes = STEPS.map(([name, title, says]) => {
    const own = name === "integration" ? backend : title;
    return box(name, own, says, reached.get(name), { call, method, refused: name === refusing });
  });
  byId("picture").replaceChildren(
    element(
      "div",
      { class: "picture", role: "group", "aria-label": "The steps of the call" },
      client(call),
      ...boxes,
    ),
  );
  const whole = call ? STEPS.filter(([name]) => reached.has(name)) : [];
  byId("steps").replaceChildren(
    ...(call?.reason ? [element("p", { class: "note reason" }, call.reason)] : []),
    ...whole.map(([name, title]) => details(name, name === "integration" ? backend : title, reached.get(name), call, method)),
    ...(call ? [element("p", { class: "quiet ids" }, `Request id ${call.request_id}`)] : []),
  );
}

function backendOf(method) {
  return { mock: "Mock", lambda: "Lambda function", lambda_proxy: "Lambda function" }[method?.integration] ?? "Integration";
}

function fact(step, name) {
  return step?.facts.find((one) => one.name === name);
}

function plain(fact) {
  if (!fact) return "";
  if (fact.pairs) return fact.pairs.map(([name, value]) => `${name}: ${value}`).join("\n");
  return fact.text ?? fact.json;
}

/** On one line, for a glance. */
function glance(text) {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > GLANCE ? `${line.slice(0, GLANCE)} …` : line;
}

function client(call) {
  return element(
    "div",
    { class: "step client" },
    element("span", { class: "name" }, "Client"),
    call ? element("span", { class: "value" }, `${call.method} ${call.target}`) : element("span", { class: "quiet" }, "sends a request"),
    call ? element("span", { class: `value status ${kind(call.status)}` }, status(call.status)) : null,
  );
}

function box(name, title, says, step, { call, method, refused }) {
  const head = [element("span", { class: "name" }, title)];
  if (step) head.push(element("span", { class: "when" }, took(step.elapsed_us)));
  if (!step) {
    const skipped = call ? skippedBecause(name, method, call) : says;
    return element("div", { class: `step ${name} ${call ? "skipped" : "waiting"}` }, ...head, element("span", { class: "quiet" }, skipped));
  }
  const lines = values(name, step, call, method).filter(([, value]) => value !== "");
  return element(
    "a",
    { class: `step ${name}${refused ? " refused" : ""}`, href: `#step-${name}` },
    ...head,
    ...(refused ? [element("span", { class: "value stop" }, "✕ ended here")] : []),
    ...lines.map(([label, value]) => element("span", { class: "value" }, element("span", { class: "label" }, label), ` ${glance(value)}`)),
  );
}

function skippedBecause(name, method, call) {
  const proxied = name === "integration_response" && call.steps.some((step) => step.name === "integration") && method?.integration === "lambda_proxy";
  return proxied ? "none: a proxy's answer goes on as it is" : "not reached";
}

/** What of a step is worth a glance. */
function values(name, step, call, method) {
  const of = (what) => plain(fact(step, what));
  switch (name) {
    case "method_request":
      return [["route", of("route")], ["key", of("api_key") || keyless(step, method)], ["checked", of("validated")]];
    case "integration_request":
      return [["template", of("template")], ["event", of("event") || of("body")]];
    case "integration":
      return [["error", of("function_error")], ["result", of("result")]];
    case "integration_response":
      return [["pattern", of("pattern")], ["template", of("template")]];
    default:
      return [["status", status(call.status)], ["error type", header(step, "x-amzn-errortype")], ["body", plain(call.body)]];
  }
}

function keyless(step, method) {
  if (!method?.key) return "";
  return header(step, "x-api-key") ? "not taken" : "none sent";
}

function header(step, wanted) {
  return fact(step, "headers")?.pairs?.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? "";
}

/** Every value of one step. */
function details(name, title, step, call, method) {
  const facts = [...step.facts];
  if (name === "method_response") {
    const type = header(step, "x-amzn-errortype");
    if (type) facts.splice(1, 0, { name: "error type", text: type });
    facts.push(call.body);
  }
  if (name === "integration" && call.cold_start_us && !fact(step, "init_duration_ms")) {
    facts.push({ name: "cold start", text: took(call.cold_start_us) });
  }
  // They are many, and seldom what somebody looks for.
  facts.sort((one, other) => (one.name === "headers") - (other.name === "headers"));
  const rows = facts.flatMap((one) => {
    const file = one.name === "template" ? source(name, one, call, method) : null;
    return [element("dt", {}, LABELS[one.name] ?? one.name.replaceAll("_", " ")), element("dd", {}, shown(one), file)];
  });
  return element(
    "section",
    { class: "values", id: `step-${name}`, tabindex: "-1", "aria-labelledby": `title-${name}` },
    element("h3", { id: `title-${name}` }, title, element("span", { class: "when" }, ` ${took(step.elapsed_us)}`)),
    rows.length ? element("dl", {}, ...rows) : element("p", { class: "quiet" }, "No values were noted."),
  );
}

/** The file that the template is in. */
function source(name, template, call, method) {
  const own = name === "integration_request" ? method?.templates : method?.responses.find((one) => String(one.status) === selected(call))?.templates;
  const file = own?.[template.text];
  return file ? element("span", { class: "quiet" }, file) : null;
}

/** `.*bad.* → 400` */
function selected(call) {
  const step = call.steps.find((one) => one.name === "integration_response");
  return /(\d{3})$/.exec(plain(fact(step, "pattern")))?.[1];
}

function shown(fact) {
  if (fact.pairs) {
    const rows = fact.pairs.map(([name, value]) => element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value)));
    const table = element("table", {}, element("tbody", {}, ...rows));
    if (fact.name !== "headers") return table;
    return element("details", {}, element("summary", {}, rows.length === 1 ? "1 header" : `${rows.length} headers`), table);
  }
  const text = fact.text ?? fact.json;
  return text === "" ? element("span", { class: "quiet" }, "empty") : element("pre", {}, text);
}
