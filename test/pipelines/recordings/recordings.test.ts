import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import type { Message } from '../../../operators/model/message.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import type { Log } from '../../../pipelines/nats/log.ts';
import { readDescription } from '../../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../../pipelines/recordings/recordings.ts';
import { changesOf } from '../../../pipelines/rules/changes.ts';
import { realData } from '../../support/real-data.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const never = new AbortController().signal;
const folder = temporaryDirectory();

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function all(log: Log, limit = 1_000): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const pulled = await log.pull(limit, 0, never);
    messages.push(...pulled.messages);
    if (pulled.ended) return messages;
  }
}

const example = (name: string) =>
  fileURLToPath(new URL(`../../../examples/recordings/${name}`, import.meta.url));

/** Two snapshots of two channels of three samples. */
function smallWaveforms(layout: string, type = 'i16') {
  const counts = [1, 2, 3, -1, -2, -3, 4, 5, 6, -4, -5, -6];
  const bytes = type === 'i16' ? Int16Array.from(counts) : Float64Array.from(counts);
  file(`small-${type}.bin`, new Uint8Array(bytes.buffer));
  return file(
    `small-${type}.yaml`,
    `
name: small
kind: waveforms
file: small-${type}.bin
layout: '${layout}'
type: ${type}
scale: 0.5
unit: g
rate: 1000
samples: 3
subject: waveform.p.l.a
points: [x, y]
start: 2026-01-01T00:00:00Z
interval: 4s
settle: 2s
snapshots: { first: 1, last: 2 }
`,
  );
}

describe('a recording as a log', () => {
  test('is one waveform per snapshot and channel, appended a second after its last sample, ticks between', async () => {
    const path = smallWaveforms('[snapshot][channel][sample]');
    const messages = await all(
      await openRecordingLog({ recordings: [await readDescription(path)] }),
    );
    const start = Date.UTC(2026, 0, 1) * 1_000;
    const at = (milliseconds: number) => start + milliseconds * 1_000;
    expect(
      messages.map(({ sequence, subject, appended }) => [sequence, subject, appended]),
    ).toEqual([
      [1, 'waveform.p.l.a.x', at(1_003)],
      [2, 'waveform.p.l.a.y', at(1_003)],
      [3, 'tick', at(2_003)],
      [4, 'tick', at(3_003)],
      [5, 'tick', at(4_003)],
      [6, 'waveform.p.l.a.x', at(5_003)],
      [7, 'waveform.p.l.a.y', at(5_003)],
      [8, 'tick', at(6_003)],
      [9, 'tick', at(7_003)],
    ]);
    const wire = unpack(messages[1]!.payload);
    expect(wire).toMatchObject({ time: start / 1_000, rate: 1_000, unit: 'g' });
    expect(wire.samples.scale).toBe(0.5);
    expect(Array.from(wire.samples.i16 as Buffer)).toEqual([255, 255, 254, 255, 253, 255]);
    expect(messages[5]!.headers).toEqual({ 'Andon-Producer': 'small/0', 'Andon-Sequence': '3' });
  });

  test('reads interleaved channels, and doubles as single floats in the unit', async () => {
    const path = smallWaveforms('[snapshot][sample][channel]', 'f64');
    const [first] = await all(
      await openRecordingLog({ recordings: [await readDescription(path)] }),
    );
    const bytes = Buffer.from(unpack(first!.payload).samples);
    expect([0, 4, 8].map((offset) => bytes.readFloatLE(offset))).toEqual([0.5, 1.5, -1]);
  });

  test('has payloads that are plain bytes, never Buffers', async () => {
    for (const path of [smallWaveforms('[snapshot][channel][sample]'), example('press.ndjson')]) {
      const recordings = [await readDescription(path)];
      for (const { payload } of await all(await openRecordingLog({ recordings }))) {
        expect(Object.getPrototypeOf(payload)).toBe(Uint8Array.prototype);
      }
    }
  });

  test('is the same whatever the size of the pulls, and goes on where it was left', async () => {
    const description = await readDescription(example('press.ndjson'));
    const open = (after = 0) => openRecordingLog({ recordings: [description], after });
    const whole = await all(await open());
    expect(await all(await open(), 1)).toEqual(whole);
    expect(await all(await open(7))).toEqual(whole.slice(7));
  });

  test('puts changes first, at the append time of the first message, with one id made from their content', async () => {
    const description = await readDescription(example('press.ndjson'));
    const raw = { id: 'works', lines: [{ id: 'line1', assets: [{ id: 'press' }] }] };
    const plants = [{ raw, model: plantModelSchema.parse(raw) }];
    const changes = changesOf(plants, undefined);
    const messages = await all(await openRecordingLog({ recordings: [description], changes }));
    const [model, first] = messages;
    expect(model).toMatchObject({ sequence: 1, subject: 'model.works', appended: first!.appended });
    expect(JSON.parse(Buffer.from(model!.payload).toString())).toEqual(raw);
    expect(model!.headers['Andon-Change']).toBe(
      changesOf(plants, undefined)[0]!.messages[0]!.headers!['Andon-Change'],
    );
    expect(first!.subject).toBe('event.works.line1.press');
  });

  test('of several files is in the order of append times, of equal ones in the order of the files', async () => {
    const line = (subject: string, appended: number) =>
      JSON.stringify({ subject, appended, payload: { time: 0, values: {} } });
    const a = file(
      'a.ndjson',
      [line('telemetry.a.l.m', 1_000), line('telemetry.a.l.m', 3_000)].join('\n'),
    );
    const b = file(
      'b.ndjson',
      [line('telemetry.b.l.m', 1_000), line('telemetry.b.l.m', 2_000)].join('\n'),
    );
    const recordings = [await readDescription(a), await readDescription(b)];
    const messages = await all(await openRecordingLog({ recordings, ticks: false }));
    expect(messages.map(({ subject }) => subject.charAt(10)).join('')).toBe('abba');
  });

  test('never lets append times go back', async () => {
    const lines = [5_000, 4_000, 6_000].map((appended) =>
      JSON.stringify({ subject: 'telemetry.a.l.m', appended, payload: {} }),
    );
    const recordings = [await readDescription(file('back.ndjson', lines.join('\n')))];
    const messages = await all(await openRecordingLog({ recordings, ticks: false }));
    expect(messages.map(({ appended }) => appended / 1_000)).toEqual([5_000, 5_000, 6_000]);
  });

  test('of a CSV file has a frame per row: numbers, booleans, texts, and nothing for empty cells', async () => {
    file(
      't.csv',
      'when;Flow Rate;on;note\n2026-01-01 00:00:00;1.5;true;"a;b"\n2026-01-01 00:00:01;;false;\n',
    );
    const path = file(
      'csv.yaml',
      `
name: t
kind: csv
file: t.csv
delimiter: ';'
time: { column: when }
subject: telemetry.p.l.a
`,
    );
    const recordings = [await readDescription(path)];
    const messages = await all(await openRecordingLog({ recordings, ticks: false }));
    const start = Date.UTC(2026, 0, 1);
    expect(messages.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()))).toEqual([
      { time: start, values: { Flow_Rate: 1.5, on: true, note: 'a;b' } },
      { time: start + 1_000, values: { on: false } },
    ]);
    expect(messages[0]!.appended).toBe((start + 1_000) * 1_000);
  });

  test('moves event and append times when it is published as if it happened now', async () => {
    const description = await readDescription(example('press.ndjson'));
    const shift = 3_600_000_000;
    const still = await all(await openRecordingLog({ recordings: [description] }));
    const move = (time: EventTime) => (time + shift) as EventTime;
    const moved = await all(await openRecordingLog({ recordings: [description], move }));
    expect(moved.map(({ appended }) => appended - shift)).toEqual(
      still.map(({ appended }) => appended),
    );
    const timeOf = ({ payload }: Message) => JSON.parse(Buffer.from(payload).toString()).time;
    expect(timeOf(moved[0]!)).toBe(timeOf(still[0]!) + 3_600_000);
  });

  test('moves the entries of schedules along', async () => {
    const entry = { id: 'o', kind: 'order', start: 1_000, end: 2_000 };
    const line = { subject: 'schedule.p.l', appended: 500, payload: { entries: [entry] } };
    const path = file('schedule.ndjson', `${JSON.stringify(line)}\n`);
    const move = (time: EventTime) => (time + 3_000_000) as EventTime;
    const recordings = [await readDescription(path)];
    const [moved] = await all(await openRecordingLog({ recordings, move }));
    expect(JSON.parse(Buffer.from(moved!.payload).toString())).toEqual({
      entries: [{ ...entry, start: 4_000, end: 5_000 }],
    });
  });

  test.each([
    ['file: nowhere.bin', /nowhere\.bin: expected the file of the recording, found none/],
    ['file: small-i16.bin\nsamples: 7', /expected 2 snapshots of 28 bytes, found 24 bytes/],
    ['rate: fast', /bad\.yaml:\d+:7: rate: expected a number, found fast/],
    ['colour: red', /bad\.yaml:\d+:1: colour: expected no field colour here/],
  ])('that is wrong is refused with its place: %s', async (line, message) => {
    smallWaveforms('[snapshot][channel][sample]');
    const right = `name: bad\nkind: waveforms\nfile: small-i16.bin\ntype: i16\nunit: g\nrate: 1000\nsamples: 3
subject: waveform.p.l.a\npoints: [x, y]\nstart: 2026-01-01T00:00:00Z\ninterval: 4s\nsnapshots: { first: 1, last: 2 }\n`;
    const keys = line.split('\n').map((one) => one.slice(0, one.indexOf(':')));
    const kept = right.split('\n').filter((one) => !keys.includes(one.slice(0, one.indexOf(':'))));
    const path = file('bad.yaml', `${kept.join('\n')}${line}\n`);
    const read = async () => {
      await all(await openRecordingLog({ recordings: [await readDescription(path)] }));
    };
    await expect(read()).rejects.toThrow(message);
  });

  test('of a real bearing has every snapshot, the last one too', async (context) => {
    realData('pronostia', context);
    const description = await readDescription(example('pronostia-bearing1_1.yaml'));
    const messages = await all(await openRecordingLog({ recordings: [description] }));
    const waveforms = messages.filter(({ subject }) => subject.startsWith('waveform.'));
    expect(waveforms).toHaveLength(2_804);
    const began = Date.UTC(2012, 0, 1);
    expect(unpack(waveforms.at(-1)!.payload).time).toBe(began + 2_802 * 10_000);
    // 1,401 silences of 20 s with a tick each second inside, and a minute of settling.
    expect(messages).toHaveLength(2_804 + 1_401 * 19 + 60);
  });
});
