import { describe, type TestContext, test } from 'vitest';

/** Whether the suite of edges runs in full length: `npm run test:edge`. */
const LONG_EDGE = process.env.ANDON_EDGE === 'long';
const LONG = process.env.ANDON_FAULTS === 'long' || process.env.ANDON_WORLD === 'long' || LONG_EDGE;
/** Whether attack suites run in full length: `npm run test:security`. Otherwise they make fewer tries. */
const LONG_SECURITY = process.env.ANDON_SECURITY === 'long';

/** Whether properties are tried as often as they say: `npm test`. Otherwise a part of it is tried: `npm run check`. */
const FULL = process.env.ANDON_RUNS === 'full';

/** A test of the heavy suites alone: `npm test` skips it, and says so. */
export function longTest(
  name: string,
  limit: number,
  run: (context: TestContext) => Promise<void>,
) {
  test(name, { timeout: limit }, async (context) => {
    context.skip(!LONG, 'long: npm run test:faults, test:world or test:edge');
    await run(context);
  });
}

/**
 * Tests that share what is started for them, of the heavy suites alone: `npm test` starts nothing for them, and says so.
 * `lacking`: what this machine has not, in a sentence.
 */
export function longSuite(name: string, tests: () => void, lacking?: string): void {
  const why = LONG ? lacking : 'long: npm run test:world';
  if (why === undefined) describe(name, tests);
  else test(name, (context) => context.skip(why));
}

/** How many tries an attack suite makes: the first number in `npm test`, the second in `npm run test:security`. */
export function tries(short: number, long: number): number {
  return LONG_SECURITY ? long : short;
}

/** How many schedules of hosts are simulated: a few in `npm test`, and as many as take minutes in `npm run test:hosts`. */
export function hostSchedules(): number {
  return process.env.ANDON_HOSTS === 'long' ? 2_000 : 6;
}

/** How often a property that takes seconds is tried: `count` times in `npm test`, a fifth of it in `npm run check`. */
export function runs(count: number): number {
  return FULL ? count : Math.ceil(count / 5);
}

/** How many tries an attack on an edge makes: the first number in `npm test`, the second in `npm run test:edge`. */
export function edgeTries(short: number, long: number): number {
  return LONG_EDGE ? long : short;
}
