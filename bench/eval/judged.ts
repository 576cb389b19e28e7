import { join } from 'node:path';
import type { AnomalyRow } from '../../operators/model/tables.ts';
import type { RecordingDescription } from '../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../pipelines/recordings/recordings.ts';
import { type BacktestSummary, backtest } from '../../pipelines/rules/backtest.ts';
import { changesOf } from '../../pipelines/rules/changes.ts';
import { readPlantFile, readRulesFile } from '../../pipelines/rules/rules.ts';

/** An anomaly from its first phase to its last. Times are epoch milliseconds; without `to` it stood at the end. */
export type Onset = {
  readonly id: string;
  readonly asset: string;
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  readonly severity: string;
  readonly score: number;
  readonly from: number;
  readonly to?: number;
};

export type Judged = {
  readonly summary: BacktestSummary;
  /** In the order in which they were raised. */
  readonly onsets: readonly Onset[];
  /** Requests that were opened, by asset. */
  readonly requests: Readonly<Record<string, number>>;
};

/** Runs recordings through `andon backtest` itself, with `plant.yaml` and `rules.yaml` of a folder in `examples`. */
export async function judged(
  example: string,
  recordings: readonly RecordingDescription[],
  signal: AbortSignal,
): Promise<Judged> {
  const folder = join('examples', example);
  const plants = await readPlantFile(join(folder, 'plant.yaml'));
  const changes = changesOf(plants, await readRulesFile(join(folder, 'rules.yaml')));
  const onsets = new Map<string, Onset>();
  const requests: Record<string, number> = {};
  const summary = await backtest({
    openLog: () => openRecordingLog({ recordings, changes }),
    onDecision: ({ table, line }) => {
      if (table === 'anomalies') follow(onsets, JSON.parse(line));
      if (table === 'requests') {
        const { action, asset: key } = JSON.parse(line);
        const asset = String(key).split('/').at(-1) ?? '';
        if (action === 'open') requests[asset] = (requests[asset] ?? 0) + 1;
      }
    },
    signal,
  });
  return { summary, onsets: [...onsets.values()], requests };
}

function follow(onsets: Map<string, Onset>, row: AnomalyRow): void {
  const { id, asset, rule, signal, point, severity, score, phase } = row;
  const time = row.time / 1_000;
  const known = onsets.get(id);
  if (known === undefined) {
    onsets.set(id, { id, asset, rule, signal, point, severity, score, from: time });
  } else if (phase === 'cleared') {
    onsets.set(id, { ...known, to: time });
  }
}
