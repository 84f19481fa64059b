/** The schemas that are ours. */
export const ourSchemas = [
  "internal", "ta", "market", "ingest", "feature", "quality", "pipeline", "lineage", "portfolio", "risk", "ml", "search",
] as const;

/** The items of a list of SQL, split at the commas of the outermost level, up to what ends it: `from`, `where`, `returning`, a semicolon, the end of a quoted query or the closing parenthesis. */
export function listItems(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/'(?:[^']|'')*'|[(),;]|\$(?!\d)\w*\$|\b(?:from|where|returning|case|end)\b/gi)) {
    const word = token.toLowerCase();
    if (word === "(" || word === "case") depth++;
    else if (word === ")" || word === "end") depth--;
    // `is distinct from` is no end of the list.
    if (word === "from" && /\bdistinct\s+$/i.test(text.slice(0, index))) continue;
    if (depth < 0 || (depth === 0 && /^(;|from|where|returning|\$.*\$)$/.test(word))) return [...items, text.slice(start, index)];
    if (depth === 0 && word === ",") {
      items.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...items, text.slice(start)];
}

/** The code without its comments. */
export function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/--.*$/gm, " ");
}
