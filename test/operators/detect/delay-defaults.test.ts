import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import { DELAY_DEFAULTS } from '../../../operators/model/detector-bounds.ts';
import { DETECTOR_LEVELS, detectorRuleSchema } from '../../../operators/model/detector-rule.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { formatDuration } from '../../../operators/model/time.ts';
import { detectorText } from '../../../pipelines/rules/explain/detector-text.ts';
import { runThrough } from '../../support/flows.ts';
import { randomOf } from '../../support/plant-log.ts';
import { atOnce, changeOf, model, phasesOf, seconds, windowEvent } from './fixtures.ts';

test('docs/rules.md has the defaults of every kind', () => {
  const [, page = ''] = readFileSync('docs/rules.md', 'utf8').split('### Delays and deadbands\n');
  const rows = (page.split('\n#')[0] ?? '')
    .split('\n')
    .filter((line) => /^\| `[a-z0-9-]+` \| (?:\d|–)/.test(line));
  const told = Object.fromEntries(
    rows.map((row) => {
      const [, kind = '', ...cells] = row.split('|').map((cell) => cell.trim());
      return [kind.replaceAll('`', ''), cells.slice(0, 3)];
    }),
  );
  const meant = Object.keys(DETECTOR_LEVELS).map((kind) => {
    const { raise, clear } = DELAY_DEFAULTS[kind] ?? {};
    const back = clear?.after === undefined ? clear?.count : formatDuration(clear.after);
    return [kind, [raise?.count, back, clear?.deadband].map((one) => String(one ?? '–'))];
  });
  expect(told).toEqual(Object.fromEntries(meant));
});

describe('what a rule says counts', () => {
  const parsed = (more: object) =>
    detectorRuleSchema.parse({ id: 'usual', kind: 'baseline', signal: 'heat', ...more });

  test('nothing said', () => {
    const { raise, clear } = parsed({});
    expect(raise).toEqual({ count: 3 });
    expect(clear).toEqual({ count: 3, deadband: '10%' });
  });

  test('a delay of its own takes the count of the defaults away, on either way', () => {
    const rule = parsed({ raise: { after: '1m' }, clear: { after: '0s', deadband: 0 } });
    expect(rule.raise).toEqual({ after: 60e6 });
    expect(rule.clear).toEqual({ after: 0, deadband: 0 });
  });

  test('what has no sample, and what clears by itself, has none', () => {
    const silence = { id: 'gone', kind: 'silence', signal: 'heat', after: '1m' };
    expect(detectorRuleSchema.parse(silence)).toMatchObject({ raise: {}, clear: {} });
    const sum = { id: 'sum', kind: 'cusum', signal: 'heat' };
    expect(detectorRuleSchema.parse(sum)).toMatchObject({ raise: {}, clear: {} });
  });

  test.each([
    [
      { kind: 'cusum' },
      'limit 20: raised with the first breach; it clears when its sum is back at 0',
    ],
    [{ kind: 'stuck' }, 'windows 6: raised with the first breach; it clears with the first change'],
    [
      { kind: 'usage', every: 500, raise: { count: 2 } },
      'due every 500: raised by a breach 2 samples in a row; a completed request ends it',
    ],
    [{ kind: 'silence', after: '1m' }, 'raised after 1m without a value; one value ends a silence'],
    [
      { kind: 'silence', after: '1m', clear: { after: '5m' } },
      'raised after 1m without a value; one value ends a silence, once it was well for 5m',
    ],
  ])('a sentence says how a kind ends that has no deadband: %j', (more, sentence) => {
    const raw = { id: 'own', signal: 'heat', ...more };
    expect(detectorText(detectorRuleSchema.parse(raw), raw)).toContain(`${sentence}.`);
  });

  test.each([
    ['raise', { after: '5m' }],
    ['raise', { count: 3 }],
    ['clear', { count: 3 }],
  ])('a silence has no %s of %j', (part, delays) => {
    const raw = { id: 'own', kind: 'silence', signal: 'heat', after: '1m', [part]: delays };
    expect(detectorRuleSchema.safeParse(raw).error?.issues).toMatchObject([
      { path: [part, ...Object.keys(delays)], message: expect.stringContaining('one value ends') },
    ]);
  });

  test('a sentence says which are defaults', () => {
    const raw = { raise: { count: 2 }, clear: { deadband: '5%' } };
    expect(detectorText(parsed(raw), raw)).toBe(
      'baseline of heat, limit 6: raised by a breach 2 samples in a row; cleared when it was well 3 samples in a row (default), by a deadband of 5%.',
    );
  });
});

/** A machine over 30 days, a window every ten minutes: loaded by day, and noise that remembers. */
function machine() {
  const random = randomOf(11);
  let noise = 0;
  return Array.from({ length: 30 * 144 }, (_, at) => {
    noise = 0.7 * noise + 0.25 * (random() + random() + random() - 1.5);
    const load = Math.max(0, Math.sin((2 * Math.PI * at) / 144));
    const value = 2 + 0.75 * load + noise;
    const end = 600 * (at + 1);
    const more = { signal: 'velocity', start: seconds(end - 600) };
    return windowEvent(end, value, {}, more);
  });
}

test('the defaults keep a machine near its limits from flooding', () => {
  const rules = [
    { id: 'limit', kind: 'limit', above: 2.8 },
    { id: 'iso20816', kind: 'iso20816' },
    { id: 'iso20816-change', kind: 'iso20816-change' },
    { id: 'baseline', kind: 'baseline', limit: 1.5 },
    { id: 'ewma', kind: 'ewma', limit: 3 },
    { id: 'range', kind: 'range', margin: 0 },
    { id: 'rate', kind: 'rate', rise: 0.6, per: '1h', over: '1h' },
  ].map((rule) => ({ signal: 'velocity', window: 'ten', ...rule }));
  const samples = machine();
  const onsetsOf = (rule: object) => {
    const windows = [{ id: 'ten', kind: 'tumbling', size: '10m' }];
    const parsed = rulesSchema.parse({ windows, detectors: [rule] });
    const change: ChangeValue = { kind: 'rules', id: 'r1', plant: 'plant', rules: parsed };
    const out = runThrough(detect, [changeOf(model), changeOf(change), ...samples]);
    return phasesOf(out).filter((phase) => phase.startsWith('raised')).length;
  };
  const found = Object.fromEntries(
    rules.map((rule) => [rule.id, [onsetsOf(atOnce(rule)), onsetsOf(rule)]]),
  );
  // Onsets with single samples, and with the defaults. A rise of every morning is one by either.
  expect(found).toEqual({
    limit: [107, 61],
    iso20816: [107, 26],
    'iso20816-change': [34, 4],
    baseline: [8, 2],
    ewma: [34, 25],
    range: [12, 9],
    rate: [24, 24],
  });
});
