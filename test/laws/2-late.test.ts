import { describe, expect } from 'vitest';
import type { Message } from '../../operators/model/message.ts';
import type { AnomalyRow } from '../../operators/model/tables.ts';
import { plant as pipeline } from '../../pipelines/plant.ts';
import { createPipelineEngine } from '../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../pipelines/worker/epochs/state-image.ts';
import { law } from '../support/law.ts';
import { RULES } from '../support/plants/model.ts';
import { logOfPlant, type Plant, plantWith } from '../support/plants/plant.ts';

/** A pattern of one stage over each detector, and nothing that withholds an alarm. */
const PATTERNS = RULES.detectors.map(({ id }) => ({
  id: `seen-${id}`,
  pattern: [{ name: 'one', where: `kind == 'anomaly' && rule == '${id}' && phase == 'raised'` }],
  raise: { severity: 'notice' },
}));

function logOf(plant: Plant): Message[] {
  const { alarms: _, triggers: __, ...rules } = RULES;
  const time = { ...RULES.time, ...plant.time };
  const payload = Buffer.from(JSON.stringify({ ...rules, time, patterns: PATTERNS }));
  const occurrences = plant.occurrences.filter(({ what }) => {
    return !['shelved', 'unshelved', 'out_of_service'].includes(what);
  });
  return logOfPlant({ ...plant, occurrences }).map((message) => {
    return message.subject === 'rules.p1' ? { ...message, payload } : message;
  });
}

/** An anomaly, and where the time of its line stood then: what a watermark releases comes before the watermark. */
type Found = { readonly row: AnomalyRow; readonly line: number };

describe('law 2: what is late is what line time had passed', () => {
  const tried = { late: 0, timely: 0 };

  law(
    'an anomaly is marked late, and kept from patterns, just when the time of its line was past it',
    10,
    plantWith({ edits: false, answers: false }),
    (plant) => {
      const { anomalies, incidents } = follow(logOf(plant));
      const evaluated = anomalies.filter(({ row }) => row.cause === '' || row.cause === 'well');
      const wrong = evaluated.filter(({ row, line }) => isMarked(row) !== row.time <= line);
      expect(wrong).toEqual([]);
      const timely = evaluated.filter(({ row, line }) => row.phase === 'raised' && row.time > line);
      const expected = timely.map(
        ({ row }) => `seen-${row.rule} ${row.line}/${row.asset} ${row.time}`,
      );
      expect(incidents.sort()).toEqual(expected.sort());
      tried.timely += timely.length;
      tried.late += evaluated.length - evaluated.filter(({ row }) => !isMarked(row)).length;
    },
    () => expect(Math.min(...Object.values(tried))).toBeGreaterThan(3),
  );
});

function isMarked({ evidence }: AnomalyRow): boolean {
  return JSON.parse(evidence).late === true;
}

function follow(messages: readonly Message[]) {
  const anomalies: Found[] = [];
  const incidents: string[] = [];
  const times = new Map<string, number>();
  const engine = createPipelineEngine(pipeline, NO_STATES, {
    watermark({ scope, of, time, blind }) {
      if (scope === 'line' && blind === undefined) times.set(of, time);
    },
    row({ table, row }) {
      if (table === 'anomalies') {
        const line = times.get(`${row.plant}/${row.line}`) ?? Number.NEGATIVE_INFINITY;
        anomalies.push({ row, line });
      }
      if (table === 'incidents') incidents.push(`${row.rule} ${row.line}/${row.asset} ${row.time}`);
    },
  });
  for (const message of messages) engine.push(message);
  return { anomalies, incidents };
}
