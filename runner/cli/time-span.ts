import { EXIT, UserError } from "../config/user-error.ts";

/**
 * Reads a span of time as it is typed: `FROM..TO`, either of which may be missing. A date begins with its first moment (UTC) as FROM and ends with its last as
 * TO; other times are written as ISO 8601.
 */
export function timeSpan(flag: string, text: string | undefined): { from?: Date; to?: Date } {
  if (text === undefined) return {};
  const [from = "", to, ...more] = text.split("..");
  if (to === undefined || more.length > 0 || (from === "" && to === "")) {
    throw new UserError(`${flag} takes FROM..TO, not ${text}.`, { exitCode: EXIT.usage, hint: "Write 2024-01-01..2024-06-30, 2024-01-01.. or ..2024-06-30." });
  }
  const start = moment(flag, from, "T00:00:00.000Z");
  const end = moment(flag, to, "T23:59:59.999Z");
  if (start !== undefined && end !== undefined && start > end) throw new UserError(`${flag} ends before it begins: ${text}.`, { exitCode: EXIT.usage });
  return { ...(start === undefined ? {} : { from: start }), ...(end === undefined ? {} : { to: end }) };
}

function moment(flag: string, text: string, timeOfDay: string): Date | undefined {
  if (text === "") return undefined;
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const time = new Date(isDate ? text + timeOfDay : text);
  // A day that a month does not have would become one of the next month.
  if ((!isDate && !isTime) || Number.isNaN(time.getTime()) || (isDate && time.toISOString().slice(0, 10) !== text)) {
    throw new UserError(`${flag}: ${text} is no date.`, { exitCode: EXIT.usage, hint: "Write 2024-01-31, or a time in ISO 8601 with its zone: 2024-01-31T14:30Z." });
  }
  return time;
}
