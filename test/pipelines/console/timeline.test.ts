import { expect, test } from 'vitest';
import {
  kindOfState,
  plannedIn,
  STATE_KINDS,
  spansOf,
} from '../../../pipelines/console/data/timeline.ts';
import { textOf } from '../../support/architecture.ts';

const PRESS = { plant: 'p', line: 'l', asset: 'press' };
const at = (second: number) => new Date(Date.UTC(2026, 2, 2) + second * 1_000).toISOString();
const begun = (second: number, state: string) => ({
  ...{ since: at(second), state, mode: 'production', order: '1', product: 'lid' },
});

test('the kinds of states are those of the view machine_timeline', () => {
  const view = textOf('sql/views/machine_timeline.sql');
  const inView = [...view.matchAll(/state IN \(([^)]+)\), '(\w+)'/g)].map(
    ([, states = '', kind]) => [kind, [...states.matchAll(/'(\w+)'/g)].map(([, state]) => state)],
  );
  const sorted = (kinds: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(kinds).map(([kind, states]) => [kind, states.toSorted()]);
  expect(sorted(Object.fromEntries(inView))).toEqual(sorted(STATE_KINDS));
  expect(kindOfState('EXECUTE')).toBe('running');
  expect(kindOfState('UNDEFINED')).toBe('unknown');
});

test('each state goes to the next one, and the last one to the end', () => {
  const spans = spansOf([begun(0, 'EXECUTE'), begun(60, 'HELD')], at(100), 0, () => '');
  expect(spans.map(({ from, to, kind }) => [from, to, kind])).toEqual([
    [at(0), at(60), 'running'],
    [at(60), at(100), 'held'],
  ]);
});

test('never more states than asked, and a flutter is still seen', () => {
  const flutter = Array.from({ length: 1_000 }, (_, second) =>
    begun(second, second % 2 === 0 ? 'EXECUTE' : 'HELD'),
  );
  const spans = spansOf(flutter, at(1_000), 10_000, () => '');
  expect(spans.length).toBeLessThanOrEqual(100);
  expect(spans.length).toBeGreaterThan(50);
  expect(spans[0]?.from).toBe(at(0));
  expect(spans.at(-1)?.to).toBe(at(1_000));
  for (const [index, span] of spans.entries()) {
    if (index > 0) expect(span.from).toBe(spans[index - 1]?.to);
  }
});

test('what was planned is the standstill that covers most, of this machine alone', () => {
  const standstill = (kind: string, from: number, to: number, assets: string[] = []) => ({
    ...{ plant: 'p', line: 'l', kind, start: at(from), end: at(to), assets },
  });
  const all = [
    standstill('changeover', 0, 20),
    standstill('maintenance', 10, 60),
    standstill('planned-stop', 0, 100, ['pump']),
  ];
  expect(plannedIn(all, PRESS, at(0), at(100))).toBe('maintenance');
  expect(plannedIn(all, PRESS, at(0), at(12))).toBe('changeover');
  expect(plannedIn(all, PRESS, at(61), at(100))).toBe('');
  expect(plannedIn(all, { ...PRESS, asset: 'pump' }, at(0), at(100))).toBe('planned-stop');
  expect(plannedIn(all, { ...PRESS, line: 'other' }, at(0), at(100))).toBe('');
});
