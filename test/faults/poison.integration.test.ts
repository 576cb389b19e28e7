import { describe, expect } from 'vitest';
import { disturbances } from '../stand/disturbances.ts';
import { landedTo, rowsOf } from '../stand/landed.ts';
import { expectOutcome, type Outcome } from '../stand/outcome.ts';
import { until } from '../stand/stand.ts';
import { FAULTS_PRELOAD, POISON_PRELOAD, withFault } from '../stand/worker-fault-of.ts';
import { longTest } from '../support/long.ts';

const { calm, relayed } = disturbances();

/** Of a machine that nobody knows: without them only the count of unknown frames is another. */
const GHOST = 'telemetry.p1.l1.ghost';

type DeadLetter = {
  readonly reason: string;
  readonly stage: string;
  readonly source: string;
  readonly count: number;
};

/** The outcome without this many unknown frames of the ghost, which are defects instead. */
function poisoned(calmly: Outcome, many: number): Outcome {
  const deadLetters = (calmly.deadLetters as DeadLetter[]).map((deadLetter) =>
    deadLetter.source === GHOST && deadLetter.reason === 'unknown'
      ? { ...deadLetter, count: deadLetter.count - many }
      : deadLetter,
  );
  const defect = { reason: 'defect', stage: 'engine', source: GHOST, count: many };
  const order = (deadLetter: DeadLetter) =>
    `${deadLetter.reason} ${deadLetter.stage} ${deadLetter.source}`;
  return {
    ...calmly,
    deadLetters: [...deadLetters, defect].sort((a, b) => (order(a) < order(b) ? -1 : 1)),
  };
}

describe('messages that a stage throws on', () => {
  longTest(
    'are skipped and told of, and nothing else changes, also when the worker dies as it writes that down',
    240_000,
    async () => {
      const expected = await calm();
      const { stand } = await relayed(FAULTS_PRELOAD, POISON_PRELOAD);
      const poison = { ANDON_TEST_POISON: `${GHOST} 7` };
      for (const moment of ['before', 'after'] as const) {
        const fault = withFault({ file: 'plant-0', step: 'rename', moment });
        await stand.worker.live({ ...poison, ...fault });
        expect(stand.worker.lines.at(-1)).toBe(`fault: kill ${moment} rename of plant-0`);
      }
      await stand.worker.start(poison);
      await until(
        'everything to land',
        60_000,
        async () => (await landedTo(stand)) >= expected.last,
      );
      const query =
        "SELECT toUInt32(sum(count)) AS many FROM {db}.dead_letters WHERE reason = 'defect'";
      const [row] = await rowsOf<{ many: number }>(stand, query);
      expect(row?.many).toBeGreaterThan(2);
      await expectOutcome(stand, poisoned(expected, row?.many ?? 0));
    },
  );

  longTest(
    'more than ten of them within an hour stop the partition, and lose nothing',
    240_000,
    async () => {
      const expected = await calm();
      const { stand } = await relayed(POISON_PRELOAD);
      const { code } = await stand.worker.live({ ANDON_TEST_POISON: `${GHOST} 1` });
      expect(code).toBe(1);
      expect(stand.worker.lines.join('\n')).toContain('messages an hour that operators throw on');
      // Once the defect is mended.
      await stand.worker.start();
      await expectOutcome(stand, poisoned(expected, 10));
    },
  );
});
