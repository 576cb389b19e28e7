import fc from 'fast-check';
import { snappyUncompress } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { MalformedError } from '../../../../operators/decode/payload.ts';
import { decodePush } from '../../../../pipelines/edge/http/decode-push.ts';
import { decodeRemoteWrite } from '../../../../pipelines/edge/http/decode-remote-write.ts';
import { edgeTries } from '../../../support/long.ts';
import { mutatedBytes, mutatedValue } from '../../../support/mutations.ts';
import { randomOf } from '../../../support/plant-log.ts';
import { packed, remoteWriteOf } from './remote-write.ts';

const NOW = Date.UTC(2026, 10, 30, 12);
const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const json = (value: unknown) =>
  Buffer.from(
    String(
      JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? Number(inner) : inner)),
    ),
  );

describe('remote write', () => {
  test('what snappy packed is what another implementation unpacks, whatever copies there are', () => {
    const texts = fc.array(fc.constantFrom('node_cpu', 'job', 'x', 'instance="10.0.0.7"'), {
      maxLength: 400,
    });
    const property = fc.property(texts, fc.uint8Array({ maxLength: 70_000 }), (words, noise) => {
      const input = Buffer.from(`${words.join('')}${words.join(';')}`);
      const whole = Buffer.concat([input, noise, input]);
      const block = packed(whole);
      const output = new Uint8Array(whole.length);
      snappyUncompress(block, output);
      expect(Buffer.from(output).equals(whole)).toBe(true);
    });
    fc.assert(property, { numRuns: 50 });
  });

  test('a long request with copies of all kinds is read as it was written', () => {
    const series = Array.from({ length: 1_500 }, (_, at) => ({
      labels: { __name__: `metric_${at % 7}`, instance: `10.0.0.${at % 250}:9100`, job: 'a job' },
      samples: [
        [at / 3, NOW + at],
        [-at, NOW + at + 1],
      ] as const,
    }));
    const readings = decodeRemoteWrite(remoteWriteOf(series));
    expect(readings.map(({ value, time }) => [value, time])).toEqual(
      series.flatMap(({ samples }) => samples),
    );
    expect(readings.map(({ sample }) => sample)).toEqual(
      series.flatMap(({ labels }) => [labels, labels]),
    );
    expect(readings[4]?.sample).toBe(readings[5]?.sample);
  });

  test('a block that leads back to itself, or promises too much, ends', () => {
    const blocks = [
      // A literal whose length is below 0 where 32 bits have a sign.
      [10, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0, 0],
      [0xff, 0xff, 0xff, 0xff, 0x0f, 0],
      [4, 0x01, 0x00],
      [4, 0x01, 0x05],
      [2, 0x0c, 1, 2, 3, 4],
      [],
      [0x80],
    ];
    for (const block of blocks) {
      expect(() => decodeRemoteWrite(Uint8Array.from(block))).toThrow(MalformedError);
    }
    expect(decodeRemoteWrite(Uint8Array.from([0]))).toEqual([]);
  });

  test('a label without name or value has empty ones', () => {
    // A series with one empty label, and a sample of neither value nor time: the time is none.
    const series = Buffer.from([0x0a, 0x04, 0x0a, 0x00, 0x12, 0x00]);
    expect(() => decodeRemoteWrite(packed(series))).toThrow(/a time \(epoch-ms\)/);
    const whole = remoteWriteOf([{ labels: { '': '' }, samples: [[1, NOW]] }]);
    expect(decodeRemoteWrite(whole)).toMatchObject([{ sample: { '': '' }, value: 1 }]);
  });

  test('attacked: what is right is read as it was written, and nothing throws but what is malformed', () => {
    let [right, broken] = [0, 0];
    const names = fc.array(fc.string({ minLength: 1, maxLength: 40 }), {
      minLength: 1,
      maxLength: 8,
    });
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 8 });
    const property = fc.property(names, values, seeds, (all, numbers, seed) => {
      const samples = numbers.map((value, at) => [value, NOW + at] as const);
      const series = all.map((name) => ({ labels: { __name__: name, instance: 'i' }, samples }));
      const body = remoteWriteOf(series);
      if (seed % 3 === 0) {
        right += 1;
        const read = decodeRemoteWrite(body);
        const flat = read.map(({ sample, value, time }) => [sample?.__name__, value, time]);
        expect(flat).toEqual(
          all.flatMap((name) => samples.map(([value, time]) => [wellFormed(name), value, time])),
        );
        return;
      }
      const random = randomOf(seed);
      // Below the packing every byte of the message is reached; above it, every element of the packing.
      const attacked =
        seed % 3 === 1 ? mutatedBytes(random, body) : packed(mutatedBytes(random, messageOf(body)));
      try {
        decodeRemoteWrite(attacked);
      } catch (error) {
        broken += 1;
        expect(error).toBeInstanceOf(MalformedError);
      }
    });
    fc.assert(property, { numRuns: edgeTries(600, 200_000) });
    expect(right).toBeGreaterThan(100);
    expect(broken).toBeGreaterThan(100);
  });
});

/** Half a surrogate pair has no UTF-8. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function messageOf(body: Buffer): Uint8Array {
  let [length, at] = [0, 0];
  for (let shift = 0; ; shift += 7) {
    const byte = body[at] ?? 0;
    length += (byte & 0x7f) * 2 ** shift;
    at += 1;
    if (byte < 0x80) break;
  }
  const output = new Uint8Array(length);
  if (length > 0) snappyUncompress(body, output);
  return output;
}

test('pushed JSON, attacked: what is right is read as it was written, and nothing throws but what is malformed', () => {
  let [right, broken] = [0, 0];
  // Whole numbers beyond 2^53 keep their digits as texts: the JSON of sources of MQTT has a test of it.
  const number = fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((each) => each + 0);
  const value = fc.oneof(number, fc.boolean(), fc.constant('text'));
  const values = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 20 }).filter((name) => !(name in {})),
    value,
    { minKeys: 1, maxKeys: 6 },
  );
  const property = fc.property(values, seeds, (all, seed) => {
    const sample = { machine: 'm', time: NOW, values: all };
    const body = seed % 2 === 0 ? [sample, { machine: 'n', tag: 't', value: 1 }] : sample;
    if (seed % 3 === 0) {
      right += 1;
      const read = decodePush(json(body));
      expect(
        read.slice(0, Object.keys(all).length).map(({ labels, value: v }) => [labels.tag, v]),
      ).toEqual(Object.entries(JSON.parse(JSON.stringify(all))).map(([name, v]) => [name, v]));
      return;
    }
    const random = randomOf(seed);
    const attacked =
      seed % 3 === 1 ? mutatedBytes(random, json(body)) : json(mutatedValue(random, body));
    try {
      for (const { value: found, labels } of decodePush(attacked)) {
        expect(['number', 'string', 'boolean', 'object']).toContain(typeof found);
        expect(labels.machine && labels.tag).toBeTruthy();
      }
    } catch (error) {
      broken += 1;
      expect(error).toBeInstanceOf(MalformedError);
    }
  });
  fc.assert(property, { numRuns: edgeTries(600, 200_000) });
  expect(right).toBeGreaterThan(100);
  expect(broken).toBeGreaterThan(100);
});
