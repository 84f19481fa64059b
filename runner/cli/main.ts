#!/usr/bin/env node
import { EXIT } from "../config/user-error.ts";
import { styleFor } from "../output/style.ts";
import { dispatch } from "./dispatch.ts";
import { explain } from "./errors.ts";

/** How long a command may take to close after a signal, before the process ends regardless. */
const HARD_EXIT_MS = 10_000;

const stopping = new AbortController();
// Whether the command closes by itself when it is told to: one that does not watch for the signal need not be waited for.
let stopsByItself = false;
for (const [name, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]] as const) {
  process.on(name, () => {
    // Nor does a second signal wait.
    if (!stopsByItself || stopping.signal.aborted) process.exit(128 + number);
    stopping.abort(new Error(`stopped by ${name}`));
    process.exitCode = 128 + number;
    setTimeout(() => process.exit(), HARD_EXIT_MS).unref();
  });
}

// A rejection that nobody awaited leaves the process in a state that nobody thought of: it ends, and the next start sweeps up.
process.on("unhandledRejection", (reason) => fail(reason, EXIT.internal));
process.on("uncaughtException", (error) => fail(error, EXIT.internal));
// The reader of a pipe may leave early (`| head`).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

try {
  const status = await dispatch(process.argv.slice(2), () => {
    stopsByItself = true;
    return stopping.signal;
  });
  process.exitCode = status;
} catch (error) {
  if (!(stopping.signal.aborted && isAbort(error))) process.exitCode = complain(error);
}
// Whatever still holds the process (a connection that does not close) does not hold it for long.
setTimeout(() => process.exit(), HARD_EXIT_MS).unref();

function isAbort(error: unknown): boolean {
  return error === stopping.signal.reason || (error instanceof Error && error.name === "AbortError");
}

function complain(error: unknown): number {
  const { message, hint, code, exitCode } = explain(error);
  const debug = process.env["MARKETBASE_DEBUG"] === "1" || process.env["MARKETBASE_DEBUG"] === "true";
  if (process.argv.includes("--json")) {
    process.stderr.write(`${JSON.stringify({ error: { message, hint, code, exitCode } })}\n`);
  } else {
    const style = styleFor(process.stderr);
    process.stderr.write(`${style.red("marketbase:")} ${message}\n${hint === undefined ? "" : `${style.dim(hint)}\n`}`);
  }
  if (debug) console.error(error);
  return exitCode;
}

function fail(error: unknown, exitCode: number): never {
  complain(error);
  process.exit(exitCode);
}
