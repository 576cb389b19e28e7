import { beforeAll, expect, test } from 'vitest';
import { askWarehouse } from '../../../pipelines/demo/ask-warehouse.ts';
import {
  migratedWarehouse,
  type StartedWarehouse,
} from '../../sinks/clickhouse/started-warehouse.ts';

const written = { stream: 'S', run: '1' };
let warehouse: StartedWarehouse;

beforeAll(async () => {
  warehouse = await migratedWarehouse();
});

async function insert(table: string, rows: readonly object[]): Promise<void> {
  const values = rows.map((row) => ({ ...written, ...row }));
  await warehouse.client.insert({ table, values, format: 'JSONEachRow' });
}

/** What a message of a system, or of a person in the page, leaves behind. */
const reply = (sequence: number, id: string) => ({
  ...{ sequence, type: 'command', kind: 'status', data: JSON.stringify({ id }) },
});
const act = (sequence: number) => ({ sequence, type: 'acknowledged', kind: 'act', via: 'console' });
const command = (sequence: number, id: string) => ({ sequence, id, mode: 'on', step: id });
const epoch = (first: number, last: number) => ({
  ...{ pipeline: 'p', created: 'c', epoch: first, first_sequence: first, last_sequence: last },
  messages: last - first + 1,
});

test('an epoch of which some tables have landed counts when all of it has', async () => {
  const questions = askWarehouse(warehouse.client);
  const nothing = { sequence: 0, messages: 0, acts: 0, replies: 0, commands: 0, answered: 0 };
  expect(await questions.counts()).toMatchObject(nothing);
  await insert('commands', [command(1, 'first')]);
  await insert('machine_events', [reply(2, 'first'), act(3)]);
  await insert('epochs', [epoch(1, 3)]);
  const first = { sequence: 3, messages: 3, acts: 1, replies: 1, commands: 1, answered: 1 };
  expect(await questions.counts()).toMatchObject(first);
  await insert('machine_events', [reply(5, 'second'), act(6)]);
  expect(await questions.counts()).toMatchObject(first);
  await insert('commands', [command(4, 'second'), command(5, 'third')]);
  expect(await questions.counts()).toMatchObject(first);
  await insert('epochs', [epoch(4, 6)]);
  const second = { sequence: 6, messages: 6, acts: 2, replies: 2, commands: 3, answered: 2 };
  expect(await questions.counts()).toMatchObject(second);
});
