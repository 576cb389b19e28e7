import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAnyFrame, decodeFrame } from '../../../operators/decode/frame.ts';
import { readPlainFrame, sharedSignals } from '../../../operators/decode/payload.ts';
import type { AssetKey } from '../../../operators/model/key.ts';
import type { Message, Sequence } from '../../../operators/model/message.ts';
import { fromMilliseconds } from '../../../operators/model/time.ts';

const T = 1_767_592_800_000;
const ASSET = 'p/l/a' as AssetKey;

function messageOf(payload: Uint8Array): Message {
  const appended = fromMilliseconds(T);
  const subject = 'telemetry.p.l.a';
  return { sequence: 1 as Sequence, appended, subject, headers: {}, payload };
}

function outcome(decode: typeof decodeFrame, payload: Uint8Array): unknown {
  const message = messageOf(payload);
  try {
    return decode(message, message, ASSET);
  } catch (error) {
    return String(error);
  }
}

function sized(tag: number, size: number, write: (view: DataView) => void): number[] {
  const bytes = new Uint8Array(size + 1);
  bytes[0] = tag;
  write(new DataView(bytes.buffer, 1));
  return [...bytes];
}

const float64 = (value: number) => sized(0xcb, 8, (view) => view.setFloat64(0, value));

/** A value in each of the ways of MessagePack. */
const number = fc.oneof(
  fc.double().map(float64),
  fc.float().map((value) => sized(0xca, 4, (view) => view.setFloat32(0, value))),
  fc.integer({ min: 0, max: 0x7f }).map((value) => [value]),
  fc.integer({ min: 0xe0, max: 0xff }).map((value) => [value]),
  fc.nat(0xff).map((value) => sized(0xcc, 1, (view) => view.setUint8(0, value))),
  fc.nat(0xffff).map((value) => sized(0xcd, 2, (view) => view.setUint16(0, value))),
  fc.nat().map((value) => sized(0xce, 4, (view) => view.setUint32(0, value))),
  fc.bigInt(0n, 2n ** 64n - 1n).map((value) => sized(0xcf, 8, (v) => v.setBigUint64(0, value))),
  fc.integer({ min: -0x80, max: 0x7f }).map((value) => sized(0xd0, 1, (v) => v.setInt8(0, value))),
  fc
    .integer({ min: -0x8000, max: 0x7fff })
    .map((value) => sized(0xd1, 2, (view) => view.setInt16(0, value))),
  fc.integer().map((value) => sized(0xd2, 4, (view) => view.setInt32(0, value))),
  fc
    .bigInt(-(2n ** 63n), 2n ** 63n - 1n)
    .map((value) => sized(0xd3, 8, (view) => view.setBigInt64(0, value))),
);

const other = fc.constantFrom([0xc0], [0xc2], [0xc3], [0xa1, 0x61], [0x91, 0x01], [0x80]);

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'temperature', 'analog_1', '7', '12', '__proto__', '__proto_', 'Öl'),
  fc.constantFrom('温度', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(300), '', '\ud800', 'time'),
);

function text(value: string): number[] {
  const bytes = [...Buffer.from(value)];
  if (bytes.length < 32) return [0xa0 + bytes.length, ...bytes];
  if (bytes.length < 256) return [0xd9, bytes.length, ...bytes];
  return [0xda, bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

type Entry = readonly [name: string, value: readonly number[]];

/** Sizes of maps in one byte, where they fit, or in two. */
function frameBytes(
  entries: readonly Entry[],
  timeFirst: boolean,
  time: readonly number[],
  isShort = true,
) {
  const { length } = entries;
  const count = isShort && length < 16 ? [0x80 + length] : [0xde, 0, length];
  const values = entries.flatMap(([key, value]) => [...text(key), ...value]);
  const timePart = [...text('time'), ...time];
  const valuePart = [...text('values'), ...count, ...values];
  const parts = timeFirst ? [timePart, valuePart] : [valuePart, timePart];
  return [...(isShort ? [0x82] : [0xde, 0, 2]), ...parts.flat()];
}

const time = fc.oneof({ weight: 8, arbitrary: fc.constant(float64(T + 0.5)) }, number);
const entry = fc.tuple(name, fc.oneof({ weight: 30, arbitrary: number }, other));
const frame = fc
  .tuple(fc.array(entry, { maxLength: 20 }), fc.boolean(), time, fc.boolean())
  .map((parts) => Uint8Array.from(frameBytes(...parts)));
const bytes = fc.oneof(
  { weight: 3, arbitrary: frame },
  fc.tuple(frame, fc.nat(400), fc.nat(255)).map(([whole, at, byte]) => {
    return whole.map((known, index) => (index === at % whole.length ? byte : known));
  }),
  fc.tuple(frame, fc.integer({ min: 1, max: 12 })).map(([whole, cut]) => whole.subarray(0, -cut)),
  frame.map((whole) => Uint8Array.from([...whole, 0xc0])),
);

const SHARED = Array.from({ length: 1_000 }, (_, index) => `signal ${index}`);

describe('frames of numbers alone are read without an object', () => {
  test('whatever the bytes, and whatever was read before, the outcome is that of the long way', () => {
    let plain = 0;
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 4 }), (payloads) => {
        for (const payload of [...payloads, ...payloads]) {
          if (readPlainFrame(messageOf(payload)) !== undefined) plain += 1;
          const found = outcome(decodeFrame, payload);
          expect(found).toEqual(outcome(decodeAnyFrame, payload));
        }
      }),
      { numRuns: 500 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  test('once a list of signals was seen, whichever source sends it and in whatever turn', () => {
    const one = Uint8Array.from(frameBytes([['flow', [0x05]]], true, float64(T)));
    const two = Uint8Array.from(
      frameBytes(
        [
          ['flow', [0x05]],
          ['level', float64(1.5)],
        ],
        false,
        float64(T),
      ),
    );
    const inOrder = [one, two, one, two].map((payload) => {
      return decodeFrame(messageOf(payload), messageOf(payload), ASSET).frame;
    });
    expect(inOrder.map(({ values }) => [...values])).toEqual([[5], [5, 1.5], [5], [5, 1.5]]);
    expect(inOrder[2]?.signals).toBe(inOrder[0]?.signals);
    expect(readPlainFrame(messageOf(two))?.signals).toBe(inOrder[1]?.signals);
    expect(sharedSignals(['flow', 'level'])).toBe(inOrder[3]?.signals);
  });

  test('what was made up in masses is forgotten, and then learnt anew', () => {
    for (let turn = 0; turn < 70_000; turn += 1) sharedSignals([`made up ${turn}`]);
    const payload = Uint8Array.from(frameBytes([['flow', [0x05]]], true, float64(T)));
    const decode = () => decodeFrame(messageOf(payload), messageOf(payload), ASSET).frame;
    expect([decode(), decode()].map(({ signals }) => signals)).toEqual([['flow'], ['flow']]);
    expect(readPlainFrame(messageOf(payload))?.signals).toEqual(['flow']);
  });

  test.each([
    // 5,000 lists of a thousand names: one node and one name each, and yet five million entries.
    ['lists that differ in one name', 5_000, (turn: number) => [...SHARED, `made up ${turn}`]],
    ['names as long as messages', 200, (turn: number) => [`${turn} ${'x'.repeat(100_000)}`]],
  ])('so are %s, by what is kept of them', (_, count, signalsOf) => {
    const first = sharedSignals(['flow']);
    let forgotten = 0;
    let known = first;
    for (let turn = 0; turn < count; turn += 1) {
      sharedSignals(signalsOf(turn));
      const now = sharedSignals(['flow']);
      if (now !== known) forgotten += 1;
      known = now;
    }
    expect(forgotten).toBeGreaterThan(0);
    expect(forgotten).toBeLessThan(20);
  });

  test('what begins like a frame in JSON by its header is none', () => {
    const payload = Uint8Array.from(frameBytes([['flow', [0x05]]], true, float64(T)));
    sharedSignals(['flow']);
    const headers = { 'Content-Type': 'application/json' };
    expect(readPlainFrame(messageOf(payload))).toBeDefined();
    expect(readPlainFrame({ ...messageOf(payload), headers })).toBeUndefined();
  });
});
