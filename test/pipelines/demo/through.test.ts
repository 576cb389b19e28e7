import { expect, test } from 'vitest';
import { decodeFrame } from '../../../operators/decode/frame.ts';
import { assetKey } from '../../../operators/model/key.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import { type Duration, eventTime, MINUTE, plus } from '../../../operators/model/time.ts';
import { BEGIN, simulatedPlant } from '../../../pipelines/demo/plant/plant.ts';
import { saidByDevice } from '../../../pipelines/demo/through/samples.ts';
import { before } from './demo-plant.ts';

const origin = { source: 0, sequence: 1 } as never;

test('what machines of the simulated plant say has the values of its messages, and what others say is no value of theirs', () => {
  const plant = simulatedPlant({ seed: 1, begin: BEGIN });
  const kinds = new Map<string, number>();
  for (const message of before(plant, plus(BEGIN, MINUTE as Duration))) {
    const [kind = '', ...path] = message.subject.split('.');
    const said = saidByDevice(message);
    const content = kind === 'event' ? JSON.parse(Buffer.from(message.payload).toString()) : {};
    const isSaid = ['telemetry', 'waveform'].includes(kind) || content.type === 'state';
    expect(said !== undefined, message.subject).toBe(isSaid);
    if (said === undefined) continue;
    expect(said.device).toBe(path.slice(0, 3).join('/'));
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const { samples = [] } = said;
    if (kind === 'event') expect(samples).toMatchObject([{ value: content.data.state }]);
    if (kind === 'waveform') expect(samples[0]?.value).toHaveLength(8_192);
    if (kind !== 'telemetry') continue;
    const key = assetKey('demo', path[1] ?? '', path[2] ?? '');
    const { frame } = decodeFrame({ ...message, sequence: 1 as Sequence }, origin, key);
    const expected = frame.signals.flatMap((tag, column) =>
      [...frame.times].map((time, at) => {
        const value = frame.values[column * frame.times.length + at];
        return { tag, time: time / 1_000, value };
      }),
    );
    expect(samples).toEqual(expected);
  }
  expect([...kinds.keys()].sort()).toEqual(['event', 'telemetry', 'waveform']);
});

test('bytes that are none stay bytes', () => {
  const payload = Uint8Array.of(0x93, 0x01, 0xc1);
  const message = { subject: 'telemetry.demo.l.a', appended: eventTime(0), headers: {}, payload };
  expect(saidByDevice(message)).toEqual({
    ...{ device: 'demo/l/a', samples: undefined, bytes: payload },
  });
});
