import type { PackedVector } from "./packed.ts";

/** Vectors that were read before, by their keys. Whether one is still the newest is for its generation to say: see `Mirror.generation`. */
export interface Memory {
  get(key: string): PackedVector | undefined;
  set(key: string, vector: PackedVector): void;
}

/** What an entry costs besides its bytes, roughly. */
const ENTRY_BYTES = 300;

/** Makes one that holds at most so many bytes, and what was asked for lately rather than the rest. */
export function createMemory(most: number): Memory {
  // Two halves: what is asked for moves into the recent one, and when that is full, the earlier one is forgotten as a whole.
  let recent = new Map<string, PackedVector>();
  let earlier = new Map<string, PackedVector>();
  let size = 0;
  const cost = (vector: PackedVector | undefined) => (vector === undefined ? 0 : vector.bytes.length + ENTRY_BYTES);
  const keep = (key: string, vector: PackedVector): void => {
    size += cost(vector) - cost(recent.get(key));
    if (size > most / 2) {
      earlier = recent;
      recent = new Map();
      size = cost(vector);
    }
    recent.set(key, vector);
  };
  return {
    get: (key) => {
      const found = recent.get(key);
      if (found !== undefined) return found;
      const before = earlier.get(key);
      if (before !== undefined) keep(key, before);
      return before;
    },
    set: (key, vector) => {
      if (cost(vector) > most / 2) return;
      // A copy: what came from a socket is a part of all that came with it, and would hold it.
      const bytes = Buffer.allocUnsafeSlow(vector.bytes.length);
      vector.bytes.copy(bytes);
      keep(key, { ...vector, bytes });
    },
  };
}
