import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { plant } from '../../../../pipelines/plant.ts';
import { type EpochContent, RefusedError } from '../../../../sinks/sink.ts';

import { runWorker } from '../../../support/in-process-worker.ts';
import { MemorySink } from '../../../support/memory-sink.ts';
import { logOf, plantLife } from '../../../support/plant-log.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/** A warehouse that calls every block of one table wrong. */
class Refusing extends MemorySink {
  override async write(content: EpochContent): Promise<void> {
    const blocks = content.blocks.filter(({ table }) => table !== 'windows');
    await super.write({ ...content, blocks });
    if (blocks.length < content.blocks.length)
      throw new RefusedError('no such column', ['windows']);
  }
}

test('a refused block is kept in a file and recorded, becomes a dead letter, and the cursor goes on', async () => {
  const directory = temporaryDirectory();
  const sink = new Refusing('clickhouse');
  const messages = logOf(plantLife(1, 60));
  const recorded: InternalEvent[] = [];
  await runWorker({
    directory,
    messages,
    pipeline: plant,
    sinks: [sink],
    record: (internalEvent) => void recorded.push(internalEvent),
  });
  const refusals = recorded.filter(({ kind }) => kind === 'block-refused');
  expect(refusals.length).toBeGreaterThan(0);
  expect(readdirSync(join(directory, 'refused'))).toHaveLength(refusals.length);
  const deadLetters = sink.lines('dead_letters').map((line) => JSON.parse(line));
  expect(deadLetters.filter(({ reason }) => reason === 'refused')).toHaveLength(refusals.length);
  expect(sink.count('readings')).toBeGreaterThan(0);
  expect(readdirSync(join(directory, 'epochs')).length).toBeLessThan(3);
});
