import { describe, expect } from 'vitest';
import type { Message } from '../../operators/model/message.ts';
import { deadLettersOf, decide, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { anomaliesByDefinition, anomaliesFound } from '../support/oracles/limits.ts';
import { linkInStep } from '../support/plants/links.ts';
import { RULES } from '../support/plants/model.ts';
import { logOfPlant, type Plant, plantWith } from '../support/plants/plant.ts';

/** Limits of every make, and a pattern of one stage over each. */
const LIMITS = [
  { id: 'plain', signal: 'temperature', of: 'max', above: 80 },
  { id: 'delayed', signal: 'temperature', of: 'max', above: 80, raise: { after: '10s' } },
  { id: 'counted', signal: 'temperature', of: 'mean', above: 75, raise: { count: 3 } },
  {
    ...{ id: 'lasting', signal: 'temperature', of: 'max', above: 80 },
    clear: { after: '10s', deadband: '5%' },
  },
  { id: 'low', signal: 'parts', of: 'sum', below: 12, clear: { deadband: 2 } },
  { id: 'both', signal: 'vibration', of: 'mean', below: 1.5, above: 5, raise: { count: 2 } },
  {
    ...{ id: 'slow', signal: 'pressure', of: 'max', above: 7.5, clear: { after: '5s' } },
    raise: { after: '5s', count: 2 },
  },
].map((rule) => ({
  ...{ ...rule, kind: 'limit', window: 'short' },
  raise: { ...rule.raise, gap: '6s' },
}));
const PATTERNS = LIMITS.map(({ id }) => ({
  id: `seen-${id}`,
  pattern: [{ name: 'one', where: `kind == 'anomaly' && rule == '${id}' && phase == 'raised'` }],
  raise: { severity: 'notice' },
}));
const ONLY_LIMITS = { windows: RULES.windows, detectors: LIMITS, patterns: PATTERNS };

/** Nothing is withheld: no alarm rules, and nobody shelves an alarm. */
function logOf(plant: Plant): Message[] {
  const time = { ...RULES.time, ...plant.time, idle: '10s', hold: '30s' };
  const payload = Buffer.from(JSON.stringify({ ...ONLY_LIMITS, time }));
  const occurrences = plant.occurrences.filter(({ what }) => {
    return !['shelved', 'unshelved', 'out_of_service'].includes(what);
  });
  return logOfPlant({ ...plant, time, occurrences }).map((message) => {
    return message.subject === 'rules.p1' ? { ...message, payload } : message;
  });
}

describe('law 2: what limits find is what their definition says', () => {
  const tried = { raised: 0, cleared: 0, mixed: 0 };

  law(
    'each window of a signal against a limit, with its delays, and a pattern of one stage for each that is raised',
    12,
    plantWith({ timely: true, correction: '1h', link: linkInStep(12_000, 2_000) }),
    (plant) => {
      const decisions = decide(logOf(plant));
      expect(anomaliesFound(decisions, ONLY_LIMITS).sort()).toEqual(
        anomaliesByDefinition(decisions, ONLY_LIMITS).sort(),
      );
      const anomalies = rowsOf(decisions, 'anomalies');
      const raised = anomalies.filter(({ phase }) => phase === 'raised');
      const incidents = rowsOf(decisions, 'incidents');
      const named = (rule: string, row: { line: string; asset: string; time: number }) =>
        `${rule} ${row.line}/${row.asset} ${row.time}`;
      expect(incidents.map((row) => named(row.rule, row)).sort()).toEqual(
        raised.map((row) => named(`seen-${row.rule}`, row)).sort(),
      );
      tried.raised += raised.length;
      tried.cleared += anomalies.length - raised.length;
      tried.mixed += deadLettersOf(decisions).mixed ?? 0;
    },
    () => expect(Math.min(...Object.values(tried))).toBeGreaterThan(3),
  );
});
