import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../../operators/flow/flow.ts';
import { stage } from '../../../../operators/flow/stage.ts';
import type { Message } from '../../../../operators/model/message.ts';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { plant } from '../../../../pipelines/plant.ts';
import { createPipelineEngine, type Pipeline } from '../../../../pipelines/worker/epochs/engine.ts';
import { PoisonError } from '../../../../pipelines/worker/epochs/poison.ts';
import { NO_STATES } from '../../../../pipelines/worker/epochs/state-image.ts';
import { runWorker } from '../../../support/in-process-worker.ts';
import { MemorySink } from '../../../support/memory-sink.ts';
import { logOf, plantLife } from '../../../support/plant-log.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const messages = logOf(plantLife(3, 60));

/** The plant pipeline with a defect that some messages bring out. */
function defective(isPoison: (message: Message) => boolean): Pipeline {
  const trap = stage<Message, Message>((emit) => (item: Flow<Message>) => {
    if (item.kind === 'event' && isPoison(item.value))
      throw new Error(`defect at ${item.value.sequence}`);
    emit(item);
  });
  return (states) => (log) => log.pipe(trap, plant(states));
}

async function lived(
  pipeline: Pipeline,
  log: readonly Message[],
  directory = temporaryDirectory(),
) {
  const sink = new MemorySink('clickhouse');
  const recorded: InternalEvent[] = [];
  const record = (event: InternalEvent) => void recorded.push(event);
  await runWorker({ directory, messages: log, pipeline, sinks: [sink], rows: 50, record });
  return { sink, poisoned: recorded.filter(({ kind }) => kind.startsWith('message-')) };
}

describe('a message on which an operator throws', () => {
  test('is skipped at the second throw, becomes a dead letter, and everything else is as without it', async () => {
    const poison = new Set([40, 90]);
    const { sink, poisoned } = await lived(
      defective(({ sequence }) => poison.has(sequence)),
      messages,
    );
    expect(poisoned.map((one) => ('sequence' in one ? one.sequence : 0))).toEqual([40, 40, 90, 90]);
    const deadLetters = sink.lines('dead_letters').map((line) => JSON.parse(line));
    const defects = deadLetters.filter(({ reason }) => reason === 'defect');
    expect(defects.map(({ count }) => Number(count))).toEqual([1, 1]);
    expect(JSON.stringify(defects)).toContain('defect at 40');
    const healthy = await lived(plant, messages.map(emptied(poison)));
    expect(sink.count('readings')).toBe(healthy.sink.count('readings'));
    expect(sink.lines('windows')).toEqual(healthy.sink.lines('windows'));
    expect(sink.lines('anomalies')).toEqual(healthy.sink.lines('anomalies'));
  });

  test('that throws only once is processed after all', async () => {
    let thrown = false;
    const pipeline = defective(({ sequence }) => {
      if (sequence !== 60 || thrown) return false;
      thrown = true;
      return true;
    });
    const { sink, poisoned } = await lived(pipeline, messages);
    expect(poisoned).toHaveLength(1);
    expect(sink.facts()).toEqual((await lived(plant, messages)).sink.facts());
  });

  test('stays skipped after a restart', async () => {
    const directory = temporaryDirectory();
    const pipeline = defective(({ sequence }) => sequence === 40);
    await lived(pipeline, messages.slice(0, 100), directory);
    const { poisoned } = await lived(pipeline, messages, directory);
    expect(poisoned).toEqual([]);
  });

  test('more than ten within an hour stop the partition', async () => {
    const pipeline = defective(({ sequence }) => sequence > 20 && sequence % 2 === 0);
    await expect(lived(pipeline, messages)).rejects.toThrow('at most 10 messages an hour');
  });
});

/** The same log in which these messages say nothing: ticks keep their time. */
function emptied(sequences: ReadonlySet<number>): (message: Message) => Message {
  return (message) => {
    if (!sequences.has(message.sequence)) return message;
    return { ...message, subject: 'tick', payload: new Uint8Array(0) };
  };
}

test('an engine on which a message was poison gives the same error to all that follows, and collects nothing more', () => {
  const at = 40;
  const rows: number[] = [];
  const engine = createPipelineEngine(
    defective(({ sequence }) => sequence === at),
    NO_STATES,
    { row: (_, { sequence }) => void rows.push(sequence) },
  );
  const [before, from] = [messages.slice(0, at - 1), messages.slice(at - 1)];
  for (const message of before) engine.push(message);
  const count = rows.length;
  expect(count).toBeGreaterThan(0);
  for (const message of from.slice(0, 3)) {
    expect(() => engine.push(message)).toThrow(`defect at ${at}`);
  }
  expect(() => engine.cut(1, true)).toThrow(PoisonError);
  expect(rows).toHaveLength(count);
});
