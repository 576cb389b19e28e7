import { afterAll, describe, expect } from 'vitest';
import { expectOutcome, publishInto, undisturbed } from '../stand/outcome.ts';
import { recordedPlant } from '../stand/recorded-plant.ts';
import { type Stand, startStand } from '../stand/stand.ts';
import { FAULTS_PRELOAD, type WorkerFault, withFault } from '../stand/worker-fault-of.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const stands: Stand[] = [];
afterAll(async () => {
  for (const stand of stands.reverse()) await stand.stop();
});

/** Every step of writing a file whole, from the outside in. */
function stepsOf(file: string, directory: string): WorkerFault[] {
  return [
    { file, step: 'open', moment: 'before' },
    { file, step: 'open', moment: 'after' },
    { file, step: 'write', moment: 'amid' },
    { file, step: 'write', moment: 'after' },
    { file, step: 'sync', moment: 'after' },
    { file, step: 'rename', moment: 'after' },
    { file: directory, step: 'sync-directory', moment: 'after' },
  ];
}

const removals = (file: string): WorkerFault[] => [
  { file, step: 'remove', moment: 'before' },
  { file, step: 'remove', moment: 'after' },
];

/** What a life gets on with most comes last: while a row is on its way to land, epochs are written and passed on. */
const POINTS: readonly WorkerFault[] = [
  ...stepsOf('epochs', 'epochs'),
  ...stepsOf('checkpoints', 'checkpoints'),
  ...removals('checkpoints'),
  ...stepsOf('outbox', 'cursors'),
  ...stepsOf('clickhouse', 'cursors'),
  ...removals('epochs'),
];

describe('killed before and after each step of', () => {
  longTest(
    'epoch file, checkpoint and cursors, one life each, a worker ends where an undisturbed one does',
    480_000,
    async () => {
      const plant = recordedPlant(temporaryDirectory(), 900, 17);
      const calm = await undisturbed(plant);
      const stand = await startStand({
        warehouse: 'apart',
        preload: [FAULTS_PRELOAD],
        config: { epoch: { seconds: 1, rows: 60, checkpointEvery: 2 } },
      });
      stands.push(stand);
      expect(await publishInto(stand, plant)).toBe(calm.last);
      for (const point of POINTS) {
        const exit = await stand.worker.live(withFault(point));
        const { step, file, moment } = point;
        expect(stand.worker.lines.at(-1)).toBe(`fault: kill ${moment} ${step} of ${file}`);
        expect(exit).toEqual({ code: null, signal: 'SIGKILL' });
      }
      await stand.worker.start();
      await expectOutcome(stand, calm);
      expect(stand.worker.lines.filter((line) => line.startsWith('{"level":"error"'))).toEqual([]);
    },
  );
});
