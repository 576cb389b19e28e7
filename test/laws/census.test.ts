import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeadLetterReason } from '../../operators/model/tables.ts';
import { type Decisions, decide, rowsOf } from '../support/decisions.ts';
import { RULES } from '../support/plants/model.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';

/** What a plant can run into. Not here: `refused`, which is seldom, and what has tests of its own (`schema`, `overflow` …). */
const REASONS: readonly DeadLetterReason[] = [
  ...(['malformed', 'unknown', 'duplicate', 'too-late', 'late', 'skew', 'out-of-step'] as const),
  ...(['not-finite', 'text', 'precision', 'missing', 'bad-quality', 'suspect'] as const),
  ...(['out-of-range', 'suppressed', 'mixed', 'rule-changed'] as const),
];

const OUTCOMES = [
  // A trend is seldom steady for long enough.
  ...RULES.detectors.filter(({ kind }) => kind !== 'trend').map(({ id }) => `raised ${id}`),
  ...RULES.patterns.map(({ id }) => `incident ${id}`),
  ...RULES.windows.map(({ id }) => `window ${id}`),
  ...REASONS.map((reason) => `dead letter ${reason}`),
  ...['well', 'rule changed', 'asset removed', 'baseline reset'].map((cause) => `cleared ${cause}`),
  ...['open', 'update', 'withdraw', 'close'].map((action) => `request ${action}`),
  ...['shelved', 'flood', 'regime change', 'out of service'].map((why) => `withheld ${why}`),
  ...['act', 'status', 'finding', 'event'].map((kind) => `said by ${kind}`),
  ...[
    ...['asked', 'done', 'rejected', 'expired', 'cancelled', 'overdue', 'done-late', 'skipped'],
    ...['shadow', 'undoing', 'undone', 'withdrawn', 'superseded', 'escalated', 'given-up', 'news'],
    ...['ask', 'kept', 'begun', 'refused', 'closed', 'pending'],
  ].map((state) => `step ${state}`),
  'window of backfill',
  'window corrected',
];

test('the plants of the laws run into everything', { timeout: 600_000 }, () => {
  const seen = new Set<string>();
  // The same plants each time: what is seldom is among them, or is not.
  for (const plant of fc.sample(plantWith(), { numRuns: 80, seed: 2 })) {
    if (OUTCOMES.every((outcome) => seen.has(outcome))) break;
    for (const outcome of outcomesOf(decide(logOfPlant(plant)))) seen.add(outcome);
  }
  expect(OUTCOMES.filter((outcome) => !seen.has(outcome))).toEqual([]);
});

function outcomesOf(decisions: Decisions): string[] {
  const anomalies = rowsOf(decisions, 'anomalies');
  return [
    ...anomalies.map(({ phase, rule, cause }) => `${phase} ${phase === 'cleared' ? cause : rule}`),
    ...anomalies.map(({ withheld }) => `withheld ${withheld}`),
    ...rowsOf(decisions, 'incidents').map(({ rule }) => `incident ${rule.replace('-timeout', '')}`),
    ...rowsOf(decisions, 'dead_letters').map(({ reason }) => `dead letter ${reason}`),
    ...rowsOf(decisions, 'requests').map(({ action }) => `request ${action}`),
    ...rowsOf(decisions, 'workflow_steps').map(({ state }) => `step ${state}`),
    ...rowsOf(decisions, 'machine_events').map(({ kind }) => `said by ${kind}`),
    ...rowsOf(decisions, 'windows').flatMap(({ window, backfill, version }) => [
      `window ${window}`,
      ...(backfill ? ['window of backfill'] : []),
      ...(version > 1 ? ['window corrected'] : []),
    ]),
  ];
}
