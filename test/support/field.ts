import { join } from 'node:path';
import type { Row } from '../../operators/flow/flow.ts';
import { plant } from '../../pipelines/plant.ts';
import { readDescription } from '../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../pipelines/recordings/recordings.ts';
import { changesOf } from '../../pipelines/rules/changes.ts';
import { replayLog } from '../../pipelines/rules/replay-log.ts';
import { readPlantFile, readRulesFile } from '../../pipelines/rules/rules.ts';
import { createPipelineEngine } from '../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../pipelines/worker/epochs/state-image.ts';
import type { Decisions } from './decisions.ts';
import { shared } from './real-data.ts';
import { temporaryFile } from './temporary.ts';

/** The plant and the rules that the files of `field/condition` are judged by. */
export const CONDITION_PLANT = `plants:
  - id: p
    time_zone: Europe/Berlin
    lines:
      - id: l
        assets:
          - id: pump
            signals: { temperature: { unit: "°C", range: [-20, 200] }, pressure: { unit: bar, range: [0, 100] } }
`;
export const CONDITION_RULES = `windows:
  - { id: minute, kind: tumbling, size: 1m }
detectors:
  - { id: hot, kind: limit, signal: temperature, above: 75, raise: { severity: warning }, clear: { after: 5m } }
  - { id: cold, kind: limit, signal: temperature, below: 10, raise: { severity: warning }, clear: { after: 5m } }
`;

/** A folder of `../shared/field`: inputs made after public bug reports. Undefined where it is absent. */
export function fieldFolder(name: string): string | undefined {
  return shared(`field/${name}`);
}

/**
 * All rows that the pipeline makes of a recording of a folder, as `andon backtest` reads it. `text`: the recording
 * itself, where it is not a file of the folder.
 */
export async function decideField(
  folder: string,
  { rules, data, text }: { readonly rules: string; readonly data: string; readonly text?: string },
): Promise<Decisions> {
  const path = text === undefined ? join(folder, data) : temporaryFile(data, text);
  return decideRecording(path, join(folder, 'plant.yaml'), join(folder, rules));
}

/** All rows that the pipeline makes of a recording, by files of a plant and of rules. */
export async function decideRecording(
  path: string,
  plantFile: string,
  rulesFile: string,
): Promise<Decisions> {
  const plants = await readPlantFile(plantFile);
  const changes = changesOf(plants, await readRulesFile(rulesFile));
  const recordings = [await readDescription(path)];
  const openLog = () => openRecordingLog({ recordings, changes });
  const { signal } = new AbortController();
  const { result } = await replayLog({ openLog, signal }, () => {
    const rows: Row[] = [];
    const engine = createPipelineEngine(plant, NO_STATES, { row: (row) => rows.push(row) });
    return { engine, result: { rows } };
  });
  return result;
}
