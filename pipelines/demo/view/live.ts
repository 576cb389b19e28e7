import type { WriteStream } from 'node:tty';
import { ansi } from './ansi.ts';
import { screen } from './screen.ts';
import type { DemoView, FindingView, RequestView } from './view.ts';
import { actionWord, clockOf, grouped, spoken } from './words.ts';

/** Shows what a demo is at, until `stop`. */
export interface Live {
  stop(): void;
}

const FRAME = 125;
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

/** Draws the screen of a demo over and over on a terminal, on a page of its own: what was there comes back. */
export function showScreen(view: () => DemoView | undefined, out: WriteStream): Live {
  const colours = !process.env.NO_COLOR;
  let shown = true;
  const leave = () => {
    if (shown) out.write(LEAVE);
    shown = false;
  };
  const draw = () => {
    const now = view();
    if (now === undefined) return;
    const lines = screen(now, { columns: out.columns || 80, rows: out.rows || 24 });
    const text = lines.map((line) => `${ansi(line, colours)}\u001b[K`).join('\r\n');
    out.write(`\u001b[H${text}\u001b[J`);
  };
  const clear = () => void out.write('\u001b[2J');
  out.write(ENTER);
  out.on('resize', clear);
  // However this ends, the terminal is given back.
  process.once('exit', leave);
  const timer = setInterval(draw, FRAME);
  draw();
  return {
    stop() {
      clearInterval(timer);
      out.off('resize', clear);
      process.off('exit', leave);
      leave();
    },
  };
}

/** Prints what is new, line by line. */
export function showLines(view: () => DemoView | undefined, print: (line: string) => void): Live {
  const plain = createPlain();
  const update = () => {
    const now = view();
    if (now !== undefined) for (const line of plain(now)) print(line);
  };
  const timer = setInterval(update, FRAME);
  return {
    stop() {
      clearInterval(timer);
      update();
    },
  };
}

/** Seconds of the clock between two lines that say how far it is. */
const EVERY = 5;

/** What a view has to say beyond the one before, a line each: for a pipe, where nothing can be drawn over. */
export function createPlain(): (view: DemoView) => readonly string[] {
  const printed = new Set<string>();
  let phase = '';
  let due = 0;
  const once = (line: string) => {
    if (printed.has(line)) return [];
    printed.add(line);
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
    const places = view.look.map(({ where, what }) => `${where}  ${what}`).flatMap(once);
    const wrong = view.trouble === undefined ? [] : once(`trouble: ${view.trouble}`);
    const far = view.phase === 'running' && view.elapsed >= due ? [progressLine(view)] : [];
    if (far.length > 0) due = view.elapsed + EVERY;
    return [...turned, ...places, ...wrong, ...news, ...far];
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
