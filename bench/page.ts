import { readFileSync } from 'node:fs';
import { barsOf, figureAt, partEntries, shownIn } from './bars.ts';
import { tableOf, writePlaces } from './eval/write-results.ts';
import { numberIn, spreadOf } from './spread.ts';

type Report = Readonly<Record<string, unknown>>;
type Column = readonly [heading: string, path: string];

/** The tables of docs/performance.md: which figures of which part, a column each. */
const TABLES: Readonly<Record<string, readonly Column[]>> = {
  end_to_end: [
    ['readings a frame', 'signals'],
    ['readings/s: pinned loop', 'readings_per_s.bare'],
    ['current loop', 'readings_per_s.current'],
    ['Andon', 'readings_per_s.full'],
    ['CPU s a million: pinned loop', 'cpu_per_million.bare'],
    ['current loop', 'cpu_per_million.current'],
    ['Andon', 'cpu_per_million.full'],
    ['to the pinned loop', 'ratio'],
    ['in CPU', 'ratio_cpu'],
    ['to the current one', 'ratio_to_current'],
    ['in CPU', 'ratio_cpu_to_current'],
  ],
  windows: [
    ['windows', 'name'],
    ['', 'about'],
    ['readings a frame', 'signals'],
    ['cold, readings/s', 'cold.events_per_s'],
    ['warm', 'warm.events_per_s'],
    ['warm, a CPU second', 'warm.events_per_cpu_s'],
    ['to the loop', 'ratio_to_loop'],
    ['windows', 'results'],
  ],
  patterns: [
    ['pattern', 'name'],
    ['', 'about'],
    ['cold, events/s', 'cold.events_per_s'],
    ['warm', 'warm.events_per_s'],
    ['warm, a CPU second', 'warm.events_per_cpu_s'],
    ['to the loop', 'ratio_to_loop'],
    ['matches', 'results'],
    ['bytes held', 'bytes_held'],
  ],
  peers: [
    ['case', 'name'],
    ['readings a frame', 'signals'],
    ['peer', 'peer'],
    ['warm, events/s: Andon', 'andon.warm.events_per_s'],
    ['peer', 'other.warm.events_per_s'],
    ['times the peer, warm, by the clock', 'warm.clock'],
    ['in CPU', 'warm.cpu'],
    ['cold, by the clock', 'cold.clock'],
    ['in CPU', 'cold.cpu'],
  ],
  scale: [
    ['partitions', 'partitions'],
    ['readings/s', 'readings_per_s'],
    ['to one partition', 'ratio'],
    ['CPU s a million', 'cpu_per_million'],
    ['to one partition', 'ratio_cpu'],
    ['workers', 'workers'],
    ['warehouse', 'warehouse'],
    ['nats-server', 'nats'],
  ],
  roofline: [
    ['at least', 'bound'],
    ['readings a frame', 'signals'],
    ['ns of CPU a reading', 'ns_per_reading'],
  ],
  stages: [
    ['stage', 'stage'],
    ['readings a frame', 'signals'],
    ['events in', 'events'],
    ['events a CPU second', 'events_per_s'],
    ['µs a frame', 'us_per_frame'],
    ['to JSON.parse of it', 'ratio_to_parse'],
  ],
  landing: [
    ['format', 'format'],
    ['rows an insert', 'rows'],
    ['encoded, rows a CPU second', 'encoded_rows_per_s'],
    ['inserted, rows/s', 'inserted_rows_per_s'],
    ['to JSON', 'ratio_to_json'],
    ['bytes a row', 'bytes_per_row'],
  ],
};

/** Stages that take less are not on the page. */
const LEAST_MICROSECONDS = 0.5;

/** Each table as Markdown, with what it was measured by, and all bars. */
export function tablesOf(report: Report): readonly (readonly [name: string, text: string])[] {
  const tables = Object.entries(TABLES).map(([part, columns]) => {
    const entries = partEntries(report, part).filter((entry) => {
      return (
        (numberIn(figureAt(entry, 'us_per_frame')) ?? LEAST_MICROSECONDS) >= LEAST_MICROSECONDS
      );
    });
    if (entries.length === 0) return [part, 'Not measured yet.'] as const;
    const rows = entries.map((entry) => columns.map(([, path]) => shownIn(figureAt(entry, path))));
    const headings = columns.map(([heading]) => heading);
    return [part, `${tableOf(headings, rows)}\n\n${measuredBy(report, part)}`] as const;
  });
  return [...tables, ['bars', barsTable(report)]];
}

/** A line for each thing that is measured, with all its figures. What is right or not is told where it is not. */
function barsTable(report: Report): string {
  const lines = new Map<string, { asked: string; measured: string[]; missed: string[] }>();
  for (const { bar, figure, asked, measured, met } of barsOf(report)) {
    if (typeof measured === 'boolean' && met) continue;
    const line = lines.get(bar) ?? { asked, measured: [], missed: [] };
    line.measured.push(`${figure} ${shownIn(measured)}`.trim());
    if (!met) line.missed.push(figure);
    lines.set(bar, line);
  }
  const rows = [...lines].map(([bar, { asked, measured, missed }]) => {
    const verdict = missed.length === 0 ? 'met' : `**missed**: ${missed.join(', ')}`;
    return [bar, asked, measured.join('; '), verdict];
  });
  return tableOf(['bar', 'asked for', 'measured', ''], rows);
}

/** What a part was measured by: its commands but for `--only`, how many processes each, when it began, and the load. */
function measuredBy(report: Report, part: string): string {
  const name = part.replaceAll('_', '-');
  const lines = new Map<string, { date: string; processes: string; loads: number[] }>();
  for (const [command, measured] of Object.entries(report.measured ?? {})) {
    if (command.split(' ')[0] !== name) continue;
    const [date, processes] = [figureAt(measured, 'date'), figureAt(measured, 'processes')];
    const plain = command.replace(/ --only \S+/, '');
    const line = lines.get(plain) ?? {
      date: String(date),
      processes: shownIn(processes),
      loads: [],
    };
    for (const path of ['load.least', 'load.median', 'load.greatest']) {
      line.loads.push(Number(figureAt(measured, path)));
    }
    lines.set(plain, line);
  }
  return [...lines]
    .map(([command, { date, processes, loads }]) => {
      const load = shownIn(spreadOf(loads));
      return `- \`${command}\`: processes ${processes}, ${date.slice(0, 16)} UTC, load ${load}`;
    })
    .join('\n');
}

/** Writes the tables of a report into docs/performance.md of the checkout in which the command is run. */
export function writePage(json: string): void {
  const report: Report = JSON.parse(readFileSync(json, 'utf8'));
  writePlaces('docs/performance.md', 'bench', tablesOf(report));
}
