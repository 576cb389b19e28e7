import { type TestContext, test } from 'vitest';

const LONG = process.env.ANDON_FAULTS === 'long';
/** Whether attack suites run in full length: `npm run test:security`. Otherwise they make fewer tries. */
const LONG_SECURITY = process.env.ANDON_SECURITY === 'long';

/** A test of the fault suite alone: `npm test` skips it, and says so. */
export function longTest(
  name: string,
  limit: number,
  run: (context: TestContext) => Promise<void>,
) {
  test(name, { timeout: limit }, async (context) => {
    context.skip(!LONG, 'long: npm run test:faults');
    await run(context);
  });
}

/** How many tries an attack suite makes: the first number in `npm test`, the second in `npm run test:security`. */
export function tries(short: number, long: number): number {
  return LONG_SECURITY ? long : short;
}
