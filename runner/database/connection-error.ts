const systemCodes = new Set(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * Whether an error means that the connection to the database is gone or cannot be made now (a server that ended or is starting, a backend that was
 * terminated, a network that is away), and not that the database refused what was asked.
 */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  // 08: connection exception; 57P01 to 57P03: shutdown, crash, cannot connect now; 53300: too many connections.
  if (typeof code === "string") return systemCodes.has(code) || /^(08...|57P0[123]|53300)$/.test(code);
  return /^Connection terminated|^timeout exceeded when trying to connect|^Client has encountered a connection error|^the database was silent/.test(error.message) || (cause !== undefined && isConnectionError(cause));
}

/** Whether an error means that a connection which had been made is gone: another one may be well. */
export function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return /^(ECONNRESET|EPIPE|08003|08006|57P0[12])$/.test(code);
  return error.message === "Connection terminated unexpectedly" || error.message.startsWith("Client has encountered a connection error");
}
