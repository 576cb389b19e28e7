import type { Message, Sequence } from '../../../operators/model/message.ts';
import type { Request } from '../../../operators/model/request.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { simulatedPlant } from '../../../pipelines/demo/plant/plant.ts';
import { type DemoAnswers, type Score, score } from '../../../pipelines/demo/score.ts';
import type { Truth } from '../../../pipelines/demo/truth.ts';
import { plant as pipeline } from '../../../pipelines/plant.ts';
import type { Recorded } from '../../../pipelines/recordings/recorded.ts';
import { changesOf } from '../../../pipelines/rules/changes.ts';
import { readPlantFile, readRulesFile } from '../../../pipelines/rules/rules.ts';
import { createPipelineEngine } from '../../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../../pipelines/worker/epochs/state-image.ts';
import { before } from './demo-plant.ts';

export type DemoRun = {
  readonly truth: Truth;
  readonly seen: DemoAnswers;
  readonly readings: number;
  readonly score: Score;
};

/** What the pipeline makes of a log, message by message. */
export function answersOf() {
  const requests = new Map<string, DemoAnswers['requests'][number]>();
  const deadLetters: DemoAnswers['deadLetters'][number][] = [];
  let readings = 0;
  const engine = createPipelineEngine(pipeline, NO_STATES, {
    row({ table, row }) {
      if (table === 'readings')
        readings += row.times.length * (row.signals.length + row.texts.length);
      if (table === 'dead_letters') deadLetters.push(row);
      if (table !== 'requests') return;
      const { id, asset, failure_mode, time }: Request = JSON.parse(row.request);
      requests.set(id, { id, asset, failure_mode, time: requests.get(id)?.time ?? time });
    },
  });
  return {
    push: (message: Message) => engine.push(message),
    seen: (): DemoAnswers => ({ requests: [...requests.values()], deadLetters }),
    readings: () => readings,
  };
}

/** The whole pipeline over the simulated plant, held against its truth, without NATS and ClickHouse. */
export async function demoRun(seed: number, begin: EventTime, until: EventTime): Promise<DemoRun> {
  const plant = simulatedPlant({ seed, begin });
  const files = [
    await readPlantFile(plant.modelFile),
    await readRulesFile(plant.rulesFile),
  ] as const;
  const answers = answersOf();
  let sequence = 0;
  const push = (message: Recorded) => {
    sequence += 1;
    answers.push({ sequence: sequence as Sequence, ...message });
  };
  for (const { messages } of changesOf(...files)) {
    for (const { subject, headers = {}, payload } of messages) {
      push({ subject, appended: begin, headers, payload });
    }
  }
  for (const message of before(plant, until)) push(message);
  const seen = answers.seen();
  const truth = plant.truth(until);
  return { truth, seen, readings: answers.readings(), score: score(truth, seen) };
}
