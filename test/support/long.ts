import { type TestContext, test } from 'vitest';

const LONG = process.env.ANDON_FAULTS === 'long';

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
