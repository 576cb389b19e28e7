import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { disturbances } from '../stand/disturbances.ts';
import { landedTo } from '../stand/landed.ts';
import { expectOutcome } from '../stand/outcome.ts';
import { type Stand, startStand, until } from '../stand/stand.ts';
import { CLOCK_PRELOAD, FAULTS_PRELOAD, withFault } from '../stand/worker-fault-of.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Three times as long as a lease lives without its owner. */
const FROZEN = 30_000;

const { calm, keep, relayed } = disturbances();

function signal({ worker }: Stand, name: NodeJS.Signals): void {
  const pid = worker.pid();
  if (pid === undefined) throw new Error('expected a worker that lives');
  process.kill(pid, name);
}

/** To the next of its three times, which must be this one. */
async function setClock(stand: Stand, time: string): Promise<void> {
  signal(stand, 'SIGUSR2');
  await until(`the clock to be ${time} off`, 5_000, async () =>
    stand.worker.lines.includes(`clock: ${time} off`),
  );
}

const INSERT = /INSERT INTO \S*\bwindows\b\S* SETTINGS/;

describe('an owner that is frozen for 30 s amid an insert', () => {
  longTest('goes on when it wakes up and nobody has taken its place', 240_000, async () => {
    const expected = await calm();
    const { stand, warehouse } = await relayed();
    const held = warehouse.hold({ ask: INSERT });
    await stand.worker.start();
    const { go } = await held;
    signal(stand, 'SIGSTOP');
    go();
    await pause(FROZEN);
    signal(stand, 'SIGCONT');
    await expectOutcome(stand, expected);
    expect(stand.worker.lines.join('\n')).not.toContain('"owner-lost"');
  });

  longTest(
    'ends with the name of who has taken its place, and does no harm by what was under way',
    300_000,
    async () => {
      const expected = await calm();
      const { stand, warehouse } = await relayed();
      const held = warehouse.hold({ ask: INSERT });
      await stand.worker.start();
      const { go } = await held;
      signal(stand, 'SIGSTOP');
      await pause(FROZEN);
      const config = { run: '2', owner: 'hall-8', cmms: undefined };
      const next = keep(await startStand({ nats: stand.nats, config }));
      await next.worker.start();
      await until('the next worker to be the owner', 90_000, async () =>
        next.worker.lines.some((line) => line.includes('"kind":"started"')),
      );
      // The insert is carried out, and the answer is there when its owner wakes up.
      const life = stand.worker.ended();
      go();
      signal(stand, 'SIGCONT');
      expect((await life).code).toBe(4);
      expect(stand.worker.lines.join('\n')).toMatch(/"kind":"owner-lost".*hall-8/);
      await next.worker.stop();
      await stand.worker.start();
      await expectOutcome(stand, expected);
    },
  );
});

/** The append of the third epoch: before nats-server has it, and after that. */
const COMMIT = /PUB commit\.plant\.0\.1[\s\S]*"kind":"epoch","epoch":3,/;
const COMMITTED = /"stream": ?"ANDON_COMMITS"/;

describe('an owner that is frozen amid a commit, while another one works on in a copy of its directory', () => {
  for (const [moment, when] of [
    ['before it is carried out', { ask: COMMIT }],
    ['after it is carried out', { ask: COMMIT, answer: COMMITTED }],
  ] as const)
    longTest(
      `${moment}: commits nothing more, and the rows are as undisturbed`,
      300_000,
      async () => {
        const expected = await calm();
        const { stand, nats } = await relayed();
        const held = nats.hold(when);
        await stand.worker.start();
        const { go } = await held;
        signal(stand, 'SIGSTOP');
        const directory = temporaryDirectory();
        cpSync(join(stand.directory, 'plant-0'), join(directory, 'plant-0'), { recursive: true });
        await pause(FROZEN);
        const next = keep(
          stand.twin({ ANDON_DIR: directory, ANDON_HTTP_PORT: '0', ANDON_OWNER: 'hall-8' }),
        );
        const working = next.live();
        await until('the next worker to have taken over', 120_000, async () =>
          next.lines.some((line) => line.includes('"kind":"taken-over"')),
        );
        const life = stand.worker.ended();
        go();
        signal(stand, 'SIGCONT');
        expect((await life).code).toBe(4);
        expect(stand.worker.lines.join('\n')).toMatch(/"kind":"owner-lost".*hall-8/);
        await expectOutcome(stand, expected);
        await next.stop();
        expect((await working).code).toBe(0);
      },
    );
});

describe('an event loop that stands still for 15 s', () => {
  for (const file of ['epochs', 'clickhouse'])
    longTest(`at the ${file} file holds up nothing but time`, 240_000, async () => {
      const expected = await calm();
      const { stand } = await relayed(FAULTS_PRELOAD);
      await stand.worker.start(
        withFault({
          file,
          step: 'rename',
          moment: 'before',
          nth: 3,
          act: 'block',
          milliseconds: 15_000,
        }),
      );
      await expectOutcome(stand, expected);
      expect(stand.worker.lines).toContain(`fault: block before rename of ${file}`);
    });
});

describe('a clock that is set three hours ahead, five hours back and right again', () => {
  longTest(
    'changes no answer, and holds up neither sinks nor the way to NATS and CMMS',
    240_000,
    async () => {
      const expected = await calm();
      const { stand, warehouse, cmms } = await relayed(CLOCK_PRELOAD);
      const post = { ask: /^POST \/api\/work-requests /, answer: /^HTTP/ };
      const change = { ask: /^(PATCH|PUT) \/api\/work-requests/ };
      const insert = { ask: INSERT, answer: /^HTTP/ };
      // Held from the start on: nothing else may come between, since the calls of one request follow each other.
      const first = warehouse.hold(insert);
      const posted = cmms.hold(post);
      await stand.worker.start();
      (await first).cut();
      const second = await warehouse.hold(insert);
      await setClock(stand, '3 h');
      second.cut();
      const made = await posted;
      const changed = cmms.hold(change);
      await setClock(stand, '-5 h');
      made.cut();
      const last = await changed;
      await setClock(stand, '0 h');
      last.cut();
      await expectOutcome(stand, expected);
    },
  );

  longTest(
    'set back while nats-server is away, it reconnects as soon as it is there',
    240_000,
    async () => {
      const expected = await calm();
      const { stand } = await relayed(CLOCK_PRELOAD);
      await stand.worker.start();
      await until('a first epoch', 60_000, async () => (await landedTo(stand)) > 0);
      await stand.nats.kill();
      for (const time of ['3 h', '-5 h']) await setClock(stand, time);
      await stand.nats.restart();
      await expectOutcome(stand, expected);
    },
  );
});
