import type { Test } from "tap";

// What `import t from "tap"` gives a test file where one process runs many of them (host.ts): not the root of the process but the test of that file.
let current: Test | undefined;

/** Names the test that stands for the file which is loaded next. */
export function setFileTest(test: Test): void {
  current = test;
}

export default new Proxy({} as Test, {
  get: (_, name) => {
    if (current === undefined) throw new Error("no test file is running");
    const value: unknown = Reflect.get(current, name);
    return typeof value === "function" ? value.bind(current) : value;
  },
});
