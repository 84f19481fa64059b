/** Something that a rule found. */
export interface Finding {
  /** The object of the database, or the file. */
  readonly object: string;
  readonly rule: string;
  /** What to do about it. */
  readonly todo: string;
}

/** One line for a finding. */
export function formatFinding({ object, rule, todo }: Finding): string {
  return `${object}: ${rule}: ${todo}`;
}
