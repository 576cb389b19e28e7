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

  function answersOf(plant: Plant): Answers {
    // Who sends less often than every `idle` is silent in between, and nobody waits for it.
    const time = { ...plant.time, idle: '10s', hold: '30s' };
    // What was never heard is waited for since its line has a time, and that begins with append time.
    const { rows } = decide(logOfPlant({ ...plant, time, without: 'never' }));
    const end = epochMs((plant.seconds + AFTER_THE_END) * 1_000) * 1_000;
    const isBefore = ({ row }: (typeof rows)[number]) => {
      const time = 'time' in row ? row.time : 'end' in row ? row.end : 0;
      return time < end;
    };
    const before = { rows: rows.filter(isBefore) };
    // When a command is decided is append time: for a source that lags it may lie behind the end.
    const later = rows.filter((one) => one.table === 'commands' || isBefore(one));
    seen.windows += rowsOf(before, 'windows').length;
    seen.anomalies += rowsOf(before, 'anomalies').length;
    seen.requests += rowsOf(before, 'requests').length;
    return { before: linesOf(before), all: linesOf({ rows: later }) };
  }
});

/** What was decided before the end of the measurements, and the same with all commands. */
interface Answers {
  readonly before: readonly string[];
  readonly all: readonly string[];
}

/** A line for each row; those of a machine in their order. */
function linesOf(decisions: Parameters<typeof lastingOf>[0]): string[] {
  return Object.entries(lastingOf(decisions)).flatMap(([table, content]) =>
    linesOfTable(table, content),
  );
}

function linesOfTable(table: string, content: unknown): string[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.entries(content).flatMap(([key, rows]) => {
    if (!Array.isArray(rows)) return [`${table} ${rows}`];
    return rows.map((row, at) => `${table} ${key} ${at} ${JSON.stringify(row)}`);
  });
}

function differences(expected: Answers, found: Answers): string[] {
  const missing = lacking(found.all, expected.before).map((line) => `- ${line}`);
  const surplus = lacking(expected.all, found.before).map((line) => `+ ${line}`);
  return [...missing, ...surplus].sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1)).slice(0, 6);
}

function lacking(all: readonly string[], lines: readonly string[]): string[] {
  const known = new Set(all);
  return lines.filter((line) => !known.has(line));
}

/** The same gateways and repeats, without delay. */
function prompt(link: Link): Link {
  return { ...link, lag: 50, jitter: 0 };
}
