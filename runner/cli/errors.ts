import pg from "pg";
import { EXIT, UserError, type ExitCode } from "../config/user-error.ts";

/** An error as the person at the keyboard sees it. */
export interface Explained {
  readonly message: string;
  readonly hint: string | undefined;
  /** The SQLSTATE or the system's code, where there is one. */
  readonly code: string | undefined;
  readonly exitCode: ExitCode;
}

interface Mapping {
  exitCode: ExitCode;
  message?: (error: Error & Record<string, unknown>) => string;
  hint?: string;
}

/** What the server or the system may say while a command runs, and what it means for its user. */
const mappings: Readonly<Record<string, Mapping>> = {
  EADDRINUSE: { exitCode: EXIT.failed, message: (error) => `Port ${String(error["port"])} on ${String(error["address"])} is in use by another program.`, hint: "Stop that program, or choose another port with --port or MARKETBASE_PORT." },
  EACCES: { exitCode: EXIT.failed, hint: "Check who owns the file and what its permissions are." },
  ENOENT: { exitCode: EXIT.failed, message: (error) => `There is no file ${String(error["path"] ?? "of that name")}.` },
  ENOSPC: { exitCode: EXIT.failed, message: () => "The disk is full.", hint: "Free some space and run the command again." },
  ECONNREFUSED: { exitCode: EXIT.tryAgain, message: () => "The database does not answer any more.", hint: "Run marketbase doctor, then try again." },
  ECONNRESET: { exitCode: EXIT.tryAgain, message: () => "The connection to the database was lost.", hint: "What was committed is safe; run the command again." },
  "57P01": { exitCode: EXIT.tryAgain, message: () => "The database was stopped while the command ran.", hint: "What was committed is safe; run the command again." },
  "57P02": { exitCode: EXIT.tryAgain, message: () => "The database crashed while the command ran.", hint: "What was committed is safe; run the command again." },
  "57P03": { exitCode: EXIT.tryAgain, message: () => "The database is starting or stopping.", hint: "Try again in a moment." },
  "57014": { exitCode: EXIT.tryAgain, message: () => "The database ended a statement that ran into its time limit.", hint: "Ask for less at once, or try again when the machine is less busy." },
  "25P03": { exitCode: EXIT.tryAgain, message: () => "The database ended a transaction that stood idle for too long.", hint: "Run the command again." },
  "25P04": { exitCode: EXIT.tryAgain, message: () => "The database ended a transaction that ran into its time limit.", hint: "Ask for less at once, or try again when the machine is less busy." },
  "53300": { exitCode: EXIT.tryAgain, message: () => "The database has no connection left.", hint: "Try again in a moment; marketbase doctor shows who is connected." },
  "53100": { exitCode: EXIT.failed, message: () => "The disk of the database is full.", hint: "Free some space and run the command again; nothing half-written was kept." },
  "55P03": { exitCode: EXIT.tryAgain, message: () => "Something that is needed is locked by another process.", hint: "Try again in a moment." },
  "40001": { exitCode: EXIT.tryAgain, message: () => "Other processes changed the same rows at the same time.", hint: "Run the command again." },
  "40P01": { exitCode: EXIT.tryAgain, message: () => "Other processes changed the same rows at the same time.", hint: "Run the command again." },
  "42501": { exitCode: EXIT.failed, hint: "Use a role that may do this; marketbase doctor shows the roles." },
};

/** The one place where an error becomes a sentence, a hint and an exit status. */
export function explain(error: unknown): Explained {
  if (error instanceof UserError) return { message: error.message, hint: error.hint, code: codeOf(error.cause), exitCode: error.exitCode };
  const single = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const code = codeOf(single);
  if (single instanceof pg.DatabaseError && /^MB[0-9A-Z]{3}$/.test(code ?? "")) {
    return { message: sentence(single.message), hint: single.hint, code, exitCode: EXIT.failed };
  }
  const mapping = code === undefined ? undefined : mappings[code];
  const { message } = single instanceof Error ? single : { message: String(single) };
  if (mapping !== undefined) {
    return { message: mapping.message?.(single as Error & Record<string, unknown>) ?? sentence(message), hint: mapping.hint, code, exitCode: mapping.exitCode };
  }
  if (/Connection terminated/.test(message)) return explain(Object.assign(new Error(message), { code: "ECONNRESET" }));
  return {
    message: `Something unexpected happened: ${sentence(message)}`,
    hint: "This is a fault of marketbase. MARKETBASE_DEBUG=1 shows where it arose.",
    code,
    exitCode: EXIT.internal,
  };
}

function codeOf(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
