import { checkPatternConditions } from '../../operators/correlate/check-pattern-conditions.ts';
import { checkDetectorConditions } from '../../operators/detect/check-detector-conditions.ts';
import { openRecordingLog } from '../recordings/recording.ts';
import { readDescription } from '../recordings/recording-description.ts';
import { type BacktestSummary, backtest } from '../rules/backtest.ts';
import { changesOf } from '../rules/changes.ts';
import { storyText } from '../rules/explain/story-text.ts';
import { readPlantFile, readRulesFile } from '../rules/rules-file.ts';

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
  const deadLetters = Object.entries(summary.deadLetters).map(
    ([reason, count]) => `${count} ${reason}`,
  );
  return [
    `${messages} messages: ${readings} readings, ${windows} windows, ${features} waveforms described`,
    `${anomalies} anomalies raised, ${incidents} incidents, ${requests} requests in ${revisions} revisions`,
    `dead letters: ${deadLetters.length === 0 ? 'none' : deadLetters.join(', ')}`,
    ...(summary.patterns ?? []).map(storyText),
  ].join('\n');
}
