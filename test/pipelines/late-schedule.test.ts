import { expect, test } from 'vitest';
import { decide, rowsOf } from '../support/decisions.ts';
import { frame, logOf, RULES, type Said, START } from '../support/plant-log.ts';

const rules = {
  ...RULES,
  triggers: [
    { id: 'look', on: 'hot', request: { duration: '20m' }, slot: 'next-gap', rearm: '1h' },
  ],
};

function planned(at: number, ...entries: readonly Record<string, unknown>[]): Said {
  const content = entries.map(({ from, to, ...entry }) => ({
    ...entry,
    ...{ start: START + Number(from) * 1_000, end: START + Number(to) * 1_000 },
  }));
  return {
    at: at * 1_000,
    subject: 'schedule.p1.l1',
    payload: Buffer.from(JSON.stringify({ entries: content })),
    headers: { 'Content-Type': 'application/json' },
  };
}

/** A press that is hot from 100 to 200 s, while nobody says what it does: then a limit needs no state. */
function pressLife(): Said[] {
  const state = { time: START, type: 'state', data: { state: 'EXECUTE' } };
  const running: Said = {
    at: 0,
    subject: 'event.p1.l1.press',
    payload: Buffer.from(JSON.stringify(state)),
    headers: { 'Content-Type': 'application/json' },
  };
  const frames = Array.from({ length: 400 }, (_, second) => {
    const temperature = (second >= 100 && second < 200 ? 90 : 70) + (second % 2) / 4;
    return frame('l1.press', second * 1_000, { temperature, vibration: 1 + (second % 3) / 4 });
  });
  return [running, ...frames];
}

function requestsOf(...changes: readonly Said[]) {
  const said = [...pressLife(), ...changes].sort((a, b) => a.at - b.at);
  return rowsOf(decide(logOf(said, rules)), 'requests').map((row) => JSON.parse(row.request));
}

const order = {
  id: '4711',
  kind: 'order',
  product: 'lid',
  due: START + 3_600_000,
  from: 0,
  to: 7_200,
};

test('a request of a problem that lay in a changeover is withdrawn when that comes too late', () => {
  const late = planned(300, { id: 'late', kind: 'changeover', from: 90, to: 260 });
  const requests = requestsOf(planned(1, order), late);
  expect(requests.map(({ action, revision }) => [action, revision])).toEqual([
    ['open', 1],
    ['withdraw', 2],
  ]);
  expect(requests[0]).toMatchObject({
    current: { order: '4711', product: 'lid', due: (START + 3_600_000) * 1_000 },
    slot: { entry: 'st1', kind: 'planned-stop' },
  });
  expect(requests[1].because).toBe(
    'it lay in changeover late, 2026-01-05T06:01:30Z to 2026-01-05T06:04:20Z, as the schedule says now: nothing stood when it was over',
  );
});

test('the same changeover that was known in time lets no request out', () => {
  const known = planned(50, { id: 'late', kind: 'changeover', from: 90, to: 260 });
  expect(requestsOf(planned(1, order), known)).toEqual([]);
});

test('a slot that is cancelled makes place for the next', () => {
  const other = { id: 'm1', kind: 'maintenance', from: 20_000, to: 24_000 };
  const gone = { id: 'st1', kind: 'planned-stop', from: 7_200, to: 9_000, cancelled: true };
  const requests = requestsOf(planned(1, order, other), planned(200, gone));
  expect(requests.map(({ slot }) => slot?.entry)).toEqual(['st1', '4711']);
  expect(requests[1].because).toContain('the proposed slot (planned-stop st1, ');
});
