import { checkPatternConditions } from '../../operators/correlate/check-pattern-conditions.ts';
import { checkDetectorConditions } from '../../operators/detect/check-detector-conditions.ts';
import { type BacktestSummary, backtest } from '../backtest.ts';
import { storyText } from '../explain/story-text.ts';
import { changesOf } from '../ingest/changes.ts';
import { openRecordingLog } from '../ingest/recording.ts';
import { readDescription } from '../ingest/recording-description.ts';
import { readPlantFile, readRulesFile } from '../rules-file.ts';

export type BacktestArguments = {
  readonly model: string;
  readonly rules: string;
  readonly data: readonly string[];
  readonly base?: string;
  readonly explain?: true;
  /** `ID.FIELD=VALUES`, and what lead times and false alarms are measured by. */
  readonly sweep?: readonly string[];
  readonly until?: string;
  readonly healthyUntil?: string;
  readonly lasting?: string;
  readonly json?: true;
};

export async function runBacktest({
  model,
  rules,
  data,
  base,
  explain,
  json,
}: BacktestArguments): Promise<void> {
  const plants = await readPlantFile(model);
  const checked = await readRulesFile(rules, [checkDetectorConditions, checkPatternConditions]);
  const recordings = await Promise.all(data.map((file) => readDescription(file, base)));
  const changes = changesOf(plants, checked);
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const progress = process.stderr.isTTY ? process.stderr : undefined;
  const summary = await backtest({
    openLog: () => openRecordingLog({ recordings, changes }),
    onDecision: ({ table, line }) => console.log(`{"table":"${table}",${line.slice(1)}`),
    onProgress: (messages) => void progress?.write(`\r${messages} messages`),
    signal: interrupted.signal,
    ...(explain === true ? { explain: checked.rules.patterns.map(({ id }) => id) } : {}),
  });
  progress?.write('\r\x1b[K');
  console.error(json === true ? JSON.stringify(summary) : inWords(summary));
}

function inWords(summary: BacktestSummary): string {
  const { messages, readings, windows, features, anomalies, incidents, requests, revisions } =
    summary;
  const asides = Object.entries(summary.asides).map(([reason, count]) => `${count} ${reason}`);
  return [
    `${messages} messages: ${readings} readings, ${windows} windows, ${features} waveforms described`,
    `${anomalies} anomalies raised, ${incidents} incidents, ${requests} requests in ${revisions} revisions`,
    `set aside: ${asides.length === 0 ? 'nothing' : asides.join(', ')}`,
    ...(summary.patterns ?? []).map(storyText),
  ].join('\n');
}
