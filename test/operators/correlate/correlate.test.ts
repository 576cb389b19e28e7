import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { correlate } from '../../../operators/correlate/correlate.ts';
import type { Flow, Row } from '../../../operators/flow/flow.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import type { Incident } from '../../../operators/model/incident.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import {
  anomaly,
  at,
  FAN,
  machineEvent,
  model,
  PRESS,
  rules,
  windowEvent,
} from '../../support/findings.ts';
import { runThrough, valuesOf, watermark } from '../../support/flows.ts';

type Input = Enriched<Observation> | Anomaly;

function run(items: readonly Flow<Input>[], cuts?: ReadonlySet<number>) {
  const output = runThrough(correlate, items, cuts);
  const values = valuesOf(output);
  return {
    output,
    incidents: values.filter(
      (value): value is Incident => 'kind' in value && value.kind === 'incident',
    ),
    deadLetters: output.flatMap((item) =>
      item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
    ),
    rows: output.filter(
      (item): item is Row & { table: 'incidents' } =>
        item.kind === 'row' && item.table === 'incidents',
    ),
  };
}

const wear = {
  id: 'bearing-wear',
  pattern: [
    { name: 'rise', where: "kind == 'anomaly' && signal == 'vibration_velocity_rms'" },
    {
      name: 'hot',
      follows: 'relaxed',
      where: "kind == 'anomaly' && signal == 'temperature' && score > last('rise').score",
    },
    { name: 'seen', absent: 'relaxed', where: "kind == 'event' && type == 'acknowledged'" },
  ],
  within: '10m',
  raise: { severity: 'alarm', failure_mode: 'BRG-WEAR' },
};
const rise = (seconds: number, more = {}) =>
  anomaly(seconds, {
    rule: 'zone',
    signal: 'vibration_velocity_rms',
    score: 1.05,
    component: 'bearing',
    ...more,
  });

describe('correlate', () => {
  const start = [model, rules({ patterns: [wear] })];

  it('raises an incident when the absence at the end is complete, with all its evidence', () => {
    const { incidents, rows } = run([...start, rise(10), anomaly(60), watermark('p1/l1', at(700))]);
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({
      rule: 'bearing-wear',
      asset: FAN,
      component: 'bearing',
      failure_mode: 'BRG-WEAR',
      severity: 'alarm',
      start: at(10),
      end: at(60),
      time: at(610),
      anomalies: ['zone-vibration_velocity_rms-', 'hot-temperature-'],
      signals: ['vibration_velocity_rms', 'temperature'],
      evidence: [
        { stage: 'rise', kind: 'anomaly' },
        { stage: 'hot', kind: 'anomaly' },
      ],
    });
    expect(incidents[0]?.id).toMatch(/^[a-z2-7]{20}$/);
    expect(rows.map(({ row }) => row.id)).toEqual([incidents[0]?.id]);
  });

  it.each([
    ['what must be absent came', [rise(10), anomaly(60), machineEvent(100, 'acknowledged')], 0],
    ['another type of event came', [rise(10), anomaly(60), machineEvent(100, 'oiled')], 1],
    [
      'it came at another machine',
      [rise(10), anomaly(60), machineEvent(100, 'acknowledged', {}, { asset: PRESS })],
      1,
    ],
    ['it came after within', [rise(10), anomaly(60), machineEvent(611, 'acknowledged')], 1],
    ['the second was not hotter', [rise(10, { score: 2 }), anomaly(60)], 0],
    ['the order was the other way round', [anomaly(10), rise(60)], 0],
    ['the second came too late', [rise(10), anomaly(610)], 0],
    ['the second was only an update', [rise(10), anomaly(60, { phase: 'updated' })], 0],
  ])('%s', (_, items, count) => {
    expect(run([...start, ...items, watermark('p1/l1', at(5_000))]).incidents).toHaveLength(count);
  });

  it('sees every phase of an anomaly when a condition names the phase', () => {
    const pattern = [{ name: 'gone', where: "kind == 'anomaly' && phase == 'cleared'" }];
    const items = [rise(1), rise(2, { phase: 'updated' }), rise(3, { phase: 'cleared' })];
    expect(run([rules({ patterns: [{ id: 'p', pattern }] }), ...items]).incidents).toHaveLength(1);
    const both = [
      { name: 'up', where: "kind == 'anomaly' && level > 0" },
      { ...pattern[0], follows: 'relaxed' },
    ];
    const skip = 'no-skip';
    expect(
      run([rules({ patterns: [{ id: 'p', pattern: both, skip }] }), ...items]).incidents,
    ).toHaveLength(1);
  });

  it.each([
    ['3', [10, 20, 30], 1],
    ['3', [10, 20], 0],
    ['2..3', [10, 20, 30], 1],
    ['2+', [10, 20, 30, 40], 2],
  ])('repeats a stage: times %s over %j', (times, seconds, count) => {
    const where = "kind == 'anomaly'";
    const patterns = [{ id: 'p', pattern: [{ name: 'up', times, where }] }];
    const items = seconds.map((second) => rise(second));
    expect(run([rules({ patterns }), ...items]).incidents).toHaveLength(count);
  });

  it('repeats a group, and holds each round to what must be absent in it', () => {
    const type = (name: string) => `kind == 'event' && type == '${name}'`;
    const stages = [
      { name: 'stop', where: type('stop') },
      { name: 'call', absent: 'relaxed', where: type('call') },
      { name: 'start', follows: 'relaxed', where: type('start') },
    ];
    const pattern = [{ name: 'rounds', times: 2, stages }];
    const all = rules({ patterns: [{ id: 'p', pattern, within: '1h' }] });
    const events = (...types: string[]) =>
      types.map((name, index) => machineEvent(10 * index + 1, name));
    const twice = run([all, ...events('stop', 'start', 'stop', 'oiled', 'start')]).incidents;
    expect(twice.map(({ evidence }) => evidence.map(({ stage }) => stage))).toEqual([
      ['stop', 'start', 'stop', 'start'],
    ]);
    expect(run([all, ...events('stop', 'start', 'stop', 'call', 'start')]).incidents).toEqual([]);
  });

  it('passes every anomaly on, and of machine events those that the trigger must know', () => {
    const items = [
      rise(1),
      rise(2, { phase: 'cleared' }),
      machineEvent(3, 'request'),
      machineEvent(4, 'oiled'),
      windowEvent(5, 'x', 1),
    ];
    const values = valuesOf(run([...start, ...items]).output);
    expect(values.map((value) => ('kind' in value ? value.kind : value.observation.type))).toEqual([
      'anomaly',
      'anomaly',
      'request',
    ]);
  });

  it('makes an incident of a raised anomaly that a trigger names, at once and once', () => {
    const triggers = [{ id: 't', on: 'hot', request: {} }];
    const items = [anomaly(5, { failure_mode: 'HEAT' }), anomaly(6, { phase: 'updated' }), rise(7)];
    const { incidents } = run([rules({ triggers }), ...items]);
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({
      rule: 'hot',
      failure_mode: 'HEAT',
      anomalies: ['hot-temperature-'],
    });
  });

  it('keeps late events out of patterns, as a row', () => {
    const late = { ...anomaly(60), late: true } as const;
    const { incidents, deadLetters } = run([
      ...start,
      rise(10),
      late,
      watermark('p1/l1', at(5_000)),
    ]);
    expect(incidents).toEqual([]);
    expect(deadLetters).toMatchObject([{ reason: 'late', source: FAN }]);
  });

  it('lets an absence stand still while nobody could see', () => {
    const blind = { ...watermark('p1/l1', at(620)), blind: { from: at(100), to: at(500) } };
    const begun = [...start, rise(10), anomaly(60)];
    expect(run([...begun, blind]).incidents).toEqual([]);
    expect(
      run([...begun, blind, machineEvent(900, 'acknowledged'), watermark('p1/l1', at(5_000))])
        .incidents,
    ).toEqual([]);
    const later = run([...begun, blind, watermark('p1/l1', at(5_000))]);
    expect(later.incidents.map(({ time }) => time)).toEqual([at(1_010)]);
    const more = run([
      ...begun,
      blind,
      anomaly(650, { id: 'more' }),
      watermark('p1/l1', at(5_000)),
    ]);
    expect(more.incidents.map(({ time }) => time)).toEqual([at(1_010)]);
  });

  it('matches over several machines of a line when the key is line', () => {
    const pattern = [
      {
        name: 'stop',
        where: "kind == 'event' && type == 'state' && asset == 'press' && state == 'ABORTED'",
      },
      { name: 'shake', follows: 'relaxed', where: "kind == 'anomaly' && class == 'fan'" },
    ];
    const aborted = machineEvent(1, 'state', { state: 'ABORTED' }, { asset: PRESS });
    const situated = {
      ...aborted,
      value: { ...aborted.value, situation: { ...aborted.value.situation, state: 'ABORTED' } },
    };
    const { incidents } = run([
      model,
      rules({ patterns: [{ id: 'p', key: 'line', pattern }] }),
      situated,
      rise(2),
    ]);
    expect(incidents).toMatchObject([{ key: 'p1/l1', asset: FAN, rule: 'p' }]);
  });

  describe('with an expression as its key', () => {
    const paired = {
      id: 'batch',
      key: "batch + '/' + asset.class",
      pattern: [
        { name: 'opened', where: "kind == 'event' && type == 'opened'" },
        { name: 'spoilt', follows: 'relaxed', where: "kind == 'event' && type == 'spoilt'" },
      ],
      within: '1m',
    };
    const batchEvent = (seconds: number, type: string, batch: string | null, asset = FAN) =>
      machineEvent(seconds, type, batch === null ? {} : { batch }, { asset });
    const items = [
      model,
      rules({ patterns: [paired] }),
      batchEvent(1, 'opened', 'a b/c'),
      batchEvent(2, 'opened', 'x'),
      batchEvent(3, 'spoilt', null),
      batchEvent(4, 'spoilt', 'x', PRESS),
      batchEvent(5, 'spoilt', 'a b/c'),
      batchEvent(90, 'spoilt', 'x'),
      watermark('p1/l1', at(5_000)),
    ];

    it('keeps matches of one line apart by its value, and leaves out events that have none', () => {
      const { incidents, deadLetters } = run(items);
      expect(incidents).toMatchObject([{ rule: 'batch', key: 'p1/l1', start: at(1), end: at(5) }]);
      expect(deadLetters).toEqual([]);
    });

    it('goes on after a restart at any place, and ends with a change of the key', () => {
      const everywhere = new Set(items.map((_, index) => index));
      expect(run(items, everywhere).output).toEqual(run(items).output);
      const other = { ...paired, key: 'batch' };
      const changed = run([...items.slice(0, 4), rules({ patterns: [other] }), ...items.slice(4)]);
      expect(changed.incidents).toEqual([]);
      expect(changed.deadLetters).toMatchObject([
        { reason: 'rule-changed', count: 1 },
        { reason: 'rule-changed', count: 1 },
      ]);
    });

    it('is refused when it does not fit the fields, or asks for what a match took', () => {
      const wrong = ['batch +', "last('opened').batch", '1 + asset'];
      const patterns = wrong.map((key) => ({ ...paired, key }));
      for (const pattern of [...patterns, { ...wear, key: 'singal' }]) {
        const { deadLetters } = run([rules({ patterns: [pattern] }), batchEvent(1, 'opened', 'x')]);
        expect(deadLetters, pattern.key).toMatchObject([{ reason: 'refused' }]);
      }
    });
  });

  it('ends the partial matches of a changed or removed pattern, and goes on with an equal one', () => {
    const begun = [...start, rise(10), anomaly(60)];
    const end = watermark('p1/l1', at(5_000));
    const louder = { ...wear, raise: { severity: 'danger' } };
    expect(run([...begun, rules({ patterns: [louder] }), end]).incidents).toMatchObject([
      { severity: 'danger' },
    ]);
    for (const patterns of [[], [{ ...wear, within: '20m' }]]) {
      const changed = run([...begun, rules({ patterns }), end]);
      expect(changed.incidents).toEqual([]);
      expect(changed.deadLetters).toMatchObject([
        { reason: 'rule-changed', source: FAN, count: 1 },
      ]);
    }
  });

  it('reports once per line that a pattern cannot run, and runs the others', () => {
    const broken = { id: 'broken', pattern: [{ name: 'a', where: 'singal == 1' }] };
    const { deadLetters, incidents } = run([
      rules({ patterns: [broken, wear] }),
      rise(10),
      anomaly(60),
      watermark('p1/l1', at(5_000)),
    ]);
    expect(deadLetters).toMatchObject([{ reason: 'refused' }]);
    expect(incidents).toHaveLength(1);
  });

  const something = fc.oneof(
    fc.record({ step: fc.nat(200), make: fc.constant((t: number) => rise(t, { id: `r${t}` })) }),
    fc.record({ step: fc.nat(200), make: fc.constant((t: number) => anomaly(t, { id: `h${t}` })) }),
    fc.record({
      step: fc.nat(200),
      make: fc.constant((t: number) => machineEvent(t, 'acknowledged')),
    }),
    fc.record({ step: fc.nat(200), make: fc.constant((t: number) => watermark('p1/l1', at(t))) }),
  );

  it('brings the same wherever it is cut and continued', () => {
    fc.assert(
      fc.property(
        fc.array(something, { maxLength: 25 }),
        fc.array(fc.nat(25)),
        fc.constantFrom('no-skip', 'past-last-event', 'to-next'),
        (steps, cuts, skip) => {
          let time = 0;
          const items = steps.map(({ step, make }) => {
            time += step;
            return make(time);
          });
          const all = [
            model,
            rules({
              patterns: [
                { ...wear, skip },
                { ...wear, id: 'line', key: 'line' },
              ],
            }),
            ...items,
            watermark('p1/l1', at(time + 5_000)),
          ];
          expect(run(all, new Set(cuts)).output).toEqual(run(all).output);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives the same ids whatever the machine event came in', () => {
    const pattern = [{ name: 'oil', where: "kind == 'event' && type == 'oiled' && litres > 2" }];
    const patterns = rules({ patterns: [{ id: 'p', pattern }] });
    const first = run([patterns, machineEvent(1, 'oiled', { litres: 3, by: 'x' })]);
    const second = run([patterns, machineEvent(1, 'oiled', { by: 'x', litres: 3 })]);
    expect(first.incidents[0]?.id).toBe(second.incidents[0]?.id);
    const other = run([patterns, machineEvent(1, 'oiled', { by: 'y', litres: 3 })]);
    expect(other.incidents[0]?.id).not.toBe(first.incidents[0]?.id);
  });

  it('holds at most a thousand partial matches of one key', () => {
    const pattern = [
      { name: 'a', where: "kind == 'event' && type == 'a'" },
      { name: 'b', follows: 'relaxed', where: "kind == 'event' && type == 'b'" },
    ];
    const flood = Array.from({ length: 1_010 }, (_, index) => machineEvent(index, 'a'));
    const { deadLetters } = run([
      rules({ patterns: [{ id: 'p', pattern, skip: 'no-skip' }] }),
      ...flood,
    ]);
    expect(deadLetters.filter(({ reason }) => reason === 'overflow')).toHaveLength(10);
  });
});
