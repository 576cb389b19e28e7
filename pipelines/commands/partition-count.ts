import { EXIT, Problem } from '../problem.ts';

/** How many partitions the log has: the option, else `ANDON_PARTITIONS`, else 1. Throws a `Problem` for nonsense. */
export function partitionCount(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): number {
  const text = option ?? env.ANDON_PARTITIONS ?? '1';
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1_024) return count;
  throw new Problem({
    where: option === undefined ? 'ANDON_PARTITIONS' : '--partitions',
    expected: 'a whole number from 1 to 1024',
    found: text,
    remedy: 'Say how many ANDON_<n> streams the log has.',
    exit: EXIT.input,
  });
}
