"""Runs a Python handler against the Lambda Runtime API, as AWS's own runtime does.

Standard library only, Python 3.8 or newer. What a handler sees (context, logging, error objects) is that of AWS's
python runtime. Packages installed on this machine are hidden from it, except for those that AWS's runtime brings.
"""

import decimal
import importlib
import importlib.machinery
import json
import logging
import math
import os
import re
import runpy
import socket
import sys
import time
import traceback

# What AWS's python runtime brings: boto3 and what it stands on, and AWS's own client.
BROUGHT = {
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3",
    "awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py",
}
NO_BREAK_SPACE = "\u00a0"
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
ASCII_OUTPUT = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("python3.")[2] in {"8", "9", "10", "11"}

request_id = None


class Fault(Exception):
    """What goes wrong outside of the handler."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, trace


class RuntimeApi:
    """One kept connection. HTTP as far as the Runtime API speaks it: every answer has a Content-Length."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.host = address
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def call(self, method, path, body=b"", headers=()):
        head = f"{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.socket.sendall(head.encode("latin-1", "replace") + b"\r\n" + body)
        status = self.stream.readline()
        if not status:
            os._exit(1)  # Lambda is gone.
        told = {}
        while True:
            line = self.stream.readline().strip()
            if not line:
                break
            name, _, value = line.partition(b":")
            told[name.lower().decode("latin-1")] = value.strip().decode("utf-8", "replace")
        return int(status.split()[1]), told, self.stream.read(int(told.get("content-length", 0)))


class RawNumber(float):
    """Written into JSON digit by digit."""

    def __new__(cls, text):
        number = super().__new__(cls, 0.0)
        number.text = text
        return number

    def __repr__(self):
        return self.text


class Encoder(json.JSONEncoder):
    def default(self, value):
        if isinstance(value, decimal.Decimal):
            return math.nan if value.is_nan() else RawNumber(str(value))
        return super().default(value)

    def iterencode(self, value, _one_shot=False):
        # The encoder in C writes floats on its own; this one asks RawNumber.
        def number(value, _repr=float.__repr__):
            if isinstance(value, RawNumber):
                return value.text
            if value != value:
                return "NaN"
            if value in (math.inf, -math.inf):
                return "Infinity" if value > 0 else "-Infinity"
            return _repr(value)

        quote = json.encoder.encode_basestring_ascii if self.ensure_ascii else json.encoder.encode_basestring
        encode = json.encoder._make_iterencode(
            {}, self.default, quote, self.indent, number, self.key_separator, self.item_separator,
            self.sort_keys, self.skipkeys, _one_shot,
        )
        return encode(value, 0)


class PlainEncoder(json.JSONEncoder):
    """In C, for all that holds no Decimal."""

    def default(self, value):
        if isinstance(value, decimal.Decimal):
            raise _Decimal
        return super().default(value)


class _Decimal(Exception):
    pass


PLAIN = PlainEncoder(ensure_ascii=ASCII_OUTPUT)
EXACT = Encoder(ensure_ascii=ASCII_OUTPUT)


def to_json(value):
    try:
        return PLAIN.encode(value)
    except _Decimal:
        return EXACT.encode(value)


class ClientContext:
    __slots__ = ["custom", "env", "client"]

    def __init__(self, given):
        self.custom, self.env = given.get("custom"), given.get("env")
        self.client = None if given.get("client") is None else Client(given["client"])

    def __repr__(self):
        return f"ClientContext([custom={self.custom},env={self.env},client={self.client}])"


class Client:
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]

    def __init__(self, given):
        for name in self.__slots__:
            setattr(self, name, given.get(name))

    def __repr__(self):
        return "Client([" + ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__) + "])"


class CognitoIdentity:
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]

    def __init__(self, given):
        self.cognito_identity_id = given.get("cognitoIdentityId")
        self.cognito_identity_pool_id = given.get("cognitoIdentityPoolId")

    def __repr__(self):
        pool = self.cognito_identity_pool_id
        return f"CognitoIdentity([cognito_identity_id={self.cognito_identity_id},cognito_identity_pool_id={pool}])"


class LambdaContext:
    def __init__(self, headers):
        def parsed(name, told):
            text = headers.get(name)
            try:
                return json.loads(text) if text else None
            except Exception as problem:
                message = f"Unable to parse {told} JSON: {problem}"
                raise Fault("Runtime.LambdaContextUnmarshalError", message) from None

        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = None
        given = parsed("lambda-runtime-client-context", "Client Context")
        self.client_context = None if given is None else ClientContext(given)
        self.identity = CognitoIdentity(parsed("lambda-runtime-cognito-identity", "Cognito Identity") or {})
        self._deadline = int(headers.get("lambda-runtime-deadline-ms", 0))

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = [
            "aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
            "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id",
        ]
        return "LambdaContext([" + ",".join(f"{name}={getattr(self, name)}" for name in names) + "])"


class Unbuffered:
    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        written = self.stream.write(text)
        self.stream.flush()
        return written

    def writelines(self, lines):
        self.stream.writelines(lines)
        self.stream.flush()


def log_event(text):
    """One event of the log, whatever lines it has: they are joined by carriage returns on their way."""
    sys.stdout.write(text.rstrip("\n").replace("\n", "\r") + "\n")


class LogHandler(logging.Handler):
    def emit(self, record):
        try:
            log_event(self.format(record))
        except Exception:
            self.handleError(record)


class LogFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = request_id or ""
        record.tenant_id = None
        return True


class JsonFormatter(logging.Formatter):
    """A record as AWS's JSON log format has it: what a caller put into `extra` is told, too."""

    OWN = set(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
        "message", "asctime", "aws_request_id", "tenant_id",
    }

    def format(self, record):
        told = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            kind, value, trace = record.exc_info
            told["stackTrace"] = traceback.format_tb(trace)
            told["errorType"] = kind.__name__ if kind else None
            told["errorMessage"] = str(value)
            told["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        if record.aws_request_id:
            told["requestId"] = record.aws_request_id
        told.update((key, value) for key, value in vars(record).items() if key not in self.OWN)
        return json.dumps({key: value for key, value in told.items() if value is not None}, ensure_ascii=False, default=str)


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    if JSON_LOGS:
        handler.setFormatter(JsonFormatter())
    else:
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        handler.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(LogFilter())
    logging.getLogger().addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper().replace("TRACE", "DEBUG")
    if isinstance(logging.getLevelName(level), int):
        logging.getLogger().setLevel(level)


def error_object(message, kind, trace, invocation=""):
    return {"errorMessage": message or "", "errorType": kind or "", "requestId": invocation, "stackTrace": trace or []}


def log_error(error):
    if JSON_LOGS:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        log_event(to_json({"timestamp": stamp, "level": "ERROR", **error}))
        return
    head = "[ERROR]"
    if error["errorType"]:
        head += " " + error["errorType"]
    if error["errorMessage"]:
        head += (":" if error["errorType"] else "") + " " + error["errorMessage"]
    lines = [head, "Traceback (most recent call last):"]
    for element in error["stackTrace"]:
        for line in element.splitlines() or [""]:
            bare = line.lstrip(" ")
            lines.append(NO_BREAK_SPACE * (len(line) - len(bare)) + bare)
    log_event("\n".join(lines))


def frames(trace):
    """Without our own frames in front."""
    told = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(trace)]
    first = next((at for at, frame in enumerate(told) if frame[0] != __file__), 0)
    return traceback.format_list(told[first:])


class BroughtFinder:
    """Finds what AWS's runtime brings among the packages of this machine, and nothing else of them."""

    def __init__(self, paths):
        self.paths = paths

    def find_spec(self, name, path=None, target=None):
        if path is None and name.partition(".")[0] in BROUGHT:
            return importlib.machinery.PathFinder.find_spec(name, self.paths, target)
        return None


def hide_site_packages():
    site = [path for path in sys.path if re.search(r"[/\\](site|dist)-packages([/\\]|$)", path)]
    sys.path[:] = [path for path in sys.path if path not in site]
    sys.meta_path.append(BroughtFinder(site))


def load(handler):
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as problem:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {problem}") from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as problem:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {problem}") from None
    except SyntaxError as problem:
        trace = [f'  File "{problem.filename}" Line {problem.lineno}\n    {problem.text}']
        message = f"Syntax error in module '{module_name}': {problem}"
        raise Fault("Runtime.UserCodeSyntaxError", message, trace) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None


def invoke(handler, headers, body):
    """The result as JSON, or an error object."""
    invocation = headers["lambda-runtime-aws-request-id"]
    try:
        context = LambdaContext(headers)
        try:
            event = json.loads(body)
        except Exception as problem:
            raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {problem}") from None
        result = handler(event, context)
        if isinstance(result, bytes):
            return result, None
        try:
            return to_json(result).encode("utf-8"), None
        except Exception as problem:
            raise Fault("Runtime.MarshalError", f"Unable to marshal response: {problem}") from None
    except Fault as fault:
        return None, error_object(fault.message, fault.kind, fault.trace, invocation)
    except Exception:
        kind, value, trace = sys.exc_info()
        return None, error_object(str(value), kind.__name__, frames(trace), invocation)


def main():
    sys.dont_write_bytecode = True  # As with /var/task, which is read-only.
    if os.environ.pop("POC_SITE_PACKAGES", "") != "use":
        hide_site_packages()
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    if os.environ.pop("POC_RUNTIME_CLIENT", "") == "awslambdaric":
        sys.argv = ["awslambdaric", os.environ["_HANDLER"]]
        runpy.run_module("awslambdaric", run_name="__main__")
    else:
        serve()


def serve():
    global request_id
    sys.stdout, sys.stderr = Unbuffered(sys.stdout), Unbuffered(sys.stderr)
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    set_up_logging()
    error = None
    try:
        handler = load(os.environ["_HANDLER"])
    except Fault as fault:
        error = error_object(fault.message, fault.kind, fault.trace)
    except Exception:
        kind, value, trace = sys.exc_info()
        error = error_object(str(value), kind.__name__, frames(trace))
    if error is not None:
        log_error(error)
        kind = [("Lambda-Runtime-Function-Error-Type", error["errorType"])]
        api.call("POST", "init/error", to_json(error).encode("utf-8", "replace"), kind)
        sys.exit(1)
    while True:
        status, headers, body = api.call("GET", "invocation/next")
        if status != 200:
            sys.exit(1)
        request_id = headers["lambda-runtime-aws-request-id"]
        trace = headers.get("lambda-runtime-trace-id")
        if trace is None:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        else:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        result, error = invoke(handler, headers, body)
        if error is None:
            api.call("POST", f"invocation/{request_id}/response", result)
        else:
            log_error(error)
            kind = [("Lambda-Runtime-Function-Error-Type", error["errorType"])]
            api.call("POST", f"invocation/{request_id}/error", to_json(error).encode("utf-8", "replace"), kind)


if __name__ == "__main__":
    main()
