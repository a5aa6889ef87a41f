// Elements, made by hand: a value gets into the page as text and in no other way.

/** `element("p", { class: "quiet" }, "text", other)`. Attributes that are null or false are left out. */
export function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...inside.filter((part) => part !== null && part !== undefined && part !== ""));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** `0.04 ms`, `1.4 ms`, `12 ms`, `1.2 s` */
export function took(micros) {
  if (micros < 1_000) return `${(micros / 1000).toFixed(2)} ms`;
  if (micros < 10_000) return `${(micros / 1000).toFixed(1)} ms`;
  if (micros < 1_000_000) return `${Math.round(micros / 1000)} ms`;
  return `${(micros / 1_000_000).toFixed(1)} s`;
}

const STATUSES = {
  200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 301: "Moved Permanently", 302: "Found",
  304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
  405: "Method Not Allowed", 409: "Conflict", 413: "Content Too Large", 414: "URI Too Long",
  415: "Unsupported Media Type", 422: "Unprocessable Content", 429: "Too Many Requests",
  431: "Request Header Fields Too Large", 500: "Internal Server Error", 502: "Bad Gateway",
  503: "Service Unavailable", 504: "Gateway Timeout",
};

/** `403 Forbidden` */
export function status(code) {
  return STATUSES[code] ? `${code} ${STATUSES[code]}` : String(code);
}

/** Of a status: said by more than colour wherever it is used. */
export function kind(code) {
  if (code < 400) return "good";
  return code < 500 ? "care" : "bad";
}

/** A list of buttons of which one is current; arrow keys go from one to the next, as Tab does. */
export function chooser(list) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...list.querySelectorAll("button")];
    const next = buttons[buttons.indexOf(document.activeElement) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
}
