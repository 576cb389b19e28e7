/** A law of `test/laws`, tried on cases that chance makes: a few in `npm test`, or for so many minutes. */
import fc from 'fast-check';
import { test } from 'vitest';
import { runs } from './long.ts';

/** `ANDON_LAW_MINUTES=20 npx vitest run --project laws test/laws/3-restart` tries the law of that file for so long. */
const MINUTES = Number(process.env.ANDON_LAW_MINUTES ?? 0);
/** Where chance begins: to see a failure again. `npm test` always tries the same cases; a run for minutes tries others. */
const SEED = process.env.ANDON_LAW_SEED ?? (MINUTES > 0 ? undefined : '20261130');

/** For all values of the arbitrary: `check` throws when the law does not hold. `after` sees to it that something was tried. */
export function law<T>(
  name: string,
  cases: number,
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => void | Promise<void>,
  after: () => void = () => {},
): void {
  const long = MINUTES > 0;
  // What is being shrunk is not stopped.
  const timeout = long ? MINUTES * 60_000 * 3 : 240_000;
  test(name, { timeout }, async () => {
    let tried = 0;
    const property = fc.asyncProperty(arbitrary, async (value) => {
      tried += 1;
      if (long && tried % 10 === 0) process.stderr.write(`${name}: ${tried} cases\n`);
      // The test runner is heard now and then.
      await new Promise(setImmediate);
      await check(value);
    });
    const limits = { interruptAfterTimeLimit: MINUTES * 60_000, markInterruptAsFailure: false };
    await fc.assert(property, {
      ...(long ? { ...limits, numRuns: 1_000_000 } : { numRuns: runs(cases) }),
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    });
    if (long) process.stderr.write(`${name}: ${tried} cases in ${MINUTES} minutes\n`);
    if (tried >= cases) after();
  });
}
