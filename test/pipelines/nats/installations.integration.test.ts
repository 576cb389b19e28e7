import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { beginChain, openAuditor } from '../../../pipelines/audit/audit.ts';
import { createActCopier } from '../../../pipelines/audit/copy-acts.ts';
import { enterName, everybody, keepReason, readReason } from '../../../pipelines/audit/people.ts';
import { chainExtent, readEntries } from '../../../pipelines/audit/stored-chain.ts';
import { verifyChain } from '../../../pipelines/audit/verify.ts';
import { createActPublisher } from '../../../pipelines/console/acts.ts';
import { createPlantModels } from '../../../pipelines/console/data/plant-models.ts';
import { domainOf, prefixOf, subjectIn } from '../../../pipelines/nats/jetstream.ts';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { createLogTime } from '../../../pipelines/nats/log-time.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { partitionedSubject } from '../../../pipelines/nats/partition.ts';
import {
  ensureCheckpoints,
  ensureCommands,
  ensureCommits,
  ensureLive,
  ensurePartition,
  ensureRequests,
  logStream,
  openBucket,
} from '../../../pipelines/nats/streams.ts';
import { republishOld, startTicks } from '../../../pipelines/nats/upkeep.ts';
import { applyChanges } from '../../../pipelines/rules/apply-changes.ts';
import { changesOf } from '../../../pipelines/rules/changes.ts';
import { listRequests } from '../../../pipelines/systems/inspect.ts';
import { askResend, openLedger } from '../../../pipelines/systems/ledger.ts';
import { publishStatus, statusLogOf } from '../../../pipelines/systems/status-log.ts';
import { openCheckpointObjects } from '../../../pipelines/worker/copies/objects.ts';
import { takeLease } from '../../../pipelines/worker/ownership/lease.ts';
import { createOutbox } from '../../../sinks/outbox.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { until } from '../../stand/stand.ts';
import { MODEL } from '../../support/plant-log.ts';

/** What an installation of two partitions has on the server: its streams, and what each of them takes. */
const STREAMS = {
  ANDON_0: ['andon.0.>'],
  ANDON_1: ['andon.1.>'],
  ANDON_AUDIT: ['audit.>'],
  ANDON_COMMANDS: ['command.*.*'],
  ANDON_COMMITS: ['commit.*.*.*'],
  ANDON_LIVE: ['live.>'],
  ANDON_REASONS: ['reason.*'],
  ANDON_REQUESTS: ['request.*.*'],
  KV_ANDON_HOMES: ['$KV.ANDON_HOMES.>'],
  KV_ANDON_LEASES: ['$KV.ANDON_LEASES.>'],
  KV_ANDON_MAINTENANCE: ['$KV.ANDON_MAINTENANCE.>'],
  KV_ANDON_NAMES: ['$KV.ANDON_NAMES.>'],
  KV_ANDON_OUTCOMES: ['$KV.ANDON_OUTCOMES.>'],
  KV_ANDON_RESENDS: ['$KV.ANDON_RESENDS.>'],
  OBJ_ANDON_CHECKPOINTS_0: ['$O.ANDON_CHECKPOINTS_0.C.>', '$O.ANDON_CHECKPOINTS_0.M.>'],
  OBJ_ANDON_CHECKPOINTS_1: ['$O.ANDON_CHECKPOINTS_1.C.>', '$O.ANDON_CHECKPOINTS_1.M.>'],
} as const;

const WITH_PREFIX: Readonly<Record<string, readonly string[]>> = {
  north_ANDON_0: ['north.andon.0.>'],
  north_ANDON_1: ['north.andon.1.>'],
  north_ANDON_AUDIT: ['north.audit.>'],
  north_ANDON_COMMANDS: ['north.command.*.*'],
  north_ANDON_COMMITS: ['north.commit.*.*.*'],
  north_ANDON_LIVE: ['north.live.>'],
  north_ANDON_REASONS: ['north.reason.*'],
  north_ANDON_REQUESTS: ['north.request.*.*'],
  KV_north_ANDON_HOMES: ['$KV.north_ANDON_HOMES.>'],
  KV_north_ANDON_LEASES: ['$KV.north_ANDON_LEASES.>'],
  KV_north_ANDON_MAINTENANCE: ['$KV.north_ANDON_MAINTENANCE.>'],
  KV_north_ANDON_NAMES: ['$KV.north_ANDON_NAMES.>'],
  KV_north_ANDON_OUTCOMES: ['$KV.north_ANDON_OUTCOMES.>'],
  KV_north_ANDON_RESENDS: ['$KV.north_ANDON_RESENDS.>'],
  OBJ_north_ANDON_CHECKPOINTS_0: [
    ...['$O.north_ANDON_CHECKPOINTS_0.C.>', '$O.north_ANDON_CHECKPOINTS_0.M.>'],
  ],
  OBJ_north_ANDON_CHECKPOINTS_1: [
    ...['$O.north_ANDON_CHECKPOINTS_1.C.>', '$O.north_ANDON_CHECKPOINTS_1.M.>'],
  ],
};

const PARTITIONS = 2;
let nats: TestNats;
let plain: NatsConnection;
let north: NatsConnection;
let both: readonly NatsConnection[];

async function makeAll(connection: NatsConnection): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    await ensurePartition(connection, { partition, partitions: PARTITIONS });
    await ensureCheckpoints(connection, partition);
  }
  await ensureRequests(connection);
  await ensureCommands(connection);
  await ensureCommits(connection);
  await ensureLive(connection);
  await openLedger(connection);
  for (const bucket of ['leases', 'homes', 'names', 'outcomes'] as const)
    await openBucket(connection, bucket);
  await beginChain(connection);
}

beforeAll(async () => {
  nats = await startNats({ config: 'server_name: hub', jetstream: 'domain: hub' });
  plain = await connectNats({ servers: nats.url, name: 'plain' });
  north = await connectNats({ servers: nats.url, name: 'north', prefix: 'north', domain: 'hub' });
  both = [plain, north];
  for (const connection of both) await makeAll(connection);
});
afterAll(async () => {
  for (const connection of both ?? []) await connection.close();
  await nats?.stop();
});

async function streamsOfServer(): Promise<Record<string, readonly string[]>> {
  const connection = await connect({ servers: nats.url });
  const found: Record<string, readonly string[]> = {};
  for await (const { config } of (await jetstreamManager(connection)).streams.list()) {
    found[config.name] = config.subjects;
  }
  await connection.close();
  return found;
}

/** Every message of one installation but the first entry of its audit stream, by subject as the server has it. */
async function stored(stream: string): Promise<readonly string[]> {
  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(stream, { subjects_filter: '>' });
  await connection.close();
  return Object.keys(state.subjects ?? {}).sort();
}

test('an installation without a prefix has the names of before; one with a prefix has it before each', async () => {
  expect(await streamsOfServer()).toEqual({ ...STREAMS, ...WITH_PREFIX });
});

test('the one partition of a small installation takes plain subjects below its prefix', async () => {
  const south = await connectNats({ servers: nats.url, name: 'south', prefix: 'south' });
  const { config } = await ensurePartition(south, { partition: 0, partitions: 1 });
  expect(config.name).toBe('south_ANDON_0');
  expect(config.subjects).toEqual([
    ...['south.andon.0.>', 'south.telemetry.>', 'south.waveform.>', 'south.event.>', 'south.act.>'],
    ...['south.status.>', 'south.finding.>', 'south.schedule.>', 'south.model.>', 'south.rules.>'],
    'south.mapping.>',
  ]);
  await south.request('south.telemetry.p.l.a', '{"values":{}}', { timeout: 5_000 });
  const log = await openJetstreamLog({ connection: south, stream: logStream(south, 0), after: 0 });
  const { messages } = await log.pull(1, 5_000, AbortSignal.timeout(10_000));
  expect(messages.map(({ subject }) => subject)).toEqual(['telemetry.p.l.a']);
  await log.close();
  await south.close();
});

describe('what one installation does reaches the other in nothing', () => {
  test('model, act, status and tick stand in its own log, where readers find plain subjects', async () => {
    const changes = changesOf([{ raw: MODEL, model: plantModelSchema.parse(MODEL) }], undefined);
    for (const connection of both) {
      const [applied] = await applyChanges({ connection, changes, partitions: PARTITIONS });
      expect(applied).toMatchObject({ subject: 'model.p1', sequence: 1 });
    }
    const models = createPlantModels(north, PARTITIONS);
    expect([...(await models.plants()).keys()]).toEqual(['p1']);
    const about = { plant: 'p1', line: 'l1', asset: 'press', user: 'u1', key: 'k' };
    const acts = createActPublisher(north, PARTITIONS);
    const acted = await acts.publish({ ...about, type: 'report', data: { text: 'x' } });
    const report = { system: 'cmms', asset: 'p1/l1/press', producer: 'cmms', number: 1 };
    const body = { time: 1, type: 'request', data: {} };
    const status = statusLogOf(north, { partitions: PARTITIONS, logTime: createLogTime(north) });
    await publishStatus(status, { ...report, body }, PARTITIONS);
    const subject = partitionedSubject('act.p1.l1.press.console.u1', PARTITIONS);
    const [, partition = '0'] = subject.split('.');
    expect(acted.stream).toBe(`north_ANDON_${partition}`);
    const log = await openJetstreamLog({ connection: north, stream: acted.stream, after: 0 });
    const seen: string[] = [];
    await until('its messages', 10_000, async () => {
      const { messages } = await log.pull(10, 200, AbortSignal.timeout(10_000));
      seen.push(...messages.map((message) => message.subject));
      return seen.length === 3;
    });
    expect(seen).toEqual(['model.p1', 'act.p1.l1.press.console.u1', 'status.cmms.p1.l1.press']);
    await log.close();
    expect(await stored(`ANDON_${partition}`)).toEqual([`andon.${partition}.model.p1`]);
    await copiesIts(Number(partition));
    await ticksAndRepublishes(Number(partition));
  });

  /** Acts of its own log alone are copied into its own audit stream. */
  async function copiesIts(partition: number): Promise<void> {
    const { signal } = new AbortController();
    const before = (await chainExtent(north))?.last ?? 0;
    expect(await createActCopier(plain, partition).copy(signal)).toBe(0);
    expect(await createActCopier(north, partition).copy(signal)).toBe(1);
    const subjects: string[] = [];
    for await (const { subject } of readEntries(north, before + 1, before + 1)) {
      subjects.push(subject);
    }
    expect(subjects).toEqual([`audit.log.${partition}.console.u1`]);
  }

  async function ticksAndRepublishes(partition: number): Promise<void> {
    const stream = logStream(north, partition);
    const inDays = () => Date.now() + 6 * 86_400_000;
    const onFailed = (subject: string, reason: string) => expect.fail(`${subject}: ${reason}`);
    const asked = { connection: north, stream, onFailed, now: inDays };
    expect(await republishOld(asked)).toEqual([`north.andon.${partition}.model.p1`]);
    const prefix = subjectIn(north, `andon.${partition}.`);
    const stop = startTicks({ connection: north, stream, prefix, silence: 100 });
    await until('a tick', 10_000, async () => (await stored(stream)).includes(`${prefix}tick`));
    stop();
    expect(await stored(`ANDON_${partition}`)).toEqual([`andon.${partition}.model.p1`]);
  }

  test('a request, its ledger and its resend', async () => {
    const revision = { id: 'r1', revision: 1, content: '{"a":1}' };
    const options = { ...domainOf(north), prefix: prefixOf(north) };
    const content = { pipeline: 'plant', run: '1', stream: 'north_ANDON_0', created: 'then' };
    const range = { epoch: 1, from: 1, to: 1, blocks: [], commands: [] };
    const outbox = createOutbox(north, options);
    // Sent twice, it is there once: what is stored is found under the same names.
    for (let time = 0; time < 2; time += 1) {
      await outbox.write(
        { ...content, ...range, revisions: [revision] },
        AbortSignal.timeout(10_000),
      );
    }
    expect(await stored('north_ANDON_REQUESTS')).toEqual(['north.request.r1.1']);
    expect(await stored('ANDON_REQUESTS')).toEqual([]);
    expect((await listRequests(north)).map(({ id }) => id)).toEqual(['r1']);
    expect(await listRequests(plain)).toEqual([]);
    await askResend(north, 'r1');
    expect(await (await openLedger(north)).resends()).toEqual(['r1']);
    expect(await (await openLedger(plain)).resends()).toEqual([]);
  });

  test('a copy of a checkpoint', async () => {
    const objects = await Promise.all(
      both.map((connection) => openCheckpointObjects(connection, 0)),
    );
    await objects[1]?.put('plant/1/then/x', Buffer.from('state'));
    expect(await objects[1]?.get('plant/1/then/x')).toEqual(Buffer.from('state'));
    expect(await objects[0]?.list('')).toEqual([]);
    await objects[1]?.remove('plant/1/then/x');
    expect(await stored('OBJ_north_ANDON_CHECKPOINTS_0')).toEqual([]);
  });

  test('a lease of the same name is held by each', async () => {
    const me = { owner: 'me', host: 'here' };
    const about = { key: 'plant-0', expected: 'a partition', me };
    const leases = [];
    for (const connection of both) leases.push(await takeLease({ ...about, connection }));
    await expect(takeLease({ ...about, connection: north })).rejects.toThrow(/me on here holds it/);
    for (const lease of leases) await lease.release();
  });

  test('an entry of the audit stream, its reason, and names', async () => {
    const before = (await chainExtent(plain))?.last;
    const auditor = await openAuditor(north, { via: 'worker', user: 'u7' });
    await auditor.note({ act: 'apply', what: 'model.p1', reason: 'because' });
    expect((await verifyChain(north)).faults).toEqual([]);
    const kept = await keepReason(north, 'text');
    expect(await readReason(north, kept)).toEqual({ text: 'text' });
    expect(await readReason(plain, kept)).toBe('erased');
    await enterName(north, 'u7', 'Erika');
    expect((await everybody(north)).get('u7')?.name).toBe('Erika');
    expect((await everybody(plain)).get('u7')).toBeUndefined();
    expect((await chainExtent(plain))?.last).toBe(before);
  });
});
