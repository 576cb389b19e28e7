import { describe, expect } from 'vitest';
import type { Exit } from '../../pipelines/base/child.ts';
import { disturbances } from '../stand/disturbances.ts';
import { expectOutcome } from '../stand/outcome.ts';
import type { Service } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { calm, keep, relayed } = disturbances();
const ROUNDS = 4;

/** Starts both in the same moment; gives back the one that stays, once the other one has ended. */
async function race(
  one: Service,
  other: Service,
): Promise<{ stays: Service; ended: Exit; said: string }> {
  const lives = [one, other].map(async (service) => ({ service, ended: await service.live() }));
  for (const life of lives) life.catch(() => undefined);
  const { service, ended } = await Promise.race(lives);
  const said = service.lines.slice(-6).join('\n');
  return { stays: service === one ? other : one, ended, said };
}

describe('two workers that start at the same moment', () => {
  longTest(
    'on one directory: one of them works, the other one ends and says who does',
    240_000,
    async () => {
      const expected = await calm();
      const { stand } = await relayed();
      const twin = keep(stand.twin());
      for (let round = 0; round < ROUNDS; round += 1) {
        const { stays, ended, said } = await race(stand.worker, twin);
        expect(ended.code).toBe(4);
        expect(said).toMatch(/found that it belongs to/);
        await stays.kill();
      }
      await stand.worker.start();
      await expectOutcome(stand, expected);
    },
  );

  longTest(
    'on two directories: one of them works to the end, the other one ends and says who does',
    240_000,
    async () => {
      const expected = await calm();
      const { stand } = await relayed();
      const twin = keep(
        stand.twin({
          ANDON_DIR: temporaryDirectory(),
          ANDON_HTTP_PORT: '0',
          ANDON_OWNER: 'hall-8',
        }),
      );
      const { ended, said } = await race(stand.worker, twin);
      expect(ended.code).toBe(4);
      expect(said).toMatch(/expected a partition that no other worker holds/);
      await expectOutcome(stand, expected);
    },
  );
});
