// Runs a Node.js handler against the Lambda Runtime API, as AWS's own runtime does: CommonJS and ES modules, async
// functions, callbacks, context.succeed, fail and done. Response streaming is not offered. Node.js 18 or newer.

import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";

const JSON_LOGS = (process.env.AWS_LAMBDA_LOG_FORMAT ?? "").toUpperCase() === "JSON";
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

let requestId;
let onUncaught = (error) => initFailed(error, 129);
let onRejection = (error) => initFailed(error, 128);
let onIdle = () => {};

class RuntimeFault extends Error {
  constructor(kind, message, cause) {
    super(message);
    this.name = `Runtime.${kind}`;
    if (cause?.stack) this.stack = `${this.name}: ${message}\n${String(cause.stack).split("\n").slice(1).join("\n")}`;
  }
}

function call(method, route, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : Buffer.from(body);
    const request = http.request(
      {
        host, port, agent, method,
        path: `/2018-06-01/runtime/${route}`,
        headers: payload === undefined ? headers : { ...headers, "Content-Length": payload.length },
      },
      (response) => {
        const pieces = [];
        response.on("data", (piece) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces).toString() }),
        );
      },
    );
    request.on("error", reject);
    request.end(payload);
  });
}

// What is printed is in the pipe before the answer is.
for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true);

// Console: one event per call, with carriage returns between its lines on their way.

function stamp(level, args) {
  const at = new Date().toISOString();
  if (!JSON_LOGS) return `${at}\t${requestId}\t${level}\t${util.format(...args)}`;
  const told = { timestamp: at, level, requestId };
  told.message = args.length === 1 && !(args[0] instanceof Error) ? args[0] : util.format(...args);
  const error = args.find((arg) => arg instanceof Error);
  if (error) {
    told.errorType = error.constructor?.name ?? "UnknownError";
    told.errorMessage = error.message;
    told.stackTrace = String(error.stack ?? "").split("\n");
  }
  try {
    return JSON.stringify(told);
  } catch {
    return JSON.stringify({ ...told, message: util.format(told.message) });
  }
}

function log(level, ...args) {
  // Written at once, so that it is there before the answer is.
  const bytes = Buffer.from(stamp(level, args).replace(/\n/g, "\r") + "\n");
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

const least = Math.max(0, LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL ?? "TRACE").toUpperCase()));
const at = (level) => (LEVELS.indexOf(level) >= least ? (...args) => log(level, ...args) : () => {});
console.trace = at("TRACE");
console.debug = at("DEBUG");
console.log = at("INFO");
console.info = at("INFO");
console.warn = at("WARN");
console.error = at("ERROR");
console.fatal = at("FATAL");

// Error objects.

function isError(value) {
  return util.types.isNativeError(value) || (value && value.name && value.message && value.stack);
}

function errorObject(error) {
  try {
    if (isError(error)) {
      return {
        errorType: error.name?.replace(/\x7F/g, "%7F"),
        errorMessage: error.message?.replace(/\x7F/g, "%7F"),
        trace: error.stack.replace(/\x7F/g, "%7F").split("\n"),
      };
    }
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
  } catch {
    const message =
      "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack";
    return { errorType: "handled", errorMessage: message };
  }
}

function logError(what, error) {
  const told = isError(error)
    ? { errorType: error.name, errorMessage: error.message, code: error.code, ...error, stack: String(error.stack).split("\n") }
    : errorObject(error);
  if (JSON_LOGS) log("ERROR", error);
  else log("ERROR", `${what} \t${JSON.stringify(told)}`);
}

function header(told) {
  return { "Lambda-Runtime-Function-Error-Type": encodeURIComponent(told.errorType ?? ""), "Content-Type": "application/json" };
}

async function initFailed(error, status) {
  const told = errorObject(error);
  await call("POST", "init/error", JSON.stringify(told), header(told)).catch(() => {});
  process.exit(status);
}

async function failed(id, error) {
  const told = errorObject(error);
  await call("POST", `invocation/${id}/error`, JSON.stringify(told), header(told));
}

function serialized(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch (problem) {
    throw new RuntimeFault("MarshalError", `Unable to stringify response body as JSON: ${problem.message}`);
  }
}

// The handler.

function isModulePackage(folder) {
  for (let at = folder; !at.endsWith("/node_modules"); at = path.dirname(at)) {
    const file = path.join(at, "package.json");
    if (fs.existsSync(file)) {
      try {
        return JSON.parse(fs.readFileSync(file)).type === "module";
      } catch {
        return false;
      }
    }
    if (at === path.dirname(at)) break;
  }
  return false;
}

async function loadModule(root, folder, name) {
  const require = createRequire(path.join(root, "package.json"));
  const base = path.resolve(root, folder, name);
  const imported = (file) => import(pathToFileURL(file).href);
  const isFile = (file) => fs.existsSync(file) && fs.statSync(file).isFile();
  if (isFile(base)) return require(base);
  if (isFile(`${base}.js`)) {
    return isModulePackage(path.dirname(base)) ? imported(`${base}.js`) : require(`${base}.js`);
  }
  if (isFile(`${base}.mjs`)) return imported(`${base}.mjs`);
  if (isFile(`${base}.cjs`)) return require(`${base}.cjs`);
  return require(require.resolve(name, { paths: [root, path.join(root, folder)] }));
}

async function load(root, handler) {
  if (handler.includes("..")) {
    const advice = "Use absolute paths when specifying root directories in handler names.";
    throw new RuntimeFault("MalformedHandlerName", `'${handler}' is not a valid handler name. ${advice}`);
  }
  const last = path.basename(handler);
  const folder = handler.substring(0, handler.indexOf(last));
  const parts = last.match(/^([^.]*)\.(.*)$/);
  if (!parts) throw new RuntimeFault("MalformedHandlerName", "Bad handler");
  let module;
  try {
    module = await loadModule(root, folder, parts[1]);
  } catch (problem) {
    if (problem instanceof SyntaxError) {
      throw new RuntimeFault("UserCodeSyntaxError", problem.toString(), problem);
    }
    if (problem.code === "MODULE_NOT_FOUND") {
      throw new RuntimeFault("ImportModuleError", problem.toString(), problem);
    }
    throw problem;
  }
  const found = parts[2].split(".").reduce((inner, key) => inner && inner[key], module);
  if (!found) throw new RuntimeFault("HandlerNotFound", `${handler} is undefined or not exported`);
  if (typeof found !== "function") throw new RuntimeFault("HandlerNotFound", `${handler} is not a function`);
  return found;
}

function context(headers) {
  const parsed = (name, told) => {
    if (headers[name] === undefined) return undefined;
    try {
      // Node.js reads headers byte by byte; these are UTF-8.
      return JSON.parse(Buffer.from(headers[name], "latin1").toString());
    } catch (problem) {
      throw new Error(`Cannot parse ${told} as json: ${problem}`);
    }
  };
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed("lambda-runtime-client-context", "ClientContext"),
    identity: parsed("lambda-runtime-cognito-identity", "CognitoIdentity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

// One invocation: resolves when it is answered.
function invoke(handler, headers, body) {
  const id = requestId;
  return new Promise((answered, broken) => {
    let finished = false;
    let waitForEmptyEventLoop = true;
    const send = (promise) => promise.then(answered, broken);
    const complete = (result) => {
      onIdle = () => {};
      let text;
      try {
        text = serialized(result);
      } catch (problem) {
        return fail(problem);
      }
      send(call("POST", `invocation/${id}/response`, text, { "Content-Type": "application/json" }));
    };
    const fail = (error) => {
      onIdle = () => {};
      logError("Invoke Error", error);
      send(failed(id, error));
    };
    const once = (work) => (...args) => {
      if (finished) return;
      finished = true;
      work(...args);
    };
    const done = once((error, result) => (error === undefined || error === null ? complete(result) : fail(error)));
    const callback = once((error, result) => {
      if (error !== undefined && error !== null) fail(error);
      else if (!waitForEmptyEventLoop) complete(result);
      else onIdle = () => setImmediate(() => complete(result));
    });
    // A handler that comes to its end without an answer.
    onIdle = () => {
      finished = true;
      complete(null);
    };
    onUncaught = (error) => failed(id, error).finally(() => process.exit(129));
    onRejection = (error) => failed(id, error).finally(() => process.exit(128));
    try {
      const own = {
        get callbackWaitsForEmptyEventLoop() {
          return waitForEmptyEventLoop;
        },
        set callbackWaitsForEmptyEventLoop(value) {
          waitForEmptyEventLoop = value;
        },
        succeed: (result) => done(null, result),
        fail: (error) => done(error ?? "handled"),
        done,
      };
      const result = handler(JSON.parse(body), Object.assign(own, context(headers)), callback);
      if (typeof result?.then === "function") result.then(own.succeed, own.fail).catch(own.fail);
    } catch (error) {
      callback(error);
    }
  });
}

process.on("uncaughtException", (error) => {
  logError("Uncaught Exception", error);
  onUncaught(error);
});
process.on("unhandledRejection", (reason) => {
  const error = new RuntimeFault("UnhandledPromiseRejection", `${reason}`, reason);
  error.reason = reason;
  logError("Unhandled Promise Rejection", error);
  onRejection(error);
});
process.on("beforeExit", () => onIdle());

const root = process.env.LAMBDA_TASK_ROOT;
let handler;
try {
  handler = await load(root, process.env._HANDLER);
} catch (error) {
  logError("Uncaught Exception", error);
  await initFailed(error, 129);
}
for (;;) {
  const next = await call("GET", "invocation/next");
  if (next.status !== 200) process.exit(1);
  requestId = next.headers["lambda-runtime-aws-request-id"];
  const trace = next.headers["lambda-runtime-trace-id"];
  if (trace === undefined) delete process.env._X_AMZN_TRACE_ID;
  else process.env._X_AMZN_TRACE_ID = trace;
  await invoke(handler, next.headers, next.body);
}
