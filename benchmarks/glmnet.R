# Holds the data of one folder and answers requests, so that only the fits are timed: a line on stdin is
# "path <alpha> <thresh>" or "cv <alpha> <thresh>", for the strengths in lambda.bin; the answer goes to files.
suppressPackageStartupMessages(library(glmnet))
folder <- commandArgs(trailingOnly = TRUE)[1]
family <- commandArgs(trailingOnly = TRUE)[2]
file_of <- function(name) file.path(folder, name)
numbers <- function(name) readBin(file_of(name), "double", file.size(file_of(name)) / 8)
integers <- function(name) readBin(file_of(name), "integer", file.size(file_of(name)) / 4)
put <- function(x, name) writeBin(x, file_of(name))

dims <- integers("dims.bin")
if (file.exists(file_of("indptr.bin"))) {
  X <- new("dgCMatrix", i = integers("indices.bin"), p = integers("indptr.bin"), x = numbers("X.bin"), Dim = dims)
} else {
  X <- numbers("X.bin")
  dim(X) <- dims
}
y <- numbers("y.bin")
if (family == "cox") y <- cbind(time = y, status = numbers("events.bin"))
folds <- integers("folds.bin")

requests <- file("stdin", "r")
while (length(line <- readLines(requests, 1)) > 0) {
  words <- strsplit(line, " ")[[1]]
  mixing <- as.numeric(words[2])
  thresh <- as.numeric(words[3])
  lambda <- numbers("lambda.bin")
  start <- Sys.time()
  fit <- if (words[1] == "cv") {
    cv.glmnet(X, y, alpha = mixing, lambda = lambda, thresh = thresh, standardize = FALSE, maxit = 1e8, foldid = folds)
  } else {
    glmnet(X, y, family, alpha = mixing, lambda = lambda, thresh = thresh, standardize = FALSE, maxit = 1e8)
  }
  seconds <- as.numeric(difftime(Sys.time(), start, units = "secs"))
  if (words[1] == "cv") {
    put(fit$cvm, "curve.bin")
    fit <- fit$glmnet.fit
  }
  put(fit$beta@x, "x.bin")
  put(fit$beta@i, "i.bin")
  put(fit$beta@p, "p.bin")
  put(as.numeric(fit$a0), "a0.bin")
  cat(sprintf("%.9g\n", seconds))
  flush(stdout())
}
