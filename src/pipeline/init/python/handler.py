"""Predicts what a flat costs. Put your own model in the place of `predict`."""

import json


def predict(size, rooms):
    """The price of a flat of `size` square metres."""
    return round(20_000 + 1_500 * size + 8_000 * rooms)


def number(event, name):
    try:
        value = float(event[name])
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{name} must be a number") from None
    if not 0 < value < 10_000:
        raise ValueError(f"{name} must be between 0 and 10000")
    return value


def lambda_handler(event, context):
    """Lambda calls this with what templates/request.vtl made of the request."""
    try:
        return {"price": predict(number(event, "size"), number(event, "rooms"))}
    except ValueError as mistake:
        # deploy.yaml looks for "httpStatus": 400 in this text, and answers with templates/error.vtl.
        raise Exception(json.dumps({"httpStatus": 400, "message": str(mistake)})) from None
