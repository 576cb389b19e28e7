import { describe, expect, test } from 'vitest';
import { describeStatus } from '../../../pipelines/cli/status.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { createStatusWatch } from '../../../pipelines/observe/worker-status.ts';
import { plant } from '../../../pipelines/plant.ts';
import { createPipelineEngine } from '../../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../../pipelines/worker/epochs/state-image.ts';
import {
  type Delivery,
  delivered,
  PROMPT,
  type Saying,
  withChanges,
} from '../../support/deliveries.ts';
import { randomOf, START } from '../../support/plant-log.ts';

const SECOND = 1_000;
const PLACE = { pipeline: 'plant', run: '1', partition: 2, partitions: 4 };
const signals = { heat: { unit: 'Cel' } };
const machines = [{ id: 'm1' }, { id: 'm2' }, { id: 'm3', hold: '2m' }];
const MODEL = {
  id: 'p1',
  lines: [{ id: 'l1', assets: machines.map((machine) => ({ ...machine, signals })) }],
};

/** A status after so many seconds, in which each machine sends a frame a second by its own way. */
function statusAfter(seconds: number, ways: Readonly<Record<string, Partial<Delivery>>>) {
  const watch = createStatusWatch(PLACE, () => []);
  const engine = createPipelineEngine(plant, NO_STATES, watch.observer);
  const said = Object.keys(ways).flatMap((machine) =>
    Array.from(
      { length: seconds },
      (_, second): Saying => ({
        at: second * SECOND,
        subject: `telemetry.p1.l1.${machine}`,
        content: (time) => ({ time, values: { heat: 60 } }),
      }),
    ),
  );
  const wayOf = (subject: string) => ({ ...PROMPT, ...ways[subject.split('.').at(-1) ?? ''] });
  const end = (START + seconds * SECOND) * 1_000;
  const messages = delivered(said, wayOf, randomOf(1)).filter(({ appended }) => appended <= end);
  const all = withChanges({ 'model.p1': MODEL, 'rules.p1': {} }, messages);
  for (const message of all) engine.push(message);
  const last = all.at(-1);
  const appended = new Date((last?.appended ?? 0) / 1_000).toISOString();
  watch.watch({
    ...{ kind: 'log-lag', stream: 'ANDON_2', read: all.length, appended, messages: 3 },
    ...{ milliseconds: 400, room: 1, replay: false },
  });
  return { status: watch.report(), watch };
}

describe('the status of a worker', () => {
  test('has the lags of sources, and the hold with which each would be waited for', () => {
    const { status } = statusAfter(300, {
      m1: {},
      m2: { lag: 45 * SECOND },
      m3: { lag: 35 * SECOND },
    });
    expect(status).toMatchObject({ ...PLACE, log: { behind: 3, age_seconds: 0.4 } });
    const [line] = status.lines;
    expect(line?.hold_seconds).toBeGreaterThan(44);
    expect(line?.hold_seconds).toBeLessThan(48);
    const of = (machine: string) => line?.sources.find(({ source }) => source.endsWith(machine));
    expect(of('m1')).toMatchObject({ lag_99_seconds: 0, hold_seconds: 30, state: 'in step' });
    expect(of('m2')).toMatchObject({ hold_seconds: 30, state: 'out of step' });
    expect(of('m2')?.lag_half_seconds).toBeGreaterThan(43);
    // The model lets the line wait for it.
    expect(of('m3')).toMatchObject({ hold_seconds: 120, state: 'in step' });
    expect(line?.advice).toMatch(/^sources lag by more than hold: telemetry\.p1\.l1\.m2 by/);
    expect(line?.behind_seconds).toBeGreaterThan(34);
    expect(status.out_of_step.map(({ source }) => source)).toEqual(['telemetry.p1.l1.m2']);
  });

  test('proposes nothing where all are in step', () => {
    const { status } = statusAfter(120, { m1: {}, m2: { lag: 5 * SECOND } });
    expect(status.lines).toMatchObject([{ advice: null }]);
    expect(status.out_of_step).toEqual([]);
  });

  test('a source that fell silent is told of, and a wrong clock', () => {
    const { status } = statusAfter(120, {
      m1: {},
      m2: { silent: [[60 * SECOND, 200 * SECOND]] },
      m3: { clock: () => 3_600 * SECOND },
    });
    const states = status.lines[0]?.sources.map(({ source, state }) => `${source} ${state}`);
    expect(states).toEqual(['telemetry.p1.l1.m1 in step', 'telemetry.p1.l1.m2 silent']);
    expect(status.out_of_step).toMatchObject([{ source: 'telemetry.p1.l1.m3', reason: 'skew' }]);
  });

  test('lags that are over are forgotten after an hour or two', () => {
    const lagging = { m2: { lag: 45 * SECOND }, m1: {} };
    const early = statusAfter(60, lagging);
    expect(early.status.lines[0]?.advice).not.toBeNull();
    const mark = (of: string, hour: number) => {
      const time = START * 1_000 + hour * 3_600e6;
      const { observer } = early.watch;
      observer.watermark({
        kind: 'watermark',
        scope: 'source',
        of: of as never,
        time: time as never,
      });
    };
    for (const hour of [1, 2, 3]) {
      for (const machine of ['m1', 'm2']) mark(`telemetry.p1.l1.${machine}`, hour);
    }
    expect(early.watch.report().lines[0]?.advice).toBeNull();
  });

  test('has owner, epochs, sinks and back-pressure', () => {
    const { watch } = statusAfter(10, { m1: {} });
    const events: readonly InternalEvent[] = [
      { kind: 'started', pipeline: 'plant', run: '1', stream: 'ANDON_2', owner: 'here' },
      {
        ...{
          kind: 'epoch-written',
          epoch: 7,
          from: 1,
          to: 12,
          messages: 12,
          readings: 10,
          rows: 10,
        },
        ...{ revisions: 0, commands: 0, bytes: 10, milliseconds: 1 },
      },
      {
        ...{ kind: 'epoch-landed', sink: 'clickhouse', epoch: 5, epochs: 1, rows: 1, bytes: 1 },
        milliseconds: 1,
      },
      { kind: 'sink-behind', sink: 'clickhouse', files: 2, bytes: 80 },
      { kind: 'sink-retry', sink: 'clickhouse', epoch: 6, attempt: 1, reason: 'away', again: 1 },
      { kind: 'back-pressure-on', files: 2, bytes: 80 },
    ];
    for (const event of events) watch.watch(event);
    expect(watch.report()).toMatchObject({
      ...{ stream: 'ANDON_2', owner: 'here', epoch: { epoch: 7, message: 12 }, checkpoint: null },
      back_pressure: { files: 2, bytes: 80 },
      sinks: [
        { sink: 'clickhouse', epoch: 5, behind_epochs: 2, behind_bytes: 80, trouble: 'away' },
      ],
    });
    watch.watch({ kind: 'back-pressure-off', milliseconds: 1 });
    expect(watch.report().back_pressure).toBeNull();
  });
});

test('people read it as lines', () => {
  const { status } = statusAfter(300, { m1: {}, m2: { lag: 45 * SECOND } });
  const text = describeStatus({ ...status, reasons: ['NATS is away: closed'] });
  expect(text).toMatch(/^plant, run 1, partition 2 of 4: not owned yet\nready +no: NATS is away/);
  expect(text).toMatch(/\nline p1\/l1 is at 2026-01-05T\S+Z, \d+(\.\d+)? s behind append time\n/);
  expect(text).toMatch(/telemetry\.p1\.l1\.m2 +4\d s +4\d s +30 s {2}out of step/);
  expect(text).toMatch(/With a hold of 4\ds/);
});
