import t from "tap";
import { createMemory } from "./memory.ts";
import type { PackedVector } from "./packed.ts";

const vector = (generation: number, length = 700): PackedVector => ({ bytes: Buffer.alloc(length, generation), generation, featureSetVersionId: 1, instrumentId: 1 });

t.test("what was set is there, as a copy, and the last one counts", async (t) => {
  const memory = createMemory(100_000);
  t.equal(memory.get("a"), undefined);
  const first = vector(1);
  memory.set("a", first);
  first.bytes.fill(0);
  t.match(memory.get("a"), { generation: 1, featureSetVersionId: 1, instrumentId: 1 });
  t.strictSame(memory.get("a")?.bytes, vector(1).bytes);
  memory.set("a", vector(2));
  t.equal(memory.get("a")?.generation, 2);
});

t.test("it holds no more than it may, and what is asked for stays", async (t) => {
  const memory = createMemory(20_000);
  memory.set("asked", vector(1));
  const names = Array.from({ length: 200 }, (_, i) => `key ${i}`);
  for (const [i, name] of names.entries()) {
    memory.set(name, vector(2));
    if (i % 5 === 0) t.equal(memory.get("asked")?.generation, 1, name);
  }
  const left = names.filter((name) => memory.get(name) !== undefined);
  t.ok(left.length >= 5 && left.length <= 20, `${left.length} of 200`);
  t.ok(left.includes("key 199"));
});

t.test("what is replaced costs once, what does not fit is not kept, and none keeps none", async (t) => {
  const memory = createMemory(20_000);
  memory.set("other", vector(1));
  for (let i = 0; i < 1_000; i++) memory.set("same", vector(i));
  t.equal(memory.get("other")?.generation, 1);
  memory.set("large", vector(1, 15_000));
  t.equal(memory.get("large"), undefined);
  t.equal(memory.get("same")?.generation, 999);
  const none = createMemory(0);
  none.set("a", vector(1));
  t.equal(none.get("a"), undefined);
});
