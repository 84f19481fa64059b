import { EXIT, UserError } from "../config/user-error.ts";

/** Reads a whole number from 1 to `most`; anything else is a mistake in the use of `flag`. */
export function positiveInteger(flag: string, text: string, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most) {
    throw new UserError(`${flag} takes a whole number from 1 to ${most}, not ${text}.`, { exitCode: EXIT.usage });
  }
  return number;
}
