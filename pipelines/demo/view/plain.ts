import type { DemoView, FindingView, RequestView } from './demo-view.ts';
import { actionWord, clockOf, grouped, spoken } from './words.ts';

/** Seconds of the clock between two lines that say how far it is. */
const EVERY = 5;

/** What a view has to say beyond the one before, a line each: for a pipe, where nothing can be drawn over. */
export function createPlain(): (view: DemoView) => readonly string[] {
  const said = new Set<string>();
  let phase = '';
  let due = 0;
  const once = (line: string) => {
    if (said.has(line)) return [];
    said.add(line);
    return [line];
  };
  return (view) => {
    const stage = `${view.phase} ${view.waiting}`;
    const turned = stage !== phase && view.waiting !== '' ? [view.waiting] : [];
    phase = stage;
    const news = [
      ...view.latest.map(findingLine),
      ...view.requests.toReversed().map(requestLine),
    ].flatMap(once);
    const wrong = view.trouble === undefined ? [] : once(`trouble: ${view.trouble}`);
    const far = view.phase === 'running' && view.elapsed >= due ? [progressLine(view)] : [];
    if (far.length > 0) due = view.elapsed + EVERY;
    return [...turned, ...wrong, ...news, ...far];
  };
}

function findingLine({ kind, at, asset, text }: FindingView): string {
  return `${clockOf(at)}  ${kind.padEnd(8)}  ${asset}  ${text}`;
}

function requestLine(one: RequestView): string {
  const slot = one.slot === undefined ? '' : `, slot ${one.slot}`;
  const what = `${actionWord(one.action)} (${one.priority}, revision ${one.revision})`;
  return `${clockOf(one.at)}  request   ${one.asset}  ${one.id} ${what}: ${one.title}${slot}`;
}

function progressLine({ at, elapsed, actual, counts, lag, latency }: DemoView): string {
  const { readings, windows, anomalies, incidents, requests } = counts;
  const late =
    latency.warehouse === undefined ? '' : `, ${spoken(latency.warehouse)} into ClickHouse`;
  return (
    `${clockOf(at)}  after ${Math.round(elapsed)} s at ${Math.round(actual)}x: ${grouped(readings)} readings, ` +
    `${grouped(windows)} windows, ${anomalies} anomalies, ${incidents} incidents, ${requests} requests; ` +
    `${lag.messages} messages behind${late}`
  );
}
