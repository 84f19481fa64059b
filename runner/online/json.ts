import { knownFromOf, revisionOf, tsOf, valuesOf } from "./packed.ts";
import type { OnlineAnswer } from "./read.ts";

/**
 * The answer as JSON: set, version, and for each symbol the bar, from when it could be known, its revision and the values by name. Numbers have as
 * many digits as it takes to read the same double again; what JSON has no number for is the text NaN, Infinity or -Infinity, as PostgreSQL writes it.
 */
export function toJson(answer: OnlineAnswer): string {
  const { set, version, vectors } = answer;
  let text = `{"set":${JSON.stringify(set)},"version":${JSON.stringify(version)},"instruments":[`;
  const { positions, labels } = answer.selection;
  for (let i = 0; i < vectors.length; i++) {
    const { symbol, vector } = vectors[i] as (typeof vectors)[number];
    text += `${i === 0 ? "" : ","}{"symbol":${JSON.stringify(symbol)},`;
    if (vector === undefined) {
      text += '"ts":null,"known_from":null,"revision":null,"values":null}';
      continue;
    }
    text += `"ts":"${tsOf(vector)}","known_from":"${knownFromOf(vector)}","revision":${revisionOf(vector)},"values":{`;
    const values = valuesOf(vector);
    for (let j = 0; j < positions.length; j++) text += (labels[j] as string) + numberText(values[positions[j] as number] ?? null);
    text += "}}";
  }
  return `${text}]}\n`;
}

/** The values of one vector by name, for those who write JSON themselves. */
export function valuesByName({ names, positions }: OnlineAnswer["selection"], vector: NonNullable<OnlineAnswer["vectors"][number]["vector"]>): Record<string, number | string | null> {
  const values = valuesOf(vector);
  return Object.fromEntries(
    names.map((name, i) => {
      const value = values[positions[i] as number] ?? null;
      return [name, value === null || Number.isFinite(value) ? value : String(value)];
    }),
  );
}

function numberText(value: number | null): string {
  if (value === null) return "null";
  if (!Number.isFinite(value)) return `"${value}"`;
  return value === 0 && Object.is(value, -0) ? "-0" : String(value);
}
