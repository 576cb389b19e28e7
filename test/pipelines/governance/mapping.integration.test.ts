import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { decode } from '../../../operators/decode/decode.ts';
import type { Row } from '../../../operators/flow/flow.ts';
import type { Message } from '../../../operators/model/message.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { csvOfMappings, readMappingCsv } from '../../../pipelines/governance/mapping-csv.ts';
import {
  changesOfMappings,
  checkMapping,
  checkMappingAnswer,
  currentMappings,
  newMappings,
  type ProposedMapping,
  proposalOf,
  publishMappings,
} from '../../../pipelines/governance/mappings.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { sequence, time } from '../../sinks/clickhouse/sample-rows.ts';
import {
  migratedWarehouse,
  type StartedWarehouse,
} from '../../sinks/clickhouse/started-warehouse.ts';
import { epochOf, landAll, requested } from '../../sql/small-plant.ts';
import { epochOfRows } from '../../sql/small-plant-work.ts';
import { ANDON } from '../../stand/code.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { event, runMessages } from '../../support/flows.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { syncWorld } from './synced-world.ts';

let warehouse: StartedWarehouse;
let nats: TestNats;
let connection: NatsConnection;
const folder = temporaryDirectory();

/** Two systems, of which the ERP calls the press EQ-1 and the maintenance system A-1. The ERP has a bearing, too. */
function writeGovernance(more: object = {}): string {
  const asset = { owner: 'maintenance', record: 'erp' };
  const part = { owner: 'planning', record: 'erp' };
  const source = (system: string) => ({ asset: { csv: `${system}.csv` } });
  writeFileSync(join(folder, 'erp.csv'), 'id,name\nEQ-1,Press\nEQ-2,Pump\n');
  writeFileSync(join(folder, 'cmms.csv'), 'id,name\nA-1,Press\n');
  writeFileSync(join(folder, 'erp-parts.csv'), 'id,name\nB-1,Bearing\n');
  const path = join(folder, 'governance.yaml');
  const mapping = { entity: 'asset', id: 'p1/l1/press', system: 'erp', remote: 'EQ-1' };
  writeFileSync(
    path,
    stringify({
      ...{ plants: [{ id: 'p1', name: 'Plant 1' }], entities: { asset, part } },
      sources: { erp: { ...source('erp'), part: { csv: 'erp-parts.csv' } }, cmms: source('cmms') },
      mappings: [{ ...mapping, proposed: 'anna', approved: 'bert' }],
      ...more,
    }),
  );
  return path;
}

beforeAll(async () => {
  [warehouse, nats] = await Promise.all([migratedWarehouse(), startNats()]);
  connection = await connectNats({ servers: [nats.url], name: 'mapping' });
  await syncWorld(warehouse, writeGovernance());
  await landAll(warehouse.client, [
    epochOfRows([['10:41', requested('r1', 1, 'open', '10:41')]], 9_001),
  ]);
  return async () => {
    await connection.close();
    await nats.stop();
  };
});

/** Lands what is in the log from this message on, as the pipeline does it. */
async function land(stream: string, from: number, to: number): Promise<void> {
  const manager = await jetstreamManager(connection);
  const rows: (readonly [seq: number, at: EventTime, row: Row])[] = [];
  for (let seq = from; seq <= to; seq += 1) {
    const stored = await manager.streams.getMessage(stream, { seq });
    if (stored === null) throw new Error(`no message ${seq}`);
    const subject = stored.subject.replace(/^andon\.0\./, '');
    const appended = time(stored.time.getTime() * 1_000);
    const message: Message = {
      sequence: sequence(seq),
      appended,
      subject,
      headers: {},
      payload: stored.data,
    };
    for (const item of runMessages(decode, [event(subject, appended, message)])) {
      if (item.kind === 'row') rows.push([seq, appended, item]);
    }
  }
  const landed = epochOf('1', stream, 'now', from, to, (blocks) => {
    for (const [seq, at, row] of rows) blocks.add(row, sequence(seq), at);
  });
  await landAll(warehouse.client, [landed]);
}

const A_1: ProposedMapping = {
  ...{ entity: 'asset', id: 'p1/l1/press', system: 'cmms', remote: 'A-1' },
  ...{ owner: 'maintenance', from: '2026-01-01', to: null },
};
const say = (user: string, ...said: Parameters<typeof publishMappings>[2]) =>
  sayIn('p1', user, ...said);
const sayIn = async (
  plant: string,
  user: string,
  ...said: Parameters<typeof publishMappings>[2]
) => {
  const sent = await publishMappings(connection, { plant, user, partitions: 1 }, said);
  const [first] = sent;
  if (first === undefined) throw new Error('nothing was sent');
  await land(first.stream, first.sequence, first.sequence + said.length - 1);
  return first;
};
const statesOf = async (remote: string) =>
  (await currentMappings(warehouse.client)).filter((one) => one.remote === remote);
const proposed = (mapping: ProposedMapping, at: number) =>
  proposalOf(mapping, { user: 'anna', at, reason: 'the same press' });

test('a check says what a change would touch, and what speaks against it', async () => {
  const check = await checkMapping(warehouse.client, A_1);
  expect(check).toMatchObject({ mistakes: [], requests: ['r1'], rules: [] });
  expect(check.remarks).toEqual(['no system has asset p1/l1/press by that id yet']);
  const ghost = await checkMapping(warehouse.client, { ...A_1, remote: 'A-9', to: '2025-01-01' });
  expect(ghost.mistakes).toEqual([
    'expected a last day on or after 2026-01-01, found 2025-01-01',
    'expected asset A-9 in cmms, found none in its last copy',
  ]);
  const twice = await checkMapping(warehouse.client, { ...A_1, system: 'erp', remote: 'EQ-2' });
  expect(twice.remarks.join()).toContain('EQ-1 is p1/l1/press in erp already');
  const word = await checkMapping(warehouse.client, { ...A_1, entity: 'status', id: 'broken' });
  expect(word.mistakes.join()).toContain('expected a canonical word');
});

test('a change counts from the message on with which somebody else approves it', async () => {
  const one = proposed(A_1, 1);
  const at = await say('anna', one);
  expect(await statesOf('A-1')).toMatchObject([{ state: 'waiting', sequence: at.sequence }]);
  // Whoever proposed it does not approve it, by whatever publisher.
  const own = { change: one.change, verb: 'approve', reason: '' } as const;
  await say('anna', own);
  expect(await statesOf('A-1')).toMatchObject([{ state: 'waiting' }]);
  const [waiting] = await changesOfMappings(warehouse.client, one.change);
  expect(() => checkMappingAnswer(one.change, waiting, 'approve', 'anna')).toThrow('four_eyes');
  expect(checkMappingAnswer(one.change, waiting, 'approve', 'bert')).toBe(waiting);
  // Nor do engineers of another plant, whose permission is not for this one.
  await sayIn('p2', 'paul', own);
  await sayIn('p2', 'paul', { ...own, verb: 'refuse' });
  expect(await statesOf('A-1')).toMatchObject([{ state: 'waiting' }]);
  const approved = await say('bert', own);
  expect(await statesOf('A-1')).toMatchObject([
    { state: 'in force', proposed: 'anna', approved: 'bert', sequence: approved.sequence },
  ]);
  // What came behind the answer changes nothing: neither a refusal nor the same proposal again.
  await say('carl', { ...own, verb: 'refuse' }, one);
  expect(await statesOf('A-1')).toMatchObject([{ state: 'in force', sequence: approved.sequence }]);
  const [settled] = await changesOfMappings(warehouse.client, one.change);
  expect(() => checkMappingAnswer(one.change, settled, 'refuse', 'carl')).toThrow(
    'waits for an answer',
  );
  expect(() => checkMappingAnswer('none', undefined, 'approve', 'carl')).toThrow(
    'expected a change that was proposed',
  );
});

test('an approved end takes the place of what the file says, and what is refused leaves it', async () => {
  const EQ_1 = { ...A_1, system: 'erp', remote: 'EQ-1', owner: '', from: '1970-01-01' };
  const refused = proposed({ ...EQ_1, to: '2026-02-01' }, 2);
  await say('anna', refused);
  await say('bert', { change: refused.change, verb: 'refuse', reason: 'it stands there still' });
  expect(await statesOf('EQ-1')).toMatchObject([{ state: 'in force', change: '' }]);
  const ended = proposed({ ...EQ_1, to: '2026-03-01' }, 3);
  await say('anna', ended);
  await say('bert', { change: ended.change, verb: 'approve', reason: '' });
  expect(await statesOf('EQ-1')).toMatchObject([
    { state: 'ended', to: '2026-03-01', change: ended.change },
  ]);
  const history = await changesOfMappings(warehouse.client);
  expect(history.map(({ answer, answer_reason: why }) => [answer, why])).toEqual([
    ['approve', ''],
    ['refuse', 'it stands there still'],
    ['approve', ''],
  ]);
});

test('mappings go through a CSV file and back, and only what differs is proposed', async () => {
  const current = await currentMappings(warehouse.client);
  const path = join(folder, 'mappings.csv');
  writeFileSync(path, csvOfMappings(current));
  expect(newMappings(readMappingCsv(path), current)).toEqual([]);
  const text = `${readFileSync(path, 'utf8')}asset,"p1/l1/pump, old",erp,EQ-2,,,,,,,\r\n`;
  writeFileSync(path, text);
  expect(newMappings(readMappingCsv(path), current)).toEqual([
    {
      entity: 'asset',
      id: 'p1/l1/pump, old',
      system: 'erp',
      remote: 'EQ-2',
      owner: '',
      from: '1970-01-01',
      to: null,
    },
  ]);
  writeFileSync(path, 'entity,id,sytem,remote\n');
  expect(() => readMappingCsv(path)).toThrow('Is it the column sytem?');
  writeFileSync(path, 'entity,id,system,remote,from\nasset,a,erp,EQ-2,soon\n');
  expect(() => readMappingCsv(path)).toThrow('from: expected a day such as 2026-11-30');
});

test('without four eyes whoever proposed it may approve it', async () => {
  await syncWorld(warehouse, writeGovernance({ four_eyes: false }));
  const one = proposed({ ...A_1, system: 'erp', remote: 'EQ-2', id: 'p1/l1/pump' }, 4);
  await say('anna', one);
  await say('anna', { change: one.change, verb: 'approve', reason: '' });
  expect(await statesOf('EQ-2')).toMatchObject([{ state: 'in force', approved: 'anna' }]);
  // What was said before is judged by the setting of its time.
  expect(await statesOf('A-1')).toMatchObject([{ state: 'in force', approved: 'bert' }]);
  await syncWorld(warehouse, writeGovernance());
  expect(await statesOf('EQ-2')).toMatchObject([{ state: 'in force', approved: 'anna' }]);
});

test('a change is void once a later one of the same mapping was approved', async () => {
  const wanted = { ...A_1, remote: 'A-1', from: '2026-05-01' };
  const [first, second] = [proposed(wanted, 5), proposed({ ...wanted, owner: 'planning' }, 6)];
  await say('anna', first, second);
  const approve = (change: string) => say('bert', { change, verb: 'approve', reason: '' });
  const stateOf = async () =>
    (await statesOf('A-1')).filter(({ from }) => from === wanted.from).map((one) => one.change);
  await approve(second.change);
  expect(await stateOf()).toEqual([second.change]);
  const [old] = await changesOfMappings(warehouse.client, first.change);
  expect(() => checkMappingAnswer(first.change, old, 'approve', 'bert')).toThrow(
    `found change ${second.change} of the same mapping`,
  );
  // Whoever approves it all the same, by a publisher of their own, brings the old one back no more.
  await approve(first.change);
  expect(await stateOf()).toEqual([second.change]);
  const [settled] = await changesOfMappings(warehouse.client, second.change);
  expect(settled).toMatchObject({ answer: 'approve', superseded: '' });
});

const runMapping = (...args: string[]) =>
  promisify(execFile)(process.execPath, [ANDON, 'mapping', ...args, '--json'], {
    cwd: folder,
    env: {
      ...process.env,
      ...{ NATS_URL: nats.url, CLICKHOUSE_URL: warehouse.url, ANDON_USER: 'dora' },
      CLICKHOUSE_PASSWORD: warehouse.password,
    },
  });

test('the command proposes by its check, and says where in the log it is', async () => {
  const given = ['--entity', 'asset', '--id', 'p1/l1/press', '--system', 'cmms'];
  const { stdout } = await runMapping(
    'propose',
    ...given,
    '--remote',
    'A-1',
    '--from',
    '2026-06-01',
    '--reason',
    'moved',
  );
  const { proposed: sent, checks } = JSON.parse(stdout);
  expect(checks).toMatchObject([{ mistakes: [], requests: ['r1'] }]);
  const stored = await (await jetstreamManager(connection)).streams.getMessage(sent[0].stream, {
    seq: sent[0].sequence,
  });
  expect(stored?.subject).toBe('andon.0.mapping.p1.engineer.dora');
  expect(JSON.parse(Buffer.from(stored?.data ?? []).toString())).toMatchObject({
    ...{ change: sent[0].change, verb: 'propose', reason: 'moved' },
    mapping: { remote: 'A-1', from: '2026-06-01', to: null },
  });
  await expect(runMapping('propose', ...given, '--remote', 'A-9')).rejects.toThrow(
    'expected asset A-9 in cmms',
  );
  await expect(runMapping('approve', sent[0].change)).rejects.toThrow('has to land first');
});

test('a part is proposed by the plant that is named, what has a plant in its id by that', async () => {
  const path = join(folder, 'parts.csv');
  const part = 'part,6205/2RS,erp,B-1,planning,2026-01-01,';
  const asset = 'asset,p1/l1/pump,erp,EQ-2,planning,2026-01-01,';
  writeFileSync(path, `entity,id,system,remote,owner,from,to\n${part}\n${asset}\n`);
  const { stdout } = await runMapping('propose', '--csv', path, '--plant', 'p2');
  const streams = (await jetstreamManager(connection)).streams;
  const subjects = JSON.parse(stdout).proposed.map(
    async (sent: { readonly stream: string; readonly sequence: number }) =>
      (await streams.getMessage(sent.stream, { seq: sent.sequence }))?.subject,
  );
  expect(await Promise.all(subjects)).toEqual([
    'andon.0.mapping.p2.engineer.dora',
    'andon.0.mapping.p1.engineer.dora',
  ]);
});
