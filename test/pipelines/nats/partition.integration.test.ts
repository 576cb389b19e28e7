import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { natsConfig, partitionedSubject } from '../../../pipelines/nats/partition.ts';

import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

const PARTITIONS = 7;
let server: TestNats;

beforeAll(async () => {
  server = await startNats({ config: natsConfig(PARTITIONS, 'works') });
});
afterAll(() => server.stop());

const connect = (user: string) =>
  connectNats({ servers: server.url, name: 'test', user, password: 'CHANGE-ME' });

test('the printed configuration maps each line to the partition that a publisher computes itself', async () => {
  const worker = await connect('andon-worker');
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    await ensurePartition(worker, { partition, partitions: PARTITIONS });
  }
  const gateway = await connect('works-gateway');
  const sent = Array.from({ length: 40 }, (_, index) => `works.line${index * 7_919}`).flatMap(
    (line) => [
      `telemetry.${line}.press`,
      `waveform.${line}.press.de`,
      `event.${line}.press`,
      `act.${line}.press.gateway.u7`,
      `finding.${line}.press`,
      `schedule.${line}`,
    ],
  );
  for (const subject of sent) await gateway.request(subject, 'x');
  // Statuses are the worker's: the first token behind the kind is the system, not the plant.
  const statuses = Array.from({ length: 20 }, (_, index) => `status.cmms.works.line${index}.press`);
  for (const subject of statuses) await worker.request(subject, 'x');
  const manager = await jetstreamManager(worker);
  const stored: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const { state } = await manager.streams.info(`ANDON_${partition}`, { subjects_filter: '>' });
    const subjects = Object.keys(state.subjects ?? {});
    expect(subjects.length).toBeGreaterThan(0);
    stored.push(...subjects);
  }
  const computed = [...sent, ...statuses].map((subject) => partitionedSubject(subject, PARTITIONS));
  expect(stored.sort()).toEqual(computed.sort());
  await gateway.close();
  await worker.close();
});

test('a gateway cannot publish for another plant', async () => {
  const gateway = await connect('works-gateway');
  await expect(gateway.request('telemetry.other.line.press', 'x')).rejects.toThrow(
    /permission|timeout/i,
  );
  await expect(gateway.request('telemetry.works.line.press', 'x')).resolves.toBeDefined();
  await gateway.close();
});

test('a gateway acts by way of itself alone, and says nothing for a system', async () => {
  const gateway = await connect('works-gateway');
  for (const subject of ['act.works.line.press.console.u7', 'status.cmms.works.line.press']) {
    await expect(gateway.request(subject, 'x')).rejects.toThrow(/permission|timeout/i);
  }
  await gateway.close();
});
