import { EXIT, UserError } from "../config/user-error.ts";

/** Reads thresholds of drift as they are typed: `psi=0.1,0.25`, `kl=off`, `significance=0.001`. Which names there are is known to `feature.drift`. */
export function thresholds(texts: readonly string[]): Record<string, number[] | number | null> {
  return Object.fromEntries(texts.map((text) => {
    const [name = "", limits = "", ...more] = text.split("=");
    const numbers = limits.split(",").map(Number);
    const isList = name !== "" && more.length === 0 && limits.split(",").every((part) => /^\d+(\.\d+)?(e-?\d+)?$/i.test(part));
    if (name !== "" && limits === "off" && more.length === 0) return [name, null];
    if (isList && name === "significance" && numbers.length === 1) return [name, numbers[0] ?? 0];
    if (isList && name !== "significance" && numbers.length === 2) return [name, numbers];
    throw new UserError(`--threshold takes NAME=WARN,FAIL, not ${text}.`, { exitCode: EXIT.usage, hint: "Write psi=0.1,0.25, kl=off or significance=0.001." });
  }));
}
