import { createHash } from 'node:crypto';
import { DamagedObjectError, type Objects } from '../../pipelines/worker/copies/objects.ts';

/** A bucket of objects in memory, as JetStream keeps it: what was damaged is found when it is read. */
export function memoryObjects(): Objects & { readonly kept: Map<string, Buffer> } {
  const kept = new Map<string, Buffer>();
  const digests = new Map<string, string>();
  const revisions = new Map<string, number>();
  let revision = 0;
  const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  return {
    kept,
    async list(prefix) {
      return [...kept.keys()]
        .filter((name) => name.startsWith(prefix))
        .sort()
        .map((name) => ({ name, sha256: digests.get(name) ?? '' }));
    },
    async revisionOf(name) {
      return kept.has(name) ? (revisions.get(name) ?? 0) : 0;
    },
    async get(name) {
      const bytes = kept.get(name);
      if (bytes === undefined) return undefined;
      if (sha256Of(bytes) !== digests.get(name)) {
        throw new DamagedObjectError(`${name}: digests do not match`);
      }
      return Buffer.from(bytes);
    },
    async put(name, bytes, previous) {
      const last = kept.has(name) ? revisions.get(name) : 0;
      if (previous !== undefined && previous !== last) throw new Error(`${name}: ${last}`);
      revision += 1;
      revisions.set(name, revision);
      kept.set(name, Buffer.from(bytes));
      digests.set(name, sha256Of(bytes));
      return revision;
    },
    async remove(name) {
      kept.delete(name);
    },
    async tidy() {},
  };
}
