import { readFileSync } from 'node:fs';
import { EXIT, Problem } from '../pipelines/base/problem.ts';
import { type Figure, figuresOf } from './figures.ts';

type Verdict = 'better' | 'worse' | 'same' | 'new' | 'missing';
export type Compared = {
  readonly name: string;
  readonly verdict: Verdict;
  readonly before: number | undefined;
  readonly now: number | undefined;
};

/**
 * `npm run bench -- compare BASELINE.json NEW.json`: better, worse or the same, figure by figure, where both files have it;
 * false when anything is worse. What only one of them has is told, and no judgement.
 */
export function compare(args: readonly string[]): boolean {
  const [baseline, latest] = args;
  if (baseline === undefined || latest === undefined) {
    throw new Problem({
      expected: 'two files that benchmarks wrote with --json: compare BASELINE.json NEW.json',
      found: args.length === 0 ? 'none' : args.join(' '),
      remedy: 'The baseline of this repository is bench/baseline.json.',
      exit: EXIT.input,
    });
  }
  const read = (path: string) => figuresOf(JSON.parse(readFileSync(path, 'utf8')));
  const compared = comparedWith(read(baseline), read(latest));
  const width = Math.max(0, ...compared.map(({ name }) => name.length));
  for (const { name, verdict, before, now } of compared) {
    const change =
      before === undefined || now === undefined ? '' : ` (times ${(now / before).toFixed(2)})`;
    console.log(
      `${verdict.padEnd(7)}  ${name.padEnd(width)}  ${number(before)} -> ${number(now)}${change}`,
    );
  }
  const count = (wanted: Verdict) => compared.filter(({ verdict }) => verdict === wanted).length;
  console.log(`${count('better')} better, ${count('worse')} worse, ${count('same')} the same`);
  return count('worse') === 0;
}

/** Each figure of either report, in the order of the first. */
export function comparedWith(
  baseline: readonly Figure[],
  latest: readonly Figure[],
): readonly Compared[] {
  const now = new Map(latest.map((figure) => [figure.name, figure]));
  const known = new Set(baseline.map(({ name }) => name));
  return [
    ...baseline.map((figure): Compared => {
      const { name, value: before } = figure;
      const { value } = now.get(name) ?? {};
      return { name, verdict: verdictOf(figure, value), before, now: value };
    }),
    ...latest
      .filter(({ name }) => !known.has(name))
      .map(({ name, value }): Compared => {
        return { name, verdict: 'new', before: undefined, now: value };
      }),
  ];
}

/** Up to the tolerance as a factor either way: half as fast and twice as fast are as far from the same. */
function verdictOf({ value, better, tolerance }: Figure, now: number | undefined): Verdict {
  if (now === undefined) return 'missing';
  const gain = better === 'more' ? now / value : value / now;
  if (gain > 1 + tolerance) return 'better';
  return gain < 1 / (1 + tolerance) ? 'worse' : 'same';
}

function number(value: number | undefined): string {
  return value === undefined ? '-' : String(Number(value.toPrecision(3)));
}
