import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  FORMATS,
  isWhole,
  seal,
  sealJson,
  unseal,
  unsealJson,
} from '../../../pipelines/base/sealed.ts';

const content = {
  head: { epoch: 7, blocks: [{ table: 'readings', rows: 2 }], text: 'å' },
  blobs: [Uint8Array.of(1, 2, 3), new Uint8Array(), Uint8Array.of(4)],
};
const { epoch, cursor } = FORMATS;

function written(format: Parameters<typeof seal>[0] = epoch): Uint8Array {
  return new Uint8Array(Buffer.concat(seal(format, content).parts));
}

describe('a sealed file', () => {
  test('gives back its head and its blobs, wherever in a buffer it begins', () => {
    for (const before of [0, 3]) {
      const file = Buffer.concat([Buffer.alloc(before), written()]).subarray(before);
      const found = unseal(epoch, file, 'here');
      expect(found?.head).toEqual(content.head);
      expect(found?.blobs.map((blob) => [...blob])).toEqual([[1, 2, 3], [], [4]]);
    }
  });

  test('is the same bytes for the same content, and says how many', () => {
    expect(written()).toEqual(written());
    expect(seal(epoch, content).bytes).toBe(written().length);
  });

  test('is not whole when any byte of it was changed or is missing', () => {
    const file = written();
    expect(isWhole(epoch, file, 'here')).toBe(true);
    for (let at = 0; at < file.length; at += 1) {
      const changed = Uint8Array.from(file);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(unseal(epoch, changed, 'here'), `byte ${at} changed`).toBeUndefined();
      expect(unseal(epoch, file.subarray(0, at), 'here'), `cut at byte ${at}`).toBeUndefined();
    }
  });
});

describe('a file of another release', () => {
  test('a newer one is told as such, and what to do', () => {
    const newer = written({ ...epoch, version: 2 });
    const said =
      /expected a file of the format epoch 1.*found version 2, of a newer release.*Go on/s;
    expect(() => unseal(epoch, newer, 'here')).toThrow(said);
    expect(() => isWhole(epoch, newer, 'here')).toThrow(said);
    const json = sealJson({ ...cursor, version: 3 }, { epoch: 1, to: 2 });
    expect(() => unsealJson(cursor, json, 'here')).toThrow(/version 3, of a newer release/);
  });

  test('so is an older one, and one of before there were versions', () => {
    const later = { ...epoch, version: 2 };
    expect(() => unseal(later, written(), 'here')).toThrow(/an older release.*new run/s);
    // As 0.1.0 sealed its files: the same, without magic and version.
    const body = written().subarray(8, -digestOf(written()).length);
    const old = Buffer.concat([body, hash(body)]);
    expect(() => unseal(epoch, old, 'here')).toThrow(/does not say what it is.*new run/s);
    const text = JSON.stringify({ epoch: 1, to: 2 });
    const sha256 = Buffer.from(hash(text)).toString('hex');
    const oldJson = Buffer.from(JSON.stringify({ epoch: 1, to: 2, sha256 }));
    expect(() => unsealJson(cursor, oldJson, 'here')).toThrow(/does not say what it is/);
  });

  test('a version that was changed by a fault of the disk is damage', () => {
    const file = written();
    file[6] = 9;
    expect(unseal(epoch, file, 'here')).toBeUndefined();
  });
});

function hash(content: string | Uint8Array): Uint8Array {
  return createHash('sha256').update(content).digest();
}
