import type { Benchmark } from "./benchmark.ts";

/** Every benchmark, in the order of the help. A new one is a file in this folder and a line here. */
export const benchmarks: Readonly<Record<string, () => Promise<{ benchmark: Benchmark }>>> = {
  features: () => import("./features.ts"),
  "point-in-time": () => import("./point-in-time.ts"),
  time: () => import("./time.ts"),
  online: () => import("./online.ts"),
  ingest: () => import("./ingest.ts"),
  audit: () => import("./audit.ts"),
  quality: () => import("./quality.ts"),
  defects: () => import("./defects.ts"),
};
