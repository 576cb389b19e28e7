import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { evaluateCwru } from '../../../bench/eval/cwru.ts';
import { evaluateIms } from '../../../bench/eval/ims.ts';
import { evaluateNab } from '../../../bench/eval/nab.ts';
import { evaluatePronostia } from '../../../bench/eval/pronostia.ts';
import { evaluateRemainingLife } from '../../../bench/eval/remaining-life.ts';
import { evaluateSkab } from '../../../bench/eval/skab.ts';
import { resultsOf } from '../../../bench/eval/write-results.ts';
import { realData } from '../../support/real-data.ts';

const SETS = {
  cwru: evaluateCwru,
  ims: evaluateIms,
  nab: evaluateNab,
  pronostia: evaluatePronostia,
  skab: evaluateSkab,
};

test.for(Object.entries(SETS))(
  '%s gives what is asked for, and docs/detection.md says what it gives',
  async ([name, evaluate], context) => {
    const data = realData(name, context);
    const evaluation = await evaluate(data, new AbortController().signal);
    expect(evaluation.bars.filter(({ met }) => !met)).toEqual([]);
    // After a change on purpose: npm run eval -- --write-docs
    expect(readFileSync('docs/detection.md', 'utf8')).toContain(resultsOf(evaluation));
    for (const { file } of evaluation.plots) readFileSync(`docs/plots/${file}.svg`);
  },
);

test('remaining life: docs/detection.md says how often a trend was right', async (context) => {
  const [data] = ['ims', 'pronostia'].map((name) => dirname(realData(name, context)));
  const evaluation = await evaluateRemainingLife(data ?? '');
  expect(evaluation.bars.filter(({ met }) => !met)).toEqual([]);
  expect(readFileSync('docs/detection.md', 'utf8')).toContain(resultsOf(evaluation));
});
