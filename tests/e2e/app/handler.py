"""Does what its event says, so that a test can say what the function does."""

import base64
import json
import pathlib
import sys
import time


def lambda_handler(event, context):
    said = event if isinstance(event, dict) else {}
    if "requestContext" in said:
        # Of a proxy integration: the caller's body says it.
        said = json.loads(said["body"] or "{}")
        if "echo" in said:
            return {"body": json.dumps(event)}
    if "print" in said:
        print(said["print"])
    if "sleep" in said:
        time.sleep(said["sleep"])
    if "touch" in said:
        pathlib.Path(said["touch"]).touch()
    if "exit" in said:
        sys.exit(said["exit"])
    if "raise" in said:
        raise KINDS[said.get("as", "Exception")](said["raise"])
    if "long" in said:
        return "x" * said["long"]
    if "hex" in said:
        return base64.b64encode(bytes.fromhex(said["hex"])).decode()
    return said["return"] if "return" in said else event


KINDS = {"Exception": Exception, "ValueError": ValueError}
