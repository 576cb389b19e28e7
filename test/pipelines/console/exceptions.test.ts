import { expect, test } from 'vitest';
import { exceptionsOf } from '../../../pipelines/console/data/exceptions.ts';
import type { FlowState } from '../../../pipelines/console/data/flow-state.ts';
import type { Questions } from '../../../pipelines/console/data/questions.ts';
import type { CommandEntry } from '../../../pipelines/systems/command-entry.ts';

type Rows = Readonly<Record<string, readonly object[]>>;

const at = (minute: number) => new Date(Date.UTC(2026, 2, 2, 6, minute)).toISOString();
const where = { plant: 'p1', line: 'l1', asset: 'press' };

/** Answers by the table that a statement reads first. */
function questionsOf(rows: Rows): Questions {
  return {
    async ask(schema, query) {
      const [, table = ''] = /FROM (?:\(SELECT .* FROM )?(\w+)/.exec(query) ?? [];
      const isOfRefused = /IN\s+\(\s*SELECT (?:system, JSONExtract|id FROM deliveries)/.test(query);
      return (rows[isOfRefused ? `refused ${table}` : table] ?? []).map((row) => schema.parse(row));
    },
    forget: () => undefined,
  };
}

const command = {
  ...where,
  ...{ id: 'c1', request: 'r1', system: 'erp', verb: 'reserve', priority: 'high', time: at(1) },
};
const request = {
  ...where,
  ...{ id: 'r1', title: 'press: hot', priority: 'high', revision: 2, time: at(0) },
  ...{ stop_cost: 800, order_late: false },
};

function flowOf(
  outcome: CommandEntry['outcome'],
  last: string,
  log: object = { latest: at(60), is_replay: false },
): FlowState {
  const line = { time: 0, last: Date.parse(last), count: 1, revision: 1, outcome: 'rejected' };
  const entry = {
    attempts: 1,
    faults: 0,
    history: [{ ...line, what: 'create', note: 'no stock' }],
  };
  const empty = { attempts: 1, faults: 0, history: [] };
  return {
    requests: async () => [{ ...empty, revision: 2, delivery: 'sent' }],
    commands: async (names: readonly string[]) =>
      names.map(() => ({ ...entry, outcome, note: 'no stock' })),
    logs: async () => [log],
  } as unknown as FlowState;
}

async function exceptions(rows: Rows, flow: FlowState) {
  const questions = questionsOf({ current_requests: [request], commands: [command], ...rows });
  const nameOf = async (id: string) => (id === 'u1' ? 'Mia' : '');
  return (await exceptionsOf({ questions, flow }, nameOf)).exceptions;
}

const handling = (id: string, state: string, minute: number) => ({
  ...{ id, state, owner: 'u1', reason: 'because', changed: at(minute) },
});

test('a refused command is one, with what it says, what a stop costs and how old it is', async () => {
  const [found, ...others] = await exceptions({}, flowOf('rejected', at(2)));
  expect(others).toEqual([]);
  expect(found).toMatchObject({
    ...{ ...where, id: 'command-c1', kind: 'command', request: 'r1', what: 'erp' },
    ...{ note: 'no stock', stop_cost: 800, state: 'open', owner: '', changed: null },
    ...{ since: at(1), latest: at(2), age_seconds: 59 * 60 },
  });
  expect(await exceptions({}, flowOf('done', at(2)))).toEqual([]);
});

test('what was refused long ago is one still, when newer work fills the list of the latest', async () => {
  const flow = flowOf('rejected', at(2));
  const old = { ...command, id: 'c0', time: at(0) };
  const all = await exceptions({ 'refused commands': [old, command] }, flow);
  expect(all.map(({ id }) => id)).toEqual(['command-c0', 'command-c1']);
});

test('of more than two hundred the newest are listed, and the answer says of which kind there are more', async () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, each) => ({ ...command, id: `c${each}`, time: at(each) }));
  const listedOf = (rows: Rows) =>
    exceptionsOf(
      { questions: questionsOf(rows), flow: flowOf('rejected', at(300)) },
      async () => '',
    );
  const most = await listedOf({ 'refused commands': many(200) });
  expect([most.exceptions.length, most.cut]).toEqual([200, []]);
  const more = await listedOf({ 'refused commands': many(201) });
  expect([more.exceptions.length, more.cut]).toEqual([200, ['command']]);
  expect(more.exceptions.map(({ id }) => id)).not.toContain('command-c0');
});

test('nobody is asked for the name of who handled what is over', async () => {
  const asked: string[] = [];
  const rows = {
    commands: [command],
    machine_events: [
      handling('command-c1', 'taken', 3),
      { ...handling('command-gone', 'taken', 3), owner: 'u2' },
    ],
  };
  await exceptionsOf(
    { questions: questionsOf(rows), flow: flowOf('rejected', at(2)) },
    async (id) => {
      asked.push(id);
      return '';
    },
  );
  expect(asked).toEqual(['u1']);
});

test.each([
  { state: 'taken', minute: 1, is: { state: 'taken', owner_name: 'Mia', again: false } },
  { state: 'solved', minute: 5, is: { state: 'solved', owner: 'u1', again: false } },
  { state: 'solved', minute: 1, is: { state: 'open', owner: '', reason: '', again: true } },
  { state: 'waived', minute: 1, is: { state: 'waived', owner: 'u1', again: false } },
  { state: 'open', minute: 5, is: { state: 'open', owner: '', reason: 'because' } },
])(
  'what was $state at minute $minute and refused at minute 2 is $is.state',
  async ({ is, ...act }) => {
    const rows = { machine_events: [handling('command-c1', act.state, act.minute)] };
    expect((await exceptions(rows, flowOf('rejected', at(2))))[0]).toMatchObject(is);
  },
);

test('in a log that is played again, what happened there last is now', async () => {
  const letters = {
    ...{ reason: 'unknown', source: 'telemetry.p1.l1.press', count: '3', detail: 'no such signal' },
    ...{ since: at(4), latest: at(34) },
  };
  const today = '2026-11-30T20:00:00.000Z';
  const flow = flowOf('rejected', today, { latest: today, is_replay: true });
  const found = await exceptions({ dead_letters: [letters] }, flow);
  expect(found.map(({ kind, age_seconds: age }) => [kind, age])).toEqual([
    ['command', 33 * 60],
    ['dead-letters', 30 * 60],
  ]);
});

test('those that wait for somebody come first, the oldest of them before the others', async () => {
  const finding = (text: string, minute: number) => ({
    ...{ check: 'duplicate_parts', plant: '', entity: 'part', system: 'erp', objects: ['7'] },
    ...{ text, proposal: 'Merge them.', since: at(minute), latest: at(50) },
  });
  const difference = {
    ...where,
    ...{ system: 'cmms', lane: 'requests', kind: 'missing', verb: 'request', key: 'k', of: 'r1' },
    ...{ request: 'r1', field: '', text: 'r1 is missing', mend: 'Send it again.' },
    ...{ since: at(3), latest: at(50) },
  };
  const letters = {
    ...{ reason: 'unknown', source: 'telemetry.p1.l1.press', count: '3', detail: 'no such signal' },
    ...{ since: at(4), latest: at(5) },
  };
  const sources = {
    master_quality: [finding('7 and 8 are one', 10), finding('9 and 10 are one', 20)],
    reconciliations: [difference],
    dead_letters: [letters],
  };
  const flow = flowOf('done', at(2));
  const all = await exceptions(sources, flow);
  expect(all.map(({ kind, title }) => [kind, title])).toEqual([
    ['difference', 'r1 is missing'],
    ['dead-letters', 'telemetry.p1.l1.press'],
    ['master-data', '7 and 8 are one'],
    ['master-data', '9 and 10 are one'],
  ]);
  expect(all[1]).toMatchObject({ ...where, count: 3, note: 'no such signal' });
  const first = all[0]?.id ?? '';
  const after = await exceptions(
    { ...sources, machine_events: [handling(first, 'waived', 55)] },
    flow,
  );
  expect(after.at(-1)).toMatchObject({ id: first, state: 'waived', age_seconds: 57 * 60 });
  // Two findings of one check are two exceptions.
  expect(new Set(all.map(({ id }) => id)).size).toBe(4);
});
