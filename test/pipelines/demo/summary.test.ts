import { describe, expect, test } from 'vitest';
import type { Key } from '../../../operators/model/key.ts';
import {
  type Duration,
  type EventTime,
  MINUTE,
  plus,
  SECOND,
} from '../../../operators/model/time.ts';
import type { CmmsWork } from '../../../pipelines/demo/ask-cmms.ts';
import type { LandedRevision } from '../../../pipelines/demo/ask-warehouse.ts';
import { type DemoOutcome, summarise } from '../../../pipelines/demo/summary.ts';
import type { PlantedFault, Truth } from '../../../pipelines/demo/truth.ts';
import { ansi } from '../../../pipelines/demo/view/ansi.ts';
import { endScreen } from '../../../pipelines/demo/view/end.ts';

const BEGIN = 1_772_427_600_000_000 as EventTime;
const minutes = (count: number) => plus(BEGIN, (count * MINUTE) as Duration);
const seconds = (count: number) => (count * SECOND) as Duration;

const fault: PlantedFault = {
  id: 'outer-race-1',
  kind: 'outer-race',
  asset: 'demo/coating/exhaust1' as Key,
  component: 'bearing',
  point: 'de',
  failure_mode: 'BRG-OUTER-RACE',
  begins: minutes(10),
  detectable: minutes(20),
  because: 'impacts peak at 2 g',
};
const nuisance = {
  id: 'late-1',
  kind: 'late',
  source: 'telemetry.demo.packing.packer1',
  from: minutes(5),
  to: minutes(6),
  dead_letters: { 'too-late': 150 },
  because: 'late',
};
const truth: Truth = {
  seed: 1,
  begins: BEGIN,
  ends: minutes(120),
  messages: 98,
  readings: 1_000,
  faults: [fault],
  nuisances: [nuisance],
  quiet: [],
  growing: [],
};
const work = { id: 'WR-00001', external_key: 'r1' } as CmmsWork;
const revision = { id: 'r1', revision: 1 } as LandedRevision;

const outcome: DemoOutcome = {
  truth,
  score: {
    planted: 1,
    found: [{ fault, request: 'r1', after: seconds(26) }],
    missed: [],
    false: [],
    nuisances: [{ nuisance, found: { 'too-late': 150 }, exact: true }],
  },
  speed: 120,
  counts: {
    ...{ sequence: 100, messages: 100, readings: 1_000, waveforms: 5, windows: 20, features: 5 },
    ...{ anomalies: 2, incidents: 1, requests: 1, revisions: 1, acts: 0 },
    ...{ replies: 0, commands: 0, answered: 0, accepted: ['r'], done: 1 },
  },
  deadLetters: [
    { reason: 'too-late', source: nuisance.source, stage: 'window', count: 100 },
    { reason: 'too-late', source: nuisance.source, stage: 'window', count: 50 },
  ],
  revisions: [revision],
  works: [work],
  published: 100,
  checks: { count: 5, failed: [] },
  answers: 'ab',
  done: [{ id: 'r1', plant: 'demo', line: 'coating', asset: 'exhaust1', posted: 31.9 }],
  unfinished: [],
  took: { start: 3_000, publish: 60_000, held: 0, drain: 2_000 },
  latencies: { warehouse: [300, 100, 200], cmms: [900] },
};
const textOf = (one: DemoOutcome) =>
  endScreen(one, summarise(one))
    .map((line) => ansi(line, false))
    .join('\n');

test('a demo in which all is as it should be has no differences', () => {
  const summary = summarise(outcome);
  expect(summary.differences).toEqual([]);
  expect(summary.truth).toEqual({ planted: 1, found: 1, missed: 0, false: 0, nuisances: 1 });
  expect(summary.dead_letters).toEqual({ 'too-late': 150 });
  expect(summary.faults).toMatchObject([
    { fault: 'outer-race-1', request: 'r1', after_seconds: 26 },
  ]);
  expect(summary.latency_ms.clickhouse).toMatchObject({ median: 200, most: 300 });
});

test('what people did in the page counts as published, and its answers are not held against the truth', () => {
  const missed = [{ fault, because: 'no request on its asset' }];
  const counts = { ...outcome.counts, messages: 102, acts: 2 };
  const acted = { ...outcome, counts, score: { ...outcome.score, found: [], missed } };
  expect(summarise(acted).differences).toEqual([]);
  expect(textOf(acted)).toContain('2 acts of people');
});

test('the end tells what was found, when and as what, and what was kept quiet', async () => {
  const file = '../../golden/demo/end.txt';
  await expect(`${textOf(outcome)}\n`).toMatchFileSnapshot(file);
});

describe('each of these is a difference', () => {
  const { score } = outcome;
  const missed = [{ fault, because: 'no request on its asset' }];
  const cases: readonly (readonly [string, Partial<DemoOutcome>])[] = [
    [
      'outer-race-1 on demo/coating/exhaust1: no request',
      { score: { ...score, found: [], missed } },
    ],
    [
      'request x on demo/l/a: no fault explains it',
      {
        score: {
          ...score,
          false: [{ request: 'x', asset: 'demo/l/a' as Key, because: 'no fault explains it' }],
        },
      },
    ],
    [
      'late-1 from telemetry.demo.packing.packer1: planted',
      { score: { ...score, nuisances: [{ nuisance, found: { 'too-late': 149 }, exact: false }] } },
    ],
    ['messages: 101 published, 100 in ClickHouse', { published: 101 }],
    ['request r1 is in the CMMS 0 times', { works: [] }],
    ['request r1 is in the CMMS 2 times', { works: [work, work] }],
    ['the CMMS has r2', { works: [work, { ...work, external_key: 'r2' }] }],
    ['sql/checks/epochs_missing.sql', { checks: { count: 5, failed: ['epochs_missing.sql'] } }],
    ['not found: a in erp: 1', { masterData: { planted: ['a in erp: 1'], found: [] } }],
    ['found, and not planted: a', { masterData: { planted: [], found: ['a in erp: 1'] } }],
    ['message 100 has not landed', { unfinished: ['message 100 has not landed, only 90'] }],
  ];
  test.each(cases)('%s', (says, change) => {
    const other = { ...outcome, ...change };
    expect(summarise(other).differences).toEqual([expect.stringContaining(says)]);
    expect(textOf(other)).toContain('Not as it should be');
  });
});
