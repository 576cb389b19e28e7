import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import type { WindowRow } from '../../operators/model/tables.ts';
import { fromMilliseconds, MINUTE, SECOND } from '../../operators/model/time.ts';
import { runPatternExample } from '../../pipelines/rules/examples/examples.ts';
import { readRulesFile } from '../../pipelines/rules/rules.ts';
import { type Decisions, deadLettersOf, rowsOf } from '../support/decisions.ts';
import { decideField, fieldFolder } from '../support/field.ts';

/** Inputs made after public bug reports, each with the right answer in its file `expect`. */
const START = fromMilliseconds(Date.UTC(2026, 5, 1, 4));

describe('engine/05-equal-times: what one source says of one time is in its own order', () => {
  const cases = [
    ['names', 'left-then-alarm'],
    ['states', 'asked-while-aborted'],
    ['states', 'execute-then-aborted'],
  ];
  for (const [name = '', pattern = ''] of cases) {
    test(`${name}: ${pattern} matches once`, async (context) => {
      const files = { rules: `${name}.yaml`, data: name };
      const found = await onField('05-equal-times', files, context);
      const incidents = rowsOf(found, 'incidents').filter(({ rule }) => rule === pattern);
      expect(incidents).toHaveLength(1);
    });
  }

  test('b before a is no "a, then b"', async (context) => {
    const files = { rules: 'rules.yaml', data: 'b-first' };
    expect(rowsOf(await onField('05-equal-times', files, context), 'incidents')).toEqual([]);
  });
});

describe('engine/11-sessions: sessions of a source that falls silent come out', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['single', ['0..5: 1 of 1']],
    ['exact', ['0..15: 3 of 7']],
    ['beyond', ['0..5: 1 of 1', '5.001..10.001: 1 of 2']],
    ['bridge', ['0..13: 3 of 7', '30..35: 1 of 16', '60..65: 1 of 32']],
    ['swapped', ['7..15: 4 of 15']],
  ];
  for (const rules of ['rules.yaml', 'with-minute.yaml']) {
    for (const [name, expected] of cases) {
      test(`${name}, ${rules}`, async (context) => {
        const found = await onField('11-sessions', { rules, data: name }, context);
        const sessions = rowsOf(found, 'windows').filter(
          ({ asset, window }) => asset === 'm1' && window === 'cycle',
        );
        expect(lastOf(sessions)).toEqual(expected);
      });
    }
  }
});

/** The last version of each session that is left, in seconds after the start. */
function lastOf(windows: readonly WindowRow[]): readonly string[] {
  const last = new Map<number, WindowRow>();
  for (const window of windows) {
    const known = last.get(window.start);
    if (known === undefined || window.version > known.version) last.set(window.start, window);
  }
  const seconds = (time: number) => (time - START) / SECOND;
  return [...last.values()]
    .filter(({ count }) => count > 0)
    .sort((a, b) => a.start - b.start)
    .map(({ start, end, count, sum }) => {
      return `${seconds(start)}..${seconds(end)}: ${count} of ${sum}`;
    });
}

describe('engine/14-clock-of-1970: the clock of one machine delays no other', () => {
  const names = [
    'good',
    'later',
    'first',
    'hour',
    'ahead',
    'back-90s',
    'reboot-1970',
    'reboot-resync',
  ];
  test.for(names)('%s', async (name, context) => {
    const files = { rules: 'rules.yaml', data: name };
    const found = await onField('14-clock-of-1970', files, context);
    const raised = rowsOf(found, 'anomalies').filter(({ phase }) => phase === 'raised');
    expect(raised).toMatchObject([{ rule: 'hot', asset: 'm1', time: START + 3 * MINUTE }]);
    expect(rowsOf(found, 'requests').filter(({ revision }) => revision === 1)).toHaveLength(1);
    const unanswered = rowsOf(found, 'incidents').filter(({ rule }) => rule === 'stop-unanswered');
    expect(unanswered).toMatchObject([{ asset: 'm1', time: START + 5 * MINUTE + 20 * SECOND }]);
    const { skew = 0, 'out-of-step': outOfStep = 0 } = deadLettersOf(found);
    expect(skew + outOfStep > 0).toBe(name !== 'good');
  });
});

describe('engine/16-numbers-as-text: every number is a reading, and nothing vanishes', () => {
  test.for(['numbers', 'text', 'mixed', 'nulls'])(
    '%s: it is found to be hot',
    async (data, context) => {
      const found = await onField('16-numbers-as-text', { rules: 'rules.yaml', data }, context);
      const raised = rowsOf(found, 'anomalies').filter(({ phase }) => phase === 'raised');
      expect(raised.map(({ rule }) => rule)).toContain('hot');
    },
  );

  test('of ten values, nine numbers and a text, nine are readings; pressure has all, and a dozen came before', async (context) => {
    const files = { rules: 'rules.yaml', data: 'mixed' };
    const found = await onField('16-numbers-as-text', files, context);
    const numbers = rowsOf(found, 'readings').flatMap(({ values }) => [...values]);
    expect(numbers.filter((value) => Number.isFinite(value))).toHaveLength(12 + 432 + 480);
    expect(deadLettersOf(found)).toEqual({ text: 48 });
  });
});

describe('engine/28-answered-hides-worse: an answer hides nothing that is worse', () => {
  const names = ['none', 'rejected', 'completed', 'cleared', 'cleared-26h'];
  for (const rules of ['rules.yaml', 'component.yaml']) {
    test.for(names)(`%s, ${rules}: an urgent request after two hours`, async (data, context) => {
      const first = await onField('28-answered-hides-worse', { rules, data: 'none' }, context);
      const [opened] = rowsOf(first, 'requests');
      const found = await onAnswered(data, rules, opened?.id ?? '', context);
      const urgent = rowsOf(found, 'requests').filter(({ priority }) => priority === 'urgent');
      const [told] = urgent.map(({ time }) => (time - START) / MINUTE);
      expect(told).toBeGreaterThanOrEqual(120);
      expect(told).toBeLessThan(126);
    });
  }
});

/** A recording in which people answer the first request, whose id stands in a template. */
async function onAnswered(
  data: string,
  rules: string,
  id: string,
  context: TestContext,
): Promise<Decisions> {
  const name = '28-answered-hides-worse';
  const folder = fieldFolder(`engine/${name}`);
  if (folder === undefined) return context.skip(`no ../shared/field/engine/${name}`);
  const template = join(folder, `${data}.template`);
  if (!existsSync(template)) return onField(name, { rules, data }, context);
  const text = readFileSync(template, 'utf8').replaceAll('@ID1@', id);
  return decideField(folder, { rules, data: `${data}.ndjson`, text });
}

describe('engine/05 and 06: the examples of the rules files', () => {
  test('equal times are in the order in which they come', async (context) => {
    const folder = fieldFolder('engine/05-equal-times');
    if (folder === undefined) return context.skip('no ../shared/field/engine/05-equal-times');
    const { rules } = await readRulesFile(join(folder, 'rules.yaml'));
    for (const pattern of rules.patterns) {
      for (const example of pattern.examples) {
        expect(runPatternExample(pattern, example).passed, `${pattern.id}: ${example.name}`).toBe(
          true,
        );
      }
    }
  });

  test('an absence in a group that would not be looked for is refused with a way to write it', async (context) => {
    const folder = fieldFolder('engine/06-absence-in-groups');
    if (folder === undefined) return context.skip('no ../shared/field/engine/06-absence-in-groups');
    for (const file of ['rules.yaml', 'variations/groups.yaml']) {
      await expect(readRulesFile(join(folder, file))).rejects.toThrow(
        /would not be looked for.*write/s,
      );
    }
  });
});

/** The decisions about a recording; where its folder is absent, skips the test and says so. */
async function onField(
  name: string,
  files: { readonly rules: string; readonly data: string },
  context: TestContext,
): Promise<Decisions> {
  const folder = fieldFolder(`engine/${name}`);
  if (folder === undefined) return context.skip(`no ../shared/field/engine/${name}`);
  return decideField(folder, { ...files, data: `${files.data}.ndjson` });
}
