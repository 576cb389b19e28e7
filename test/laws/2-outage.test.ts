import { describe, expect, test } from 'vitest';
import { deadLettersOf, decide, rowsOf } from '../support/decisions.ts';
import {
  type Delivery,
  delivered,
  PROMPT,
  type Saying,
  type Span,
  withChanges,
} from '../support/deliveries.ts';
import { randomOf } from '../support/plant-log.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const MINUTES = 40;

const signals = { temperature: { unit: 'Cel' }, pressure: { unit: 'bar' } };
const assets = ['m1', 'm2'].map((id) => ({ id, class: 'x', signals }));
const MODEL = { id: 'p1', time_zone: 'Europe/Vienna', lines: [{ id: 'l1', assets }] };
/** A long window over another signal stays open through any outage here. */
const RULES = {
  time: { disorder: '2s', idle: '10s' },
  windows: [
    { id: 'short', kind: 'tumbling', size: '5s', signals: ['temperature'] },
    { id: 'hour', kind: 'tumbling', size: '1h', signals: ['pressure'] },
  ],
  detectors: [
    { id: 'hot', kind: 'limit', signal: 'temperature', window: 'short', of: 'max', above: 80 },
  ],
};

/** Two machines, a frame a second each, hot for twenty seconds of each minute but the first. */
function sayings(): Saying[] {
  const said: Saying[] = [];
  for (let second = 0; second < MINUTES * 60; second += 1) {
    const hot = second >= 60 && second % 60 >= 20 && second % 60 < 40;
    for (const machine of ['m1', 'm2']) {
      said.push({
        at: second * SECOND + (machine === 'm1' ? 0 : 137),
        subject: `telemetry.p1.l1.${machine}`,
        content: (time) => ({ time, values: { temperature: hot ? 90 : 60, pressure: 5 } }),
      });
    }
  }
  return said;
}

function evaluated(second: Partial<Delivery>) {
  const of = (subject: string) => (subject.endsWith('m2') ? { ...PROMPT, ...second } : PROMPT);
  const messages = delivered(sayings(), of, randomOf(1));
  const decisions = decide(withChanges({ 'model.p1': MODEL, 'rules.p1': RULES }, messages));
  const raised = rowsOf(decisions, 'anomalies').filter(({ phase }) => phase === 'raised');
  const windows = rowsOf(decisions, 'windows').filter(
    ({ asset, window, version }) => asset === 'm2' && window === 'short' && version === 1,
  );
  return {
    m1: raised.filter(({ asset }) => asset === 'm1').length,
    m2: raised.filter(({ asset }) => asset === 'm2').length,
    hotWindows: windows.filter(({ max }) => max > 80).length,
    late: deadLettersOf(decisions).late ?? 0,
  };
}

const OUTAGES: readonly (readonly [string, Span])[] = [
  ['20 s', [10 * MINUTE, 10 * MINUTE + 20 * SECOND]],
  ['5 min', [10 * MINUTE, 15 * MINUTE]],
  ['20 min', [10 * MINUTE, 30 * MINUTE]],
];

describe('store and forward: what a source stored during an outage is evaluated, or counted', () => {
  test.each(OUTAGES)('marked as backfill, every anomaly of %s is found', (_, span) => {
    const found = evaluated({ stored: [span], marks: true });
    expect(found).toMatchObject({ m1: MINUTES - 1, m2: MINUTES - 1 });
  });

  test.each(OUTAGES)('not marked, what is not evaluated of %s is counted', (_, span) => {
    const found = evaluated({ stored: [span] });
    expect(found.m1).toBe(MINUTES - 1);
    // Four hot windows make an anomaly: what is missing stands among the dead letters.
    const missing = (MINUTES - 1 - found.m2) * 4;
    expect(found.late).toBeGreaterThanOrEqual(missing);
    expect(found.hotWindows).toBeGreaterThanOrEqual(found.m2 * 4);
  });

  test('silence loses what was not measured, and nothing else', () => {
    const found = evaluated({ silent: [[10 * MINUTE, 15 * MINUTE]] });
    expect(found).toMatchObject({ m1: MINUTES - 1, m2: MINUTES - 1 - 5, late: 0 });
  });
});

test('a reading that comes after the mark of silence, in order for its own source, corrects its window', () => {
  const said: Saying[] = [];
  for (let second = 0; second < 60; second += 1) {
    const say = (machine: string, delay: number) => {
      said.push({
        at: second * SECOND,
        subject: `telemetry.p1.l1.${machine}`,
        content: (time) => ({ time: time - delay, values: { temperature: 60, pressure: 5 } }),
      });
    };
    say('m1', 0);
    // It is silent for longer than `idle`, and then first sends what it measured a second after its last word.
    if (second === 0 || second > 25) say('m2', 0);
    if (second === 25) say('m2', 24 * SECOND);
  }
  const messages = delivered(said, () => PROMPT, randomOf(1));
  const rules = { ...RULES, time: { ...RULES.time, correction: '1h' } };
  const decisions = decide(withChanges({ 'model.p1': MODEL, 'rules.p1': rules }, messages));
  const first = rowsOf(decisions, 'windows').filter(
    ({ asset, window }) => asset === 'm2' && window === 'short',
  );
  const start = Math.min(...first.map((row) => row.start));
  const versions = first.filter((row) => row.start === start);
  expect(versions.map(({ version, count }) => [version, count])).toEqual([
    [1, 1],
    [2, 2],
  ]);
});
