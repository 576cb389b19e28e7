import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { lookAt } from '../../pipelines/recordings/look.ts';
import { type Decisions, deadLettersOf, rowsOf } from '../support/decisions.ts';
import {
  CONDITION_PLANT,
  CONDITION_RULES,
  decideRecording,
  fieldFolder,
} from '../support/field.ts';
import { temporaryFile } from '../support/temporary.ts';

/** What `andon look` writes of files made after public bug reports is what `andon backtest` reads. */

function fileOf(name: string, context: TestContext): string {
  const folder = fieldFolder(`condition/${dirname(name)}`);
  if (folder === undefined) return context.skip(`no ../shared/field/condition/${dirname(name)}`);
  return join(folder, name.split('/').at(-1)!);
}

/** Looks at a file, and runs it with the description that comes of it. */
async function decided(
  file: string,
  options: { readonly zone?: string; readonly choose?: string } = {},
): Promise<Decisions> {
  const [plant, rules, path] = [
    temporaryFile('plant.yaml', CONDITION_PLANT),
    temporaryFile('rules.yaml', CONDITION_RULES),
    temporaryFile('recording.yaml', ''),
  ];
  const { zone = 'UTC', choose } = options;
  const look = await lookAt(file, { subject: 'telemetry.p.l.pump', zone, folder: dirname(path) });
  expect(look.doubts.length).toBe(choose === undefined ? 0 : 1);
  writeFileSync(path, look.description.replace(/format: "[^"]*"/, `format: ${choose}`));
  return decideRecording(path, plant, rules);
}

function expectHotOnce(found: Decisions) {
  const onsets = rowsOf(found, 'anomalies').filter(({ phase }) => phase === 'raised');
  expect(onsets.map(({ rule }) => rule)).toEqual(['hot']);
  const since = new Date(Number(onsets[0]?.since) / 1_000).toISOString();
  expect(since).toMatch(/^2026-01-05T08:(1[5-9]|2[01]):/);
}

describe('a description that was written by looking is read', () => {
  test.for([
    '60-rec-plain-bom/bom.csv',
    '60-rec-plain-bom/quoted.csv',
    '60-rec-plain-bom/spaces.csv',
    '62-rec-times/basic.csv',
    '62-rec-times/commafrac.csv',
    '62-rec-times/dateonlyslash.csv',
    '62-rec-times/excel.csv',
    '62-rec-times/german.csv',
    '62-rec-times/micro.csv',
    '62-rec-times/pgoffset.csv',
    '62-rec-times/pi.csv',
    '62-rec-times/utcword.csv',
    '66-rec-order/twice.csv',
  ])('%s', { timeout: 60_000 }, async (name, context) => {
    const found = await decided(fileOf(name, context));
    expectHotOnce(found);
    expect(Object.keys(deadLettersOf(found))).toEqual([]);
  });

  test.for([
    ['62-rec-times/dayfirst.csv', 'day-first'],
    ['62-rec-times/us.csv', 'month-first'],
    ['62-rec-times/usampm.csv', 'month-first'],
  ] as const)(
    '%s, when somebody has said which number is the day',
    { timeout: 60_000 },
    async ([name, choose], context) => {
      expectHotOnce(await decided(fileOf(name, context), { choose }));
    },
  );

  test.for(['bad', 'e31', 'ioto', 'm999', 'm9999', 'na', 'null'])(
    '64-rec-sentinels/%s.csv: what stands for no value is counted, and is none',
    { timeout: 60_000 },
    async (name, context) => {
      const found = await decided(fileOf(`64-rec-sentinels/${name}.csv`, context));
      expectHotOnce(found);
      expect(deadLettersOf(found)).toEqual({ 'bad-quality': 36 });
    },
  );

  test('66-rec-order/dst.csv: the hour that is shown twice is two hours', {
    timeout: 60_000,
  }, async (context) => {
    const found = await decided(fileOf('66-rec-order/dst.csv', context), {
      zone: 'Europe/Berlin',
    });
    const times = new Set(
      rowsOf(found, 'readings').flatMap((frame) => [...frame.times].map(Number)),
    );
    expect(times.size).toBe(180);
    expect(Math.max(...times) - Math.min(...times)).toBe(179 * 60 * 1_000_000);
  });
});

test.for([
  ['66-rec-order/glued.csv', /glued\.csv:302: expected a time \(iso\), found "time"/],
  ['66-rec-order/dupcol.csv', /dupcol\.csv:1: expected one column temperature/],
] as const)('%s is refused at its line', async ([name, message], context) => {
  await expect(lookAt(fileOf(name, context), {})).rejects.toThrow(message);
});
