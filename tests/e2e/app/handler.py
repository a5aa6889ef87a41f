"""Does what its event says, so that a test can say what the function does."""

import base64
import sys
import time


def lambda_handler(event, context):
    said = event if isinstance(event, dict) else {}
    if "print" in said:
        print(said["print"])
    if "sleep" in said:
        time.sleep(said["sleep"])
    if "exit" in said:
        sys.exit(said["exit"])
    if "raise" in said:
        raise kinds.get(said.get("as"), Exception)(said["raise"])
    if "long" in said:
        return "x" * said["long"]
    if "bytes" in said:
        return base64.b64encode(bytes.fromhex(said["bytes"])).decode()
    return said["return"] if "return" in said else event


kinds = {"ValueError": ValueError, "KeyError": KeyError}
