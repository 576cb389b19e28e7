import { ClickHouseError } from '@clickhouse/client';
import { expect, test } from 'vitest';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import type { LandingSink } from '../../../pipelines/warehouse/landing-sink.ts';
import { readNamedQuestion } from '../../../pipelines/warehouse/questions.ts';
import { followWorkFigures, lookOnce } from '../../../pipelines/warehouse/work-figures.ts';

/** A warehouse that answers each question so, and keeps what it was asked. */
function warehouse(answer: (script: string, parameters: object) => unknown) {
  const asked: string[] = [];
  const ask = async (script: string, _: AbortSignal, parameters = {}) => {
    asked.push(script);
    return answer(script, parameters) ?? [];
  };
  return { asked, landing: { ask: ask as LandingSink['ask'] } };
}

/** Looks until so many questions were asked; then what was told. */
async function followed(failures: readonly Error[]): Promise<readonly InternalEvent[]> {
  const told: InternalEvent[] = [];
  const over = new AbortController();
  const left = [...failures];
  const { landing } = warehouse(() => {
    const failure = left.shift();
    if (failure === undefined) over.abort();
    throw failure ?? over.signal.reason;
  });
  const record = (event: InternalEvent) => void told.push(event);
  await followWorkFigures({ landing, record, signal: over.signal, every: 1 });
  return told;
}

test('what keeps the figures from being read is told, unless the warehouse is away or all ends', async () => {
  const denied = new ClickHouseError({ message: 'Not enough privileges', code: '497' });
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const wrong = new TypeError('no such column');
  expect(await followed([away, denied, away, wrong])).toEqual([
    { kind: 'figures-trouble', reason: 'Not enough privileges' },
    { kind: 'figures-trouble', reason: 'no such column' },
  ]);
});

test('works that are not posted are asked for once, and those of more than eight hours counted', async () => {
  const { script: late } = await readNamedQuestion('late_postings', [], {});
  const works = [{ hours_since: 0.1 }, { hours_since: 8 }, { hours_since: 8.1 }];
  const { asked, landing } = warehouse((script) => (script === late ? works : []));
  const told: InternalEvent[] = [];
  const { signal } = new AbortController();
  await lookOnce({ landing, record: (event) => void told.push(event), signal }, new Set());
  expect(told).toEqual([expect.objectContaining({ kind: 'work-figures', unposted: 3, late: 1 })]);
  expect(asked.filter((script) => script === late)).toHaveLength(1);
});
