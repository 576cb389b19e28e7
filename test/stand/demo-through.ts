/** The simulated plant of the demo, read by an edge, and the pipeline over what the log has of it: without ClickHouse and CMMS. */

import { type Duration, plus, SECOND } from '../../operators/model/time.ts';
import { freePort } from '../../pipelines/base/free-port.ts';
import { BEGIN, simulatedPlant } from '../../pipelines/demo/plant/plant.ts';
import { publishPlant } from '../../pipelines/demo/publish-plant.ts';
import { type DemoAnswers, score } from '../../pipelines/demo/score.ts';
import { startEdgeBeside } from '../../pipelines/demo/through/edge-beside.ts';
import { openEdgeOutlet } from '../../pipelines/demo/through/edge-outlet.ts';
import { openJetstreamLog } from '../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../pipelines/nats/nats.ts';
import { applyChanges } from '../../pipelines/rules/apply-changes.ts';
import { changesOf } from '../../pipelines/rules/changes.ts';
import { readPlantFile, readRulesFile } from '../../pipelines/rules/rules.ts';
import { startStand } from '../../pipelines/stand/stand.ts';
import { answersOf } from '../pipelines/demo/demo-run.ts';

/** How the first seconds of a plant, simulated, went through an edge into a log, and what Andon made of it. */
export async function demoThroughEdge(seed: number, seconds: number, folder: string) {
  const leafnodes = await freePort();
  const stand = await startStand({ folder, leafnodes, cmms: false, warehouse: 'away' });
  const connection = await connectNats({ servers: stand.nats.url, name: 'test' });
  const plant = simulatedPlant({ seed, begin: BEGIN });
  const until = plus(BEGIN, (seconds * SECOND) as Duration);
  let stop = async () => undefined as unknown;
  try {
    const model = await readPlantFile(plant.modelFile);
    const changes = changesOf(model, await readRulesFile(plant.rulesFile));
    await applyChanges({ connection, changes, partitions: 1, replayAt: BEGIN });
    const record = () => undefined;
    const edge = await startEdgeBeside({ directory: folder, leafnodes, connection, record });
    stop = edge.stop;
    const sent = await publishPlant({
      ...{ outlet: await openEdgeOutlet(connection, edge), messages: plant.messages() },
      ...{ begin: BEGIN, end: until, speed: Number.MAX_SAFE_INTEGER, held: () => false },
      ...{ signal: new AbortController().signal, onProgress: () => undefined },
    });
    const { sources } = await edge.status();
    const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
    const answers = answersOf();
    for (let read = 0; read < sent.counts.last; ) {
      const { messages } = await log.pull(2_000, 5_000, new AbortController().signal);
      for (const message of messages) {
        read = message.sequence;
        answers.push(message);
      }
    }
    await log.close();
    const truth = plant.truth(until);
    const { requests, deadLetters } = answers.seen();
    const seen: DemoAnswers = { requests, deadLetters: [...deadLetters, ...sent.refused] };
    return { truth, score: score(truth, seen), readings: answers.readings(), sent, sources };
  } finally {
    await stop();
    await connection.close();
    await stand.stop();
  }
}
