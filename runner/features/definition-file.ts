import { EXIT, UserError } from "../config/user-error.ts";

/** A set as a file describes it. */
export interface SetDefinition {
  readonly description: string;
  readonly features: readonly { readonly name: string; readonly expression: string; readonly description: string; readonly line: number }[];
}

/**
 * Reads the definition of a set: a line `name = expression -- what it measures` for each feature. Lines before the first feature that begin
 * with `--` describe the set; an expression may go on in lines that begin with a space; other lines with `--`, and empty ones, are left out.
 */
export function readDefinitions(text: string, file: string): SetDefinition {
  const about: string[] = [];
  const features: { name: string; expression: string; description: string; line: number }[] = [];
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = index + 1;
    if (raw.trim() === "") return;
    if (raw.trimStart().startsWith("--")) {
      if (features.length === 0) about.push(raw.trimStart().replace(/^--\s*/, "").trim());
      return;
    }
    const [body = "", comment = ""] = raw.split(/\s--\s(.*)/s);
    const last = features.at(-1);
    if (/^\s/.test(raw) && last !== undefined) {
      last.expression = `${last.expression} ${body.trim()}`;
      last.description = last.description === "" ? comment.trim() : last.description;
      return;
    }
    const feature = /^([a-z][a-z0-9_]*)\s*=(?!=)\s*(.*)$/i.exec(body);
    if (feature === null) {
      throw new UserError(`Line ${line} of ${file} is not a feature: ${raw.trim().slice(0, 60)}`, {
        exitCode: EXIT.usage,
        hint: "Write name = expression -- what it measures, such as: ma5 = ta.rolling_mean(close, 5) / close -- Mean of five closes.",
      });
    }
    features.push({ name: (feature[1] ?? "").toLowerCase(), expression: (feature[2] ?? "").trim(), description: comment.trim(), line });
  });
  if (features.length === 0) throw new UserError(`${file} defines no feature.`, { exitCode: EXIT.usage, hint: "Write a line for each: name = expression -- what it measures" });
  return { description: about.join(" "), features };
}
