import { describe, expect, test } from 'vitest';
import { isWhole, seal, unseal } from '../../../../pipelines/worker/epochs/sealed.ts';

const content = {
  head: { epoch: 7, blocks: [{ table: 'readings', rows: 2 }], text: 'å' },
  blobs: [Uint8Array.of(1, 2, 3), new Uint8Array(), Uint8Array.of(4)],
};

function written(): Uint8Array {
  return new Uint8Array(Buffer.concat(seal(content).parts));
}

describe('a sealed file', () => {
  test('gives back its head and its blobs, wherever in a buffer it begins', () => {
    for (const before of [0, 3]) {
      const file = Buffer.concat([Buffer.alloc(before), written()]).subarray(before);
      const found = unseal(file);
      expect(found?.head).toEqual(content.head);
      expect(found?.blobs.map((blob) => [...blob])).toEqual([[1, 2, 3], [], [4]]);
    }
  });

  test('is the same bytes for the same content, and says how many', () => {
    expect(written()).toEqual(written());
    expect(seal(content).bytes).toBe(written().length);
  });

  test('is not whole when any byte of it was changed or is missing', () => {
    const file = written();
    expect(isWhole(file)).toBe(true);
    for (let at = 0; at < file.length; at += 1) {
      const changed = Uint8Array.from(file);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(unseal(changed), `byte ${at} changed`).toBeUndefined();
      expect(unseal(file.subarray(0, at)), `cut at byte ${at}`).toBeUndefined();
    }
  });
});
