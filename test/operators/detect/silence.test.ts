import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { runThrough, watermark } from '../../support/flows.ts';
import {
  anomaliesOf,
  changeOf,
  machineEvent,
  model,
  phasesOf,
  rulesChange,
  seconds,
  windowEvent,
} from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

const wait = (second: number): Item => watermark('plant/line', seconds(second));
const rules = (...detectors: object[]): Item => changeOf(rulesChange(...detectors));

/** With a rule in force from the beginning, or as the items say. */
function run(rule: object, ...items: Item[]): Flow<Detected>[] {
  return runFrom(rules(rule), ...items);
}

function runFrom(...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf<Enriched<Observation>>(model), ...items]);
}

describe('silence', () => {
  const rule = { id: 'quiet', kind: 'silence', signal: 'temperature', after: '30s' };

  test('is raised by time alone, and cleared by the next sample', () => {
    const out = run(rule, windowEvent(10, 5), wait(40), wait(41), wait(99), windowEvent(100, 5));
    expect(phasesOf(out)).toEqual(['raised 40.000001 warning', 'cleared 100 warning']);
    expect(anomaliesOf(out).map(({ reason }) => reason)).toEqual([
      'temperature has given no value for more than 30s, since 1970-01-01T00:00:10Z; state EXECUTE',
      'temperature was heard again after 90 s; lasted 1m30s',
    ]);
  });

  test('a sample exactly in time breaks it', () => {
    expect(phasesOf(run(rule, windowEvent(10, 5), windowEvent(40, 5), wait(40)))).toEqual([]);
  });

  test('a signal that never had a sample is not missed', () => {
    expect(phasesOf(run(rule, wait(1_000)))).toEqual([]);
  });

  test('stands still in blind time', () => {
    const blind = { ...wait(100), blind: { from: seconds(20), to: seconds(100) } };
    expect(phasesOf(run(rule, windowEvent(10, 5), blind, wait(120)))).toEqual([]);
    expect(phasesOf(run(rule, windowEvent(10, 5), blind, wait(121)))).toEqual([
      'raised 120.000001 warning',
    ]);
  });

  test('is not noticed while the condition is false, and noticed from when it is true again', () => {
    const gated = { ...rule, while: "state == 'EXECUTE'" };
    const out = run(
      gated,
      windowEvent(10, 5),
      machineEvent(20, 'state', { state: 'STOPPED' }, { state: 'STOPPED' }),
      wait(500),
      machineEvent(600, 'state', { state: 'EXECUTE' }),
      wait(700),
    );
    expect(phasesOf(out)).toEqual(['raised 630.000001 warning']);
  });

  test('a source that is late is not silent', () => {
    const late: Item = { ...windowEvent(20, 5), late: true };
    const out = run(rule, windowEvent(10, 5), wait(100), late, wait(130), wait(131));
    expect(phasesOf(out)).toEqual([
      'raised 40.000001 warning',
      'cleared 40.000001 warning',
      'raised 130.000001 warning',
    ]);
  });

  test('the end of a recording is no silence', () => {
    const end = watermark('plant/line', Number.MAX_SAFE_INTEGER);
    expect(phasesOf(run(rule, windowEvent(10, 5), end))).toEqual([]);
  });

  test('does not turn the situation back: silence is watched for by the present', () => {
    const quiet = {
      id: 'quiet',
      kind: 'silence',
      signal: 'temperature',
      after: '30s',
      while: "state == 'EXECUTE'",
    };
    const past = { ...machineEvent(5, 'state', {}, { state: 'STOPPED' }), late: true } as Item;
    expect(phasesOf(run(quiet, windowEvent(10, 5), past, wait(100)))).toEqual([
      'raised 40.000001 warning',
    ]);
  });
});

describe('what is declared and never heard', () => {
  const quiet = {
    id: 'quiet',
    kind: 'silence',
    signal: 'temperature',
    after: '30s',
    declared: true,
  };

  test('is missed from when the rules came into force', () => {
    const out = runFrom(wait(100), rules(quiet), wait(130), wait(131), windowEvent(140, 5));
    expect(phasesOf(out)).toEqual(['raised 130.000001 warning', 'cleared 140 warning']);
    expect(anomaliesOf(out)[0]!.reason).toBe(
      'temperature has given no value for more than 30s, and was never heard, since 1970-01-01T00:01:40Z; state UNDEFINED',
    );
  });

  test('and where nothing was heard of the line, from when its time begins', () => {
    expect(phasesOf(runFrom(rules(quiet), wait(1_000), wait(1_030), wait(1_031)))).toEqual([
      'raised 1030.000001 warning',
    ]);
    const other = windowEvent(1_000, 5, {}, { signal: 'velocity' });
    expect(phasesOf(runFrom(rules(quiet), other, wait(1_000), wait(1_030), wait(1_031)))).toEqual([
      'raised 1030.000001 warning',
    ]);
  });

  test('not without the key, not of what is not declared, not while its `while` is false', () => {
    const { declared: _, ...plain } = quiet;
    for (const rule of [
      plain,
      { ...quiet, signal: 'pressure' },
      { ...quiet, while: "state == 'EXECUTE'" },
    ]) {
      expect(phasesOf(runFrom(wait(100), rules(rule), wait(500)))).toEqual([]);
    }
  });

  test('ends with its declaration', () => {
    const bare = plantModelSchema.parse({
      id: 'plant',
      lines: [{ id: 'line', assets: [{ id: 'press', class: 'press' }] }],
    });
    const change: ChangeValue = { kind: 'model', id: 'm2', model: bare };
    const out = runFrom(wait(100), rules(quiet), wait(200), changeOf(change));
    expect(anomaliesOf(out).map(({ phase, cause }) => `${phase} ${cause}`.trim())).toEqual([
      'raised',
      'cleared signal removed',
    ]);
  });

  test('is the same wherever the run was cut', () => {
    const items: Item[] = [
      changeOf(model),
      rules(quiet),
      wait(100),
      wait(131),
      windowEvent(140, 5),
    ];
    for (const cut of [1, 2, 3]) {
      expect(phasesOf(runThrough(detect, items, new Set([cut])))).toEqual([
        'raised 130.000001 warning',
        'cleared 140 warning',
      ]);
    }
  });

  test('with `escalate` a silence that lasts is worse', () => {
    const rule = { ...quiet, raise: { escalate: { alarm: '1m', danger: '2m' } } };
    const out = runFrom(rules(rule), windowEvent(10, 5), wait(500), windowEvent(501, 5));
    expect(phasesOf(out)).toEqual([
      'raised 40.000001 warning',
      'updated 70.000001 alarm',
      'updated 130.000001 danger',
      'cleared 501 danger',
    ]);
  });
});
