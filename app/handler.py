"""Predicts whether an applicant is admitted to graduate school.

A logistic regression on GRE score, grade point average and the rank of the
undergraduate school, fitted to UCLA's admissions data of 400 applicants.
"""

import json
import logging
import math

INTERCEPT = -3.989979
GRE = 0.002264
GPA = 0.804038
RANK = {1: 0.0, 2: -0.675443, 3: -1.340204, 4: -1.551464}


def probability(gre, gpa, rank):
    """The probability of admission, between 0 and 1."""
    score = INTERCEPT + GRE * gre + GPA * gpa + RANK[rank]
    return 1 / (1 + math.exp(-score))


def number(event, name, low, high):
    """The number an event holds under a name, as text or as a number."""
    text = event.get(name)
    if text is None or text == "":
        raise ValueError(f"{name} is missing")
    try:
        value = float(text)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, not {text!r}") from None
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {text}")
    return value


def pred_admit(event):
    gre = number(event, "gre", 200, 800)
    gpa = number(event, "gpa", 0, 4)
    rank = number(event, "rank", 1, 4)
    if rank not in RANK:
        raise ValueError(f"rank must be 1, 2, 3 or 4, not {event['rank']}")
    return probability(gre, gpa, int(rank)) > 0.5


def lambda_handler(event, context):
    try:
        return {"result": pred_admit(event)}
    except Exception as e:
        logging.error("Payload: %s", event)
        logging.error("Error: %s", e)
        err = {
            "errorType": type(e).__name__,
            "httpStatus": 400,
            "request_id": context.aws_request_id,
            "message": str(e).replace("\n", " "),
        }
        # Without spaces, because the API looks for "httpStatus":400 in this
        # text; `from None` keeps the first error's traceback out of the log.
        raise Exception(json.dumps(err, separators=(",", ":"))) from None
