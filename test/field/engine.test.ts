import { describe, expect, type TestContext, test } from 'vitest';
import type { WindowRow } from '../../operators/model/tables.ts';
import { fromMilliseconds, MINUTE, SECOND } from '../../operators/model/time.ts';
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
