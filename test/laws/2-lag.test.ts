import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { decide, lastingOf, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { type Link, linkInStep } from '../support/plants/links.ts';
import { epochMs } from '../support/plants/machines.ts';
import { MACHINES } from '../support/plants/model.ts';
import { logOfPlant, type Plant, plantWith } from '../support/plants/plant.ts';

/**
 * The saw has the shortest `hold`: 20 s. Its own disorder takes 4 s of it, and up to 5 s pass between two waveforms. So
 * whatever lags by less than this is in step.
 */
const SHORTEST_HOLD = 12_000;
const DISORDER = 2_000;
/** Line time comes at least so far after the last measurement, by the ticks behind it, whatever lags. */
const AFTER_THE_END = 20;

describe('law 2: a source in step may lag', () => {
  const seen = { windows: 0, anomalies: 0, requests: 0 };
  const inStep = linkInStep(SHORTEST_HOLD, DISORDER);

  law(
    'lags, and disorder within its bound, change no answer',
    6,
    fc.record({
      plant: plantWith({ timely: true, correction: '1h' }),
      links: fc.tuple(...MACHINES.map(() => inStep)),
    }),
    ({ plant, links }) => {
      const answers = answersOf({ ...plant, links: links.map(prompt) });
      expect(differences(answers, answersOf({ ...plant, links }))).toEqual([]);
    },
    () => expect(Math.min(...Object.values(seen))).toBeGreaterThan(3),
  );

  function answersOf(plant: Plant): string[] {
    // Who sends less often than every `idle` is silent in between, and nobody waits for it.
    const time = { ...plant.time, idle: '10s', hold: '30s' };
    const { rows } = decide(logOfPlant({ ...plant, time }));
    const end = epochMs((plant.seconds + AFTER_THE_END) * 1_000) * 1_000;
    const before = {
      // What was never heard is waited for since its line has a time, and that begins with append time.
      rows: rows.filter(({ row }) => {
        const time = 'time' in row ? row.time : 'end' in row ? row.end : 0;
        return time < end && !('rule' in row && row.rule === 'never');
      }),
    };
    seen.windows += rowsOf(before, 'windows').length;
    seen.anomalies += rowsOf(before, 'anomalies').length;
    seen.requests += rowsOf(before, 'requests').length;
    return Object.entries(lastingOf(before)).flatMap(([table, content]) => linesOf(table, content));
  }
});

/** A line for each row; those of a machine in their order. */
function linesOf(table: string, content: unknown): string[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.entries(content).flatMap(([key, rows]) => {
    if (!Array.isArray(rows)) return [`${table} ${rows}`];
    return rows.map((row, at) => `${table} ${key} ${at} ${JSON.stringify(row)}`);
  });
}

function differences(expected: readonly string[], found: readonly string[]): string[] {
  const [before, after] = [new Set(expected), new Set(found)];
  const missing = expected.filter((line) => !after.has(line)).map((line) => `- ${line}`);
  const surplus = found.filter((line) => !before.has(line)).map((line) => `+ ${line}`);
  return [...missing, ...surplus].sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1)).slice(0, 6);
}

/** The same gateways and repeats, without delay. */
function prompt(link: Link): Link {
  return { ...link, lag: 50, jitter: 0 };
}
