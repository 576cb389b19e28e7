import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Message } from '../../../operators/model/message.ts';
import type { Log } from '../../../pipelines/nats/log.ts';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { publishRecordings } from '../../../pipelines/recordings/publish-recordings.ts';
import { readDescription } from '../../../pipelines/recordings/recording-description.ts';
import { firstAppended, openRecordingLog } from '../../../pipelines/recordings/recordings.ts';
import { applyChanges } from '../../../pipelines/rules/apply-changes.ts';
import { changesOf } from '../../../pipelines/rules/changes.ts';
import { readPlantFile, readRulesFile } from '../../../pipelines/rules/rules.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const never = new AbortController().signal;
const folder = temporaryDirectory();
const press = fileURLToPath(new URL('../../../examples/recordings/press.ndjson', import.meta.url));
const plant = join(folder, 'plant.yaml');
const rules = join(folder, 'rules.yaml');
writeFileSync(plant, 'plants: [{ id: works, lines: [{ id: line1, assets: [{ id: press }] }] }]\n');
writeFileSync(rules, 'windows: [{ id: minute, kind: tumbling, size: 1m }]\n');

let server: TestNats;
let connection: NatsConnection;

beforeEach(async () => {
  server = await startNats();
  connection = await connectNats({ servers: server.url, name: 'test' });
});
afterEach(async () => {
  await connection.close();
  await server.stop();
});

async function read(log: Log, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count) {
    const pulled = await log.pull(1_000, 1_000, never);
    // Views into receive buffers are equal to arrays of their own only by content.
    for (const message of pulled.messages) {
      messages.push({ ...message, payload: Uint8Array.from(message.payload) });
    }
    if (pulled.ended || pulled.messages.length === 0) break;
  }
  await log.close();
  return messages;
}

const everything = async () => ({
  recordings: [await readDescription(press)],
  changes: changesOf(await readPlantFile(plant), await readRulesFile(rules)),
});
const common = { partitions: 1, speed: Number.POSITIVE_INFINITY, signal: never };

describe('a recording published into a replay', () => {
  test('is the same log as the recording itself, byte for byte', async () => {
    const options = await everything();
    const counts = await publishRecordings({ connection, ...common, ...options, mode: 'replay' });
    const direct = await read(await openRecordingLog(options), 10_000);
    expect(counts).toMatchObject({ acknowledged: direct.length, duplicates: 0 });
    const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
    expect(log.replay).toBe(true);
    expect(await read(log, direct.length)).toEqual(direct);
  });

  test('is the same when model and rules were applied to its beginning before', async () => {
    const { recordings, changes } = await everything();
    const replayAt = await firstAppended(recordings);
    const applied = await applyChanges({ connection, changes, partitions: 1, replayAt: replayAt! });
    expect(applied.map(({ subject, stream, sequence }) => [subject, stream, sequence])).toEqual([
      ['model.works', 'ANDON_0', 1],
      ['rules.works', 'ANDON_0', 2],
    ]);
    await publishRecordings({ connection, ...common, recordings, mode: 'existing' });
    const direct = await read(await openRecordingLog({ recordings, changes }), 10_000);
    const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
    expect(await read(log, direct.length)).toEqual(direct);
  });

  test('is the same when the server is killed while it is published', async () => {
    const lines = Array.from({ length: 3_000 }, (_, index) =>
      JSON.stringify({
        subject: 'telemetry.works.line1.press',
        payload: { time: 1_000 * index + 1, values: { x: index } },
      }),
    );
    const file = join(folder, 'long.ndjson');
    writeFileSync(file, lines.join('\n'));
    const recordings = [await readDescription(file)];
    let restarting: Promise<void> | undefined;
    await publishRecordings({
      connection,
      ...common,
      recordings,
      mode: 'replay',
      onProgress: ({ acknowledged }) => {
        if (acknowledged < 1_000) return;
        restarting ??= server.kill().then(() => server.restart());
      },
    });
    await restarting;
    const direct = await read(await openRecordingLog({ recordings }), 10_000);
    const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
    expect(await read(log, direct.length)).toEqual(direct);
  });

  test('is refused by a stream that is not there, live, or further already', async () => {
    const options = { connection, ...common, ...(await everything()) };
    await expect(publishRecordings({ ...options, mode: 'existing' })).rejects.toThrow(
      /stream ANDON_0: expected a stream marked as a replay, found none\. With --replay it is made/,
    );
    await publishRecordings({ ...options, mode: 'replay' });
    await expect(publishRecordings({ ...options, mode: 'existing' })).rejects.toThrow(
      /that has not passed 2026-01-01T08:00:01Z.*found that it is at 2026-01-01T08:01:11Z already/,
    );
    await expect(publishRecordings({ ...options, mode: 'live' })).rejects.toThrow(
      /expected a live stream, found one marked as a replay/,
    );
    await (await jetstreamManager(connection)).streams.delete('ANDON_0');
    await ensurePartition(connection, { partition: 0, partitions: 1 });
    await expect(publishRecordings({ ...options, mode: 'replay' })).rejects.toThrow(
      /expected a stream marked as a replay, found a live one/,
    );
    await expect(applyChanges({ ...options, replayAt: 1 as never })).rejects.toThrow(
      /expected a stream marked as a replay, found a live one/,
    );
  });
});

describe('a recording published live', () => {
  test('has event times of now, no recorded append times and no ticks', async () => {
    const { recordings } = await everything();
    const before = Date.now();
    await publishRecordings({ connection, ...common, recordings, mode: 'live' });
    const after = Date.now();
    const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
    expect(log.replay).toBe(false);
    const messages = await read(log, 5);
    expect(messages.map(({ subject }) => subject)).not.toContain('tick');
    const { time } = JSON.parse(Buffer.from(messages[0]!.payload).toString());
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(after);
    expect(messages[1]!.headers['Andon-Producer']).toMatch(/^press\/\d{13}$/);
  });

  test('keeps the pace it is asked for', async () => {
    const file = join(folder, 'an-hour.ndjson');
    const lines = [0, 3_600_000].map((time) =>
      JSON.stringify({
        subject: 'telemetry.works.line1.press',
        payload: { time: 1_767_254_400_000 + time, values: { temperature: 40 } },
      }),
    );
    writeFileSync(file, lines.join('\n'));
    const recordings = [await readDescription(file)];
    const began = performance.now();
    await publishRecordings({ connection, ...common, recordings, mode: 'live', speed: 7_200 });
    // An hour in half a second: no sooner; and at its own pace it would outlast the patience of a test.
    expect(performance.now() - began).toBeGreaterThan(450);
  });

  test('has no event ahead of the clock, however fast', async () => {
    const { recordings } = await everything();
    const began = Date.now();
    await publishRecordings({ connection, ...common, recordings, mode: 'live', speed: 20 });
    const took = Date.now() - began;
    const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
    const timed = (await read(log, 1_000)).flatMap(({ subject, appended, headers, payload }) => {
      if (headers['Andon-Producer'] === undefined) return [];
      const { time } = JSON.parse(Buffer.from(payload).toString());
      return typeof time === 'number' ? [{ subject, appended, time }] : [];
    });
    expect(timed.length).toBeGreaterThanOrEqual(3);
    expect(timed.filter(({ appended, time }) => time * 1_000 > appended)).toEqual([]);
    const times = timed.map(({ time }) => time);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(took + 1_000);
  });
});
