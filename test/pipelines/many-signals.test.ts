import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import type { Message, Sequence } from '../../operators/model/message.ts';
import { fromMilliseconds } from '../../operators/model/time.ts';
import { plant } from '../../pipelines/plant.ts';
import { createPipelineEngine } from '../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../pipelines/worker/epochs/state-image.ts';

const packr = new Packr({ useRecords: false });
const BEGIN = Date.UTC(2026, 0, 5);
const FRAMES = 4;
const ROUNDS = 3;

/** How often each piece of code in `operators` is run by some work, as V8 counts it: an answer that no other load of the machine changes. */
function countRuns(work: () => void): ReadonlyMap<string, number> {
  const session = new Session();
  // Optimized code counts nothing, and V8 of Node 24 has a second compiler that optimizes.
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
  session.connect();
  const runs = new Map<string, number>();
  try {
    session.post('Profiler.enable');
    session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    work();
    session.post('Profiler.takePreciseCoverage', (_, { result }) => {
      for (const { url, functions } of result) {
        if (!url.includes('/operators/')) continue;
        for (const { functionName, ranges } of functions) {
          const file = url.slice(url.lastIndexOf('/operators/') + 1);
          const [{ startOffset: at, count } = { startOffset: 0, count: 0 }] = ranges;
          // A block that has a count of its own is run more often than its function, or less.
          const most = Math.max(...ranges.map((range) => range.count));
          runs.set(`${file} ${functionName} ${at}`, Math.max(count, most));
        }
      }
    });
    session.post('Profiler.stopPreciseCoverage');
  } finally {
    session.disconnect();
    setFlagsFromString('--opt');
  }
  return runs;
}

type Wide = {
  /** Window and detector rules, and what the model declares of each signal. */
  readonly rules: (signals: readonly string[]) => object;
  readonly signal?: object;
  readonly value?: (round: number) => unknown;
};

/** One asset of so many signals, which come in four frames. */
function runWide(count: number, { rules, signal = {}, value }: Wide): void {
  const names = Array.from({ length: count }, (_, index) => `signal_${index}`);
  const signals = Object.fromEntries(names.map((name) => [name, { unit: '1', ...signal }]));
  const asset = { id: 'a', name: 'a', class: 'pump', components: ['bearing'], signals };
  const model = { id: 'p', name: 'p', lines: [{ id: 'l', name: 'l', assets: [asset] }] };
  const rows: string[] = [];
  const engine = createPipelineEngine((states) => plant(states), NO_STATES, {
    row: ({ table }) => rows.push(table),
  });
  let sequence = 0;
  const push = (subject: string, after: number, body: unknown) => {
    sequence += 1;
    const message: Message = {
      ...{ sequence: sequence as Sequence, subject, headers: {} },
      appended: fromMilliseconds(BEGIN + after + 20),
      payload: new Uint8Array(packr.pack(body)),
    };
    engine.push(message);
  };
  push('model.p', 0, model);
  push('rules.p', 0, rules(names));
  for (let round = 0; round < ROUNDS; round += 1) {
    const after = round * 11_000;
    for (let frame = 0; frame < FRAMES; frame += 1) {
      const own = names.slice((frame * count) / FRAMES, ((frame + 1) * count) / FRAMES);
      const values = Object.fromEntries(own.map((name) => [name, value?.(round) ?? 90 + round]));
      push('telemetry.p.l.a', after + frame, { time: BEGIN + after + frame, values });
    }
  }
  push('rules.p', 40_000, { ...rules(names), time: { correction: '2h' } });
  expect(rows.filter((table) => table === 'readings')).toHaveLength(FRAMES * ROUNDS);
}

const TEN = { id: 'ten', kind: 'tumbling', size: '10s' };
const FEW = 100;
const MORE = 400;

describe('four times as many signals of one asset are about four times as much work', () => {
  test.each<[name: string, wide: Wide]>([
    ['windows', { rules: () => ({ windows: [TEN] }) }],
    [
      'a window rule that lists each signal',
      {
        rules: (signals) => ({ windows: [{ ...TEN, signals }] }),
      },
    ],
    [
      'a window rule for each signal',
      {
        rules: (signals) => ({
          windows: signals.map((name) => ({ ...TEN, id: `w-${name}`, signals: [name] })),
        }),
      },
    ],
    [
      'a detector for each signal',
      {
        rules: (signals) => ({
          windows: [TEN],
          detectors: signals.map((signal) => {
            return { id: `d-${signal}`, kind: 'limit', signal, window: 'ten', above: 1_000 };
          }),
        }),
      },
    ],
    [
      'an anomaly of each signal',
      {
        rules: (signals) => ({
          windows: [{ ...TEN, signals }],
          detectors: [{ id: 'd', kind: 'limit', signal: '*', above: 90.5 }],
          alarms: { flood: { limit: 10_000, per: '10m', resume: 5 } },
        }),
      },
    ],
    [
      'a silence of each signal',
      {
        rules: () => ({
          windows: [TEN],
          detectors: [{ id: 'd', kind: 'silence', signal: '*', after: '5s', declared: true }],
        }),
      },
    ],
    ['counters', { rules: () => ({ windows: [TEN] }), signal: { kind: 'counter' } }],
    ['texts that are numbers', { rules: () => ({ windows: [TEN] }), value: () => '90.5' }],
  ])('%s', (_, wide) => {
    const few = countRuns(() => runWide(FEW, wide));
    const more = countRuns(() => runWide(MORE, wide));
    // Sorting is a little more than linear; looking each one up among all others is sixteen times as much.
    const grown = [...more].filter(([code, count]) => {
      return count > 10 * MORE && count > (1.8 * MORE * (few.get(code) ?? 0)) / FEW;
    });
    expect(Math.max(...more.values())).toBeGreaterThan(MORE);
    expect(grown).toEqual([]);
  });
});
