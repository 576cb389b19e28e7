import { parseDuration } from '../../operators/model/duration.ts';
import { type EventTime, fromMilliseconds, HOUR } from '../../operators/model/time.ts';
import { wrongInput } from '../base/wrong-input.ts';
import { openRecordingLog } from '../recordings/recording.ts';
import { readDescription, readInstant } from '../recordings/recording-description.ts';
import { changesOf } from '../rules/changes.ts';
import { readPlantFile } from '../rules/rules-file.ts';
import { describeSweep, type SweepReport } from '../rules/sweep/describe-sweep.ts';
import { livesOf } from '../rules/sweep/lives.ts';
import { outcomeOf } from '../rules/sweep/outcome.ts';
import { sweep } from '../rules/sweep/sweep.ts';
import { sweepJson } from '../rules/sweep/sweep-json.ts';
import { variantsOf } from '../rules/sweep/variants.ts';
import type { BacktestArguments } from './backtest-action.ts';

/** What each value would have said of the recordings, as a table or one JSON object on standard output. */
export async function runSweep(options: BacktestArguments): Promise<void> {
  const { model, rules, data, base, json } = options;
  const lasting = options.lasting === undefined ? HOUR : durationIn('--lasting', options.lasting);
  const plants = await readPlantFile(model);
  const swept = await variantsOf(rules, options.sweep ?? []);
  const recordings = await Promise.all(data.map((file) => readDescription(file, base)));
  const lives = livesOf(recordings, {
    ...timed('until', '--until', options.until),
    ...timed('healthyUntil', '--healthy-until', options.healthyUntil),
  });
  const changes = changesOf(plants, swept.entry);
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const progress = process.stderr.isTTY ? process.stderr : undefined;
  const { result, messages, defects } = await sweep({
    openLog: () => openRecordingLog({ recordings, changes }),
    onProgress: (count) => void progress?.write(`\r${count} messages`),
    signal: interrupted.signal,
    change: changes[0]?.messages[0]?.headers?.['Andon-Change'] ?? '',
    variants: swept.variants.map((variant) => variant.rules),
    detectors: new Set(swept.detectors),
    livesOf: lives,
    lasting,
  });
  progress?.write('\r\x1b[K');
  const report: SweepReport = {
    swept,
    span: result.span,
    outcomes: result.tallies.map((tally) => outcomeOf(tally, result.span, lives)),
    messages,
    defects,
    lasting,
    interrupted: interrupted.signal.aborted,
  };
  console.log(json === true ? JSON.stringify(sweepJson(report)) : describeSweep(report));
}

function durationIn(option: string, text: string) {
  const duration = parseDuration(text);
  if (duration === undefined) throw wrongInput(option, 'a duration such as 10m or 1h', text);
  return duration;
}

/** `{ [name]: time }`, or nothing when the option was not given. */
function timed<K extends string>(name: K, option: string, text: string | undefined) {
  if (text === undefined) return {};
  const milliseconds = readInstant(text);
  if (Number.isNaN(milliseconds)) {
    throw wrongInput(option, 'a time such as 2012-01-01T00:00:00Z', text);
  }
  return { [name]: fromMilliseconds(milliseconds) } as Partial<Record<K, EventTime>>;
}
