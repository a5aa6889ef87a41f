// Asks the API and says its answer in words. Where the API is stands in poc.json, which `poc` writes beside this file.

const form = document.querySelector("#form");
const ask = document.querySelector("#ask");
const answer = document.querySelector("#answer");
const key = document.querySelector("#key");
const remember = document.querySelector("#remember");

/// How long an answer is waited for; API Gateway itself gives up after 29 seconds.
const PATIENCE = 30_000;

const KEPT = "api-key";

let settings;

start();

async function start() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  try {
    const response = await fetch("poc.json", { cache: "no-store" });
    if (!response.ok) throw new Error(`poc.json: ${response.status}`);
    settings = await response.json();
  } catch {
    ask.disabled = true;
    say("bad", "This page does not know its API yet.", "It is told by poc.json, which the deployment writes last. Reload in a moment.");
    return;
  }
  if (settings.needs_key) {
    document.querySelector("#access").hidden = false;
    document.querySelector("#plain").hidden = isProtected(location);
    key.value = kept();
    remember.checked = key.value !== "";
  }
}

/// HTTPS, or a name of this machine: nobody is between.
function isProtected({ protocol, hostname }) {
  return protocol === "https:" || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$|\.localhost$/.test(hostname);
}

async function submit() {
  // The button is disabled while an answer is on its way, but Enter is not.
  if (ask.disabled) return;
  const { gre, gpa, rank } = Object.fromEntries(new FormData(form));
  const asked = { gre: gre.trim(), gpa: gpa.trim(), rank: rank ?? "" };
  unmark();
  keep(key.value.trim());
  ask.disabled = true;
  answer.setAttribute("aria-busy", "true");
  ask.textContent = "Asking …";
  try {
    tell(asked, await call(asked));
  } catch (error) {
    unreached(error);
  } finally {
    ask.disabled = false;
    answer.removeAttribute("aria-busy");
    ask.textContent = "Ask the model";
  }
}

/// Status and body of the API's answer.
async function call(asked) {
  const headers = {};
  if (settings.needs_key && key.value.trim()) headers["x-api-key"] = key.value.trim();
  const url = `${settings.api}/admit?${new URLSearchParams(asked)}`;
  const response = await fetch(url, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  const text = await response.text();
  let body = {};
  try {
    body = JSON.parse(text) ?? {};
  } catch {
    // Not every error of every proxy on the way is JSON.
  }
  return { status: response.status, body };
}

function tell(asked, { status, body }) {
  const message = String(body.message ?? "");
  if (status === 200 && typeof body.result === "boolean") return predicted(asked, body.result);
  switch (status) {
    case 400:
      blame(message);
      return say("bad", "That cannot be judged yet.", sentence(message) || "The API did not understand the request.");
    case 403:
      return refused(message);
    case 429:
      return message === "Limit Exceeded"
        ? say("bad", "This key's requests are used up.", "Its quota counts by day, week or month; more comes with the next one.")
        : say("bad", "Too fast.", "More requests at once than this key may make. Wait a second, then ask again.");
    default:
      return say("bad", `The API failed (${status}).`, "That is not your doing. Try again later.");
  }
}

function predicted({ gre, gpa, rank }, admitted) {
  const facts = `With a GRE score of ${gre}, a grade point average of ${gpa} and a school of rank ${rank}`;
  if (admitted) return say("yes", "Likely to be admitted.", `${facts}, the model gives more than an even chance.`);
  return say("no", "Not likely to be admitted.", `${facts}, the model gives less than an even chance.`);
}

function refused(message) {
  if (message === "Missing Authentication Token") {
    return say("bad", "The API has nothing at this address.", "It may be deployed under another name. Reload this page.");
  }
  if (!settings.needs_key) return say("bad", "The API refused.", sentence(message));
  if (key.value.trim() === "") {
    mark(key, "A key is needed.");
    return say("bad", "The API wants a key.", "Enter the one that you were given, then ask again.");
  }
  mark(key, "This key is not taken.");
  return say("bad", "The API does not take this key.", "Check it for a missing letter. One that was made a minute ago may still need a moment.");
}

function unreached(error) {
  if (error.name === "TimeoutError") {
    return say("bad", "No answer came.", "The API was given half a minute. Try again.");
  }
  return say("bad", "The API cannot be reached.", navigator.onLine ? "It may be down, or not let this page call it (CORS)." : "This device is offline.");
}

/// The API names the field that is wrong first: `gre must be …`.
function blame(message) {
  const name = /^(gre|gpa|rank)\b/.exec(message)?.[1];
  if (name) mark(document.querySelector(`#${name}`), sentence(message.slice(name.length).trim()));
}

/// Says it beside the field, too: on a phone the answer may be out of sight.
function mark(field, text) {
  const hint = document.querySelector(`#${field.id}-hint`);
  hint.dataset.otherwise ??= hint.textContent;
  hint.textContent = text;
  hint.classList.add("wrong");
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

function unmark() {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const hint of form.querySelectorAll(".hint.wrong")) {
    hint.textContent = hint.dataset.otherwise;
    hint.classList.remove("wrong");
  }
}

function say(kind, headline, details) {
  const strong = document.createElement("strong");
  strong.textContent = headline;
  const rest = document.createElement("p");
  rest.textContent = details;
  answer.className = kind;
  answer.replaceChildren(strong, rest);
  // Where a field is in focus, it says what is wrong.
  if (!form.querySelector("[aria-invalid]")) answer.scrollIntoView({ block: "nearest" });
}

/// `gre is missing` → `GRE is missing.`
function sentence(text) {
  if (!text) return "";
  const known = text.replace(/^(gre|gpa)\b/, (name) => name.toUpperCase());
  const whole = known.charAt(0).toUpperCase() + known.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

// The key stays in this tab, and only if it is asked for. Where storage is turned off, it is not kept at all.

function kept() {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

function keep(value) {
  try {
    if (remember.checked && value) sessionStorage.setItem(KEPT, value);
    else sessionStorage.removeItem(KEPT);
  } catch {
    // Nothing is lost but a convenience.
  }
}
