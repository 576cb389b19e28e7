import { afterAll, beforeAll, expect, test } from 'vitest';
import { streamManager } from '../../../pipelines/nats/jetstream.ts';
import { partitionedSubject } from '../../../pipelines/nats/partition.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { type PrintedNats, startPrintedNats } from '../../stand/printed-nats.ts';

const PARTITIONS = 7;
const lines = Array.from({ length: 40 }, (_, index) => `line${index * 7_919}`);
const works = {
  id: 'works',
  lines: lines.map((id) => ({ id, assets: [{ id: 'press', points: [{ id: 'de' }] }] })),
};
let nats: PrintedNats;

beforeAll(async () => {
  nats = await startPrintedNats({ partitions: PARTITIONS, plants: { plants: [works] } });
});
afterAll(() => nats.stop());

test('the printed configuration maps each line to the partition that a publisher computes itself', async () => {
  const worker = await nats.connect('worker');
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    await ensurePartition(worker, { partition, partitions: PARTITIONS });
  }
  const scheduler = await nats.connect('scheduler.works');
  const sent: string[] = [];
  for (const line of lines) {
    const gateway = await nats.connect(`gateway.works.${line}`);
    const path = `works.${line}`;
    const own = [
      `telemetry.${path}.press`,
      `waveform.${path}.press.de`,
      `event.${path}.press`,
      `act.${path}.press.gateway.operator`,
      `finding.${path}.press`,
    ];
    for (const subject of own) await gateway.request(subject, 'x');
    await scheduler.request(`schedule.${path}`, 'x');
    sent.push(...own, `schedule.${path}`);
    await gateway.close();
  }
  // Statuses have the system before the plant. Who delivers requests computes the partition.
  const statuses = lines.map((line) => `status.cmms.works.${line}.press`);
  const requests = await nats.connect('requests');
  for (const subject of statuses) {
    await requests.request(partitionedSubject(subject, PARTITIONS), 'x');
  }
  const manager = await streamManager(worker);
  const stored: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const { state } = await manager.streams.info(`ANDON_${partition}`, { subjects_filter: '>' });
    const subjects = Object.keys(state.subjects ?? {});
    expect(subjects.length).toBeGreaterThan(0);
    stored.push(...subjects);
  }
  const computed = [...sent, ...statuses].map((subject) => partitionedSubject(subject, PARTITIONS));
  expect(stored.sort()).toEqual(computed.sort());
});
