import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plant } from '../../../pipelines/plant.ts';
import type { Happening } from '../../../pipelines/runtime/happenings.ts';
import { RefusedError } from '../../../sinks/refused-error.ts';
import type { EpochContent } from '../../../sinks/sink.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { logOf, plantLife } from '../../support/plant-log.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { live } from '../../support/worker-life.ts';

/** A warehouse that calls every block of one table wrong. */
class Refusing extends MemorySink {
  override async write(content: EpochContent): Promise<void> {
    const blocks = content.blocks.filter(({ table }) => table !== 'windows');
    await super.write({ ...content, blocks });
    if (blocks.length < content.blocks.length)
      throw new RefusedError('no such column', ['windows']);
  }
}

test('a refused block is kept in a file and told of, stands in asides, and the cursor goes on', async () => {
  const directory = temporaryDirectory();
  const sink = new Refusing('clickhouse');
  const messages = logOf(plantLife(1, 60));
  const happened: Happening[] = [];
  await live({
    directory,
    messages,
    pipeline: plant,
    sinks: [sink],
    happen: (happening) => void happened.push(happening),
  });
  const refusals = happened.filter(({ kind }) => kind === 'block-refused');
  expect(refusals.length).toBeGreaterThan(0);
  expect(readdirSync(join(directory, 'refused'))).toHaveLength(refusals.length);
  const asides = sink.lines('asides').map((line) => JSON.parse(line));
  expect(asides.filter(({ reason }) => reason === 'refused')).toHaveLength(refusals.length);
  expect(sink.count('readings')).toBeGreaterThan(0);
  expect(readdirSync(join(directory, 'epochs')).length).toBeLessThan(3);
});
