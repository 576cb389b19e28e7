import { join } from 'node:path';
import type { Row } from '../../operators/flow/flow.ts';
import type { Rules } from '../../operators/model/rules.ts';
import type { AnomalyRow } from '../../operators/model/tables.ts';
import type { Overlay } from '../../pipelines/base/yaml-file.ts';
import type { RecordingDescription } from '../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../pipelines/recordings/recordings.ts';
import { changesOf } from '../../pipelines/rules/changes.ts';
import { RULES_CHECKS, readPlantFile, readRulesFile } from '../../pipelines/rules/rules.ts';
import { replayVariants } from '../../pipelines/rules/sweep/sweep.ts';

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

/** What one choice of rules made of the recordings. */
export type Judged = {
  /** In the order in which they were raised. */
  readonly onsets: readonly Onset[];
  /** Requests that were opened, by asset. */
  readonly requests: Readonly<Record<string, number>>;
};

/** Rules to choose from: what each lays over the rules of an example, by a name for people. */
export type Candidates = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Runs recordings through what `andon backtest` runs, with `plant.yaml` of a folder in `examples` and the rules of each
 * candidate: its keys are places in `rules.yaml` of that folder (`detectors.0.limit`). By the names of the candidates.
 */
export async function judgedByEach<C extends Candidates>(
  example: string,
  recordings: readonly RecordingDescription[],
  candidates: C,
  signal: AbortSignal,
): Promise<Readonly<Record<keyof C, Judged>>> {
  const folder = join('examples', example);
  const plants = await readPlantFile(join(folder, 'plant.yaml'));
  const file = join(folder, 'rules.yaml');
  const changes = changesOf(plants, await readRulesFile(file));
  const variants: Rules[] = [];
  for (const changed of Object.values(candidates)) {
    variants.push((await readRulesFile(file, RULES_CHECKS, overlaysOf(changed))).rules);
  }
  const { result } = await replayVariants(
    {
      openLog: () => openRecordingLog({ recordings, changes }),
      signal,
      change: changes[0]?.messages[0]?.headers?.['Andon-Change'] ?? '',
      variants,
    },
    () => {
      const found = variants.map(() => ({ onsets: new Map<string, Onset>(), requests: {} }));
      return { result: found, judged: (at, row) => follow(found[at], row) };
    },
  );
  signal.throwIfAborted();
  const found = Object.keys(candidates).map((name, at): [string, Judged] => {
    const { onsets = new Map<string, Onset>(), requests = {} } = result[at] ?? {};
    return [name, { onsets: [...onsets.values()], requests }];
  });
  return Object.fromEntries(found) as Record<keyof C, Judged>;
}

/** The same with the rules as they stand in the example. */
export async function judged(
  example: string,
  recordings: readonly RecordingDescription[],
  signal: AbortSignal,
): Promise<Judged> {
  const { asTheyStand } = await judgedByEach(example, recordings, { asTheyStand: {} }, signal);
  return asTheyStand;
}

function overlaysOf(changed: Readonly<Record<string, unknown>>): readonly Overlay[] {
  return Object.entries(changed).map(([name, value]) => {
    const path = name.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    return { name, path, value, text: JSON.stringify(value) };
  });
}

type Found = { readonly onsets: Map<string, Onset>; readonly requests: Record<string, number> };

function follow(found: Found | undefined, { table, row }: Row): void {
  if (found === undefined) return;
  if (table === 'anomalies') followAnomaly(found.onsets, row);
  if (table === 'requests' && row.action === 'open') {
    found.requests[row.asset] = (found.requests[row.asset] ?? 0) + 1;
  }
}

function followAnomaly(onsets: Map<string, Onset>, row: AnomalyRow): void {
  const { id, asset, rule, signal, point, severity, score, phase, withheld } = row;
  // What nobody was told of, for it belongs to a flood or a change of regime.
  if (withheld !== '') return;
  const time = row.time / 1_000;
  const known = onsets.get(id);
  if (known === undefined) {
    onsets.set(id, { id, asset, rule, signal, point, severity, score, from: time });
  } else if (phase === 'cleared') {
    onsets.set(id, { ...known, to: time });
  }
}
