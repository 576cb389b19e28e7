import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { disturbances } from '../stand/disturbances.ts';
import { expectOutcome } from '../stand/outcome.ts';
import { type Service, until } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { calm, keep, relayed } = disturbances();

/** Starts until the lease of the one before it has ended, as whatever supervises a worker does. */
async function takeOver(next: Service): Promise<void> {
  for (let from = 0; ; from = next.lines.length) {
    let code: number | null | undefined;
    const life = next.live().then((exit) => {
      code = exit.code;
    });
    life.catch(() => undefined);
    const isTaken = () => next.lines.slice(from).some((line) => line.includes('"taken-over"'));
    await until('a take-over', 60_000, async () => isTaken() || code !== undefined);
    if (code === undefined) return;
    expect(code, next.lines.slice(-5).join('\n')).toBe(4);
  }
}

describe('a host that is lost with its directory', () => {
  for (const [moment, ask] of [
    ['amid a commit', /PUB commit\.plant\.0\.1[\s\S]*"kind":"epoch","epoch":8,/],
    ['amid an insert', /INSERT INTO \S*\bwindows\b\S* SETTINGS/],
    ['amid the copy of a checkpoint', /PUB \$O\.ANDON_CHECKPOINTS_0\.C\./],
  ] as const)
    longTest(`${moment}: a worker with an empty one goes on`, 300_000, async () => {
      const expected = await calm();
      const { stand, nats, warehouse } = await relayed();
      const held = moment === 'amid an insert' ? warehouse.hold({ ask }) : nats.hold({ ask });
      await stand.worker.start();
      const { cut } = await held;
      await stand.worker.kill();
      cut();
      rmSync(join(stand.directory, 'plant-0'), { recursive: true });
      const elsewhere = { ANDON_DIR: temporaryDirectory(), ANDON_OWNER: 'hall-8' };
      const next = keep(stand.twin({ ...elsewhere, ANDON_HTTP_PORT: '0' }));
      await takeOver(next);
      await expectOutcome(stand, expected);
      await next.stop();
    });
});
