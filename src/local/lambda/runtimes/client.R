# Runs an R handler against the Lambda Runtime API, for packages of a `provided` runtime that bring no bootstrap of
# their own. The handler `file.function` is the function `function` of `file.R`, called with the event (a list) and,
# if it takes two arguments, a context. Needs the R packages jsonlite and httr.

suppressPackageStartupMessages({
  library(jsonlite)
  library(httr)
})

base <- paste0("http://", Sys.getenv("AWS_LAMBDA_RUNTIME_API"), "/2018-06-01/runtime/")
to_json <- function(value) as.character(toJSON(value, auto_unbox = TRUE, null = "null", na = "null", digits = NA))
failure <- function(problem, type) list(errorMessage = conditionMessage(problem), errorType = type, stackTrace = list())

post <- function(path, body, type = NULL) {
  headers <- c("Content-Type" = "application/json")
  if (!is.null(type)) headers <- c(headers, "Lambda-Runtime-Function-Error-Type" = type)
  POST(paste0(base, path), body = body, encode = "raw", add_headers(.headers = headers))
}

setwd(Sys.getenv("LAMBDA_TASK_ROOT"))
parts <- regmatches(Sys.getenv("_HANDLER"), regexec("^(.*)[.]([^.]+)$", Sys.getenv("_HANDLER")))[[1]]
handler <- tryCatch({
  space <- new.env(parent = globalenv())
  sys.source(paste0(parts[2], ".R"), envir = space)
  get(parts[3], envir = space, mode = "function")
}, error = function(problem) {
  post("init/error", to_json(failure(problem, "Runtime.ImportModuleError")), "Runtime.ImportModuleError")
  quit(status = 1)
})

repeat {
  invocation <- GET(paste0(base, "invocation/next"), timeout(1e6))
  if (status_code(invocation) != 200) quit(status = 1)
  told <- headers(invocation)
  id <- told[["lambda-runtime-aws-request-id"]]
  Sys.setenv("_X_AMZN_TRACE_ID" = told[["lambda-runtime-trace-id"]])
  context <- list(aws_request_id = id, invoked_function_arn = told[["lambda-runtime-invoked-function-arn"]],
                  deadline_ms = as.numeric(told[["lambda-runtime-deadline-ms"]]))
  tryCatch({
    event <- fromJSON(content(invocation, "text", encoding = "UTF-8"), simplifyVector = FALSE)
    result <- if (length(formals(handler)) > 1) handler(event, context) else handler(event)
    post(paste0("invocation/", id, "/response"), to_json(result))
  }, error = function(problem) {
    message("[ERROR] ", conditionMessage(problem))
    post(paste0("invocation/", id, "/error"), to_json(failure(problem, class(problem)[1])), class(problem)[1])
  })
}
