import { expect, test } from 'vitest';
import { correlate } from '../../../operators/correlate/correlate.ts';
import { createInternalEvents } from '../../../pipelines/observe/observe.ts';
import { createPatternCounts } from '../../../pipelines/observe/pattern-counts.ts';
import { at, machineEvent, PRESS, rules } from '../../support/findings.ts';
import { runThrough, watermark } from '../../support/flows.ts';

const pattern = ['a', 'b'].map((name, index) => ({
  name,
  where: `kind == 'event' && type == '${name}'`,
  ...(index === 0 ? {} : { follows: 'relaxed' }),
}));
const patterns = [
  { id: 'timed', pattern, within: '1m' },
  { id: 'open', pattern },
];

test('what patterns bring, drop and hold is counted per pattern, over all keys', async () => {
  const { record, metrics } = createInternalEvents({ destination: { write: () => {} } });
  const counts = createPatternCounts();
  const many = Array.from({ length: 1_003 }, (_, index) => machineEvent(100 + index, 'a'));
  runThrough(
    (states) => correlate(states, counts.watch()),
    [
      rules({ patterns }),
      ...[machineEvent(1, 'a'), machineEvent(2, 'b'), machineEvent(3, 'a')],
      machineEvent(4, 'a', {}, { asset: PRESS }),
      watermark('p1/l1', at(90)),
      ...many,
      watermark('p1/l1', at(5_000)),
    ],
  );
  counts.report(record);
  counts.report(record);
  const numberOf = async (metric: string, id: string) => {
    const text = await metrics.getSingleMetricAsString(`andon_pattern_${metric}`);
    return Number(new RegExp(`pattern="${id}"} (\\d+)`).exec(text)?.[1]);
  };
  expect(await numberOf('matches_total', 'timed')).toBe(1);
  expect(await numberOf('timeouts_total', 'timed')).toBe(2 + 1_003);
  expect(await numberOf('dropped_total', 'timed')).toBe(0);
  expect(await numberOf('partial_matches', 'timed')).toBe(0);
  expect(await numberOf('matches_total', 'open')).toBe(1);
  expect(await numberOf('dropped_total', 'open')).toBe(4);
  expect(await numberOf('partial_matches', 'open')).toBe(1_001);
  expect(await numberOf('held_events', 'open')).toBe(1_001);
});

test('a changed rule and a new pipeline leave no count of what is gone', async () => {
  const partials: number[] = [];
  const counts = createPatternCounts();
  const tell = () =>
    counts.report((event) => {
      if (event.kind === 'pattern') partials.push(event.partials);
    });
  const run = (items: Parameters<typeof runThrough>[1]) =>
    runThrough<never, unknown>((states) => correlate(states, counts.watch()), items as never);
  const open = [rules({ patterns: [patterns[1]] }), machineEvent(1, 'a')];
  run(open);
  tell();
  run([...open, rules({})]);
  tell();
  expect(partials).toEqual([1, 0]);
});
