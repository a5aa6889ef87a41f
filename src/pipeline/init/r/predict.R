# Predicts what a flat costs. Put your own model in the place of `predict_price`.

library(lambdr)

# The price of a flat of `size` square metres.
predict_price <- function(size, rooms) round(20000 + 1500 * size + 8000 * rooms)

mistake <- function(message) {
  # deploy.yaml looks for "httpStatus":400 in this text, and answers with templates/error.vtl.
  stop(jsonlite::toJSON(list(httpStatus = 400, message = message), auto_unbox = TRUE), call. = FALSE)
}

number <- function(text, name) {
  value <- suppressWarnings(as.numeric(text))
  if (length(value) != 1 || is.na(value)) mistake(paste(name, "must be a number"))
  if (value <= 0 || value >= 10000) mistake(paste(name, "must be between 0 and 10000"))
  value
}

# Lambda calls this with what templates/request.vtl made of the request: one argument for each of its names.
handler <- function(size, rooms) {
  list(price = predict_price(number(size, "size"), number(rooms, "rooms")))
}

start_lambda()
