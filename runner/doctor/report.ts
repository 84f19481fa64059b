/** Something that is wrong, and what to do about it. */
export interface Finding {
  readonly problem: string;
  readonly remedy: string;
}

/** One fact: where it belongs, what it is, how it stands. */
export interface Fact {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** Collects facts and findings. */
export interface Report {
  readonly facts: Fact[];
  readonly findings: Finding[];
  fact(section: string, name: string, value: string | number | undefined): void;
  finding(problem: string, remedy: string): void;
}

/** An empty report. */
export function createReport(): Report {
  const facts: Fact[] = [];
  const findings: Finding[] = [];
  return {
    facts,
    findings,
    fact: (section, name, value) => {
      if (value !== undefined) facts.push({ section, name, value: String(value) });
    },
    finding: (problem, remedy) => findings.push({ problem, remedy }),
  };
}
