import {
  apart,
  clipped,
  flowed,
  padded,
  type ScreenLine,
  type Style,
  span,
  widthOf,
} from './lines.ts';
import type { BoardStatus, DemoView, FindingView, LineView, RequestView } from './view.ts';
import { actionWord, clockOf, dayOf, grouped, reasonWords, spoken } from './words.ts';

type Size = { readonly columns: number; readonly rows: number };

const INDENT = 2;
/** Below this many columns, what stands side by side stands one above the other. */
const NARROW = 76;
/** Requests are what it is all for: they are the last to give way. */
const MOST_REQUESTS = 6;
/** With so many rows there is room for what was found as well. */
const FEW_ROOM = 14;

/** The whole screen of a demo, at most as large as the terminal. Pure: the same view gives the same lines. */
export function screen(view: DemoView, { columns, rows }: Size): readonly ScreenLine[] {
  const head = [...header(view, columns), ...funnel(view, columns)];
  const foot = [...runs(view, columns), ...look(view)];
  const quiet = deadLetters(view, columns);
  const plant = board(view.lines, columns);
  const room = rows - head.length - foot.length - 1;
  const blocks = [plant, quiet].filter((block) => block.length > 0);
  const shown = blocks.filter((_, index) => {
    const sizes = blocks.slice(0, index + 1).reduce((sum, block) => sum + block.length, 0);
    return sizes <= room - 5;
  });
  const left = room - shown.reduce((sum, block) => sum + block.length, 0);
  const requested = requests(view.requests, columns, left);
  const seen = findings(view.latest, columns, left - requested.length);
  const body = [
    ...(shown.includes(plant) ? plant : []),
    ...requested,
    ...seen,
    ...(shown.includes(quiet) ? quiet : []),
  ];
  return [...head, ...body, ...foot].slice(0, rows).map((line) => clipped(line, columns));
}

function header(view: DemoView, columns: number): readonly ScreenLine[] {
  const machines = view.lines.reduce((sum, line) => sum + line.machines.length, 0);
  const title: ScreenLine = [
    span(' ANDON ', 'badge'),
    span('  a simulated plant', 'strong'),
    span(machines === 0 ? '' : `: ${view.lines.length} lines, ${machines} machines`, 'plain'),
    span(`, seed ${view.seed}`, 'dim'),
  ];
  const time: ScreenLine =
    view.phase === 'starting'
      ? [span(view.waiting, 'dim')]
      : [span(`${dayOf(view.at)} `, 'dim'), span(clockOf(view.at), 'strong'), ...speed(view)];
  return [apart(title, time, columns), progress(view, columns)];
}

function speed({ actual, speed: asked, phase, waiting }: DemoView): ScreenLine {
  if (phase === 'draining') return [span(`  ${waiting}`, 'busy')];
  if (phase === 'done') return [span('  done', 'good')];
  const slowed = actual < asked * 0.8;
  return [
    span('  '),
    span(`${Math.round(actual)}×`, slowed ? 'warning' : 'accent'),
    span(slowed ? ` of ${asked}×` : ' real time', 'dim'),
  ];
}

function progress({ done, elapsed, seconds }: DemoView, columns: number): ScreenLine {
  const text =
    seconds === undefined
      ? ` ${Math.round(elapsed)} s `
      : ` ${Math.round(elapsed)} of ${seconds} s `;
  const width = Math.max(0, columns - text.length);
  const full = done === undefined ? 0 : Math.round(Math.min(1, done) * width);
  return [
    span('━'.repeat(full), 'accent'),
    span('─'.repeat(width - full), 'dim'),
    span(text, 'dim'),
  ];
}

const STEPS = [
  { name: 'readings', note: 'machines send', style: 'strong' },
  { name: 'windows', note: 'put in figures', style: 'strong' },
  { name: 'anomalies', note: 'rules find odd', style: 'warning' },
  { name: 'incidents', note: 'add up to', style: 'busy' },
  { name: 'requests', note: 'one per problem', style: 'danger' },
] as const satisfies readonly { name: keyof DemoView['counts']; note: string; style: Style }[];

/** From a million readings to a handful of requests: what all this does, in one picture. */
function funnel({ counts }: DemoView, columns: number): readonly ScreenLine[] {
  if (columns < NARROW) {
    return [
      [],
      ...STEPS.map(({ name, note, style }) => [
        span(grouped(counts[name]).padStart(12), style),
        span(` ${name}`),
        span(`  ${note}`, 'dim'),
      ]),
    ];
  }
  const width = Math.min(20, Math.floor((columns - INDENT - 4 * 3) / 5));
  const row = (
    cell: (step: (typeof STEPS)[number]) => [string, Style],
    between: string,
  ): ScreenLine => [
    span(' '.repeat(INDENT)),
    ...STEPS.flatMap((step, index) => [
      ...(index === 0 ? [] : [span(` ${between} `, 'dim')]),
      padded(...withWidth(cell(step), width)),
    ]),
  ];
  return [
    [],
    row(({ name, style }) => [grouped(counts[name]), style], '▸'),
    row(({ name }) => [name, 'plain'], ' '),
    row(({ note }) => [note, 'dim'], ' '),
  ];
}

function withWidth([text, style]: [string, Style], width: number): [string, number, Style] {
  return [text, width, style];
}

const PRIORITY_STYLES: Readonly<Record<string, Style>> = {
  low: 'dim',
  medium: 'warning',
  high: 'danger',
  urgent: 'danger',
};

function requests(
  all: readonly RequestView[],
  columns: number,
  room: number,
): readonly ScreenLine[] {
  const most = room >= FEW_ROOM ? Math.floor((room - 8) / 2) : Math.floor((room - 2) / 2);
  const many = Math.max(0, Math.min(MOST_REQUESTS, most, all.length));
  const more = all.length - many;
  const title = heading('Maintenance requests', more > 0 ? `and ${more} more` : '');
  if (all.length === 0) {
    return [[], title, [span(`${' '.repeat(INDENT)}none so far: nothing stood out`, 'dim')]];
  }
  return [[], title, ...all.slice(0, many).flatMap((one) => requestLines(one, columns))];
}

function requestLines(one: RequestView, columns: number): readonly ScreenLine[] {
  const over = one.action === 'withdraw' || one.action === 'close';
  const style = over ? 'dim' : (PRIORITY_STYLES[one.priority] ?? 'plain');
  const { head, reason } = partsOf(one.title);
  const facts = [
    one.remote === undefined ? 'on its way to the CMMS' : one.remote,
    over ? actionWord(one.action) : one.revision > 1 ? `revision ${one.revision}` : '',
    one.slot === undefined ? '' : `slot ${one.slot}`,
    head.includes(one.failureMode) ? '' : one.failureMode,
  ].filter((fact) => fact !== '');
  return [
    apart(
      [
        span(`${' '.repeat(INDENT)}■ `, style),
        padded(one.priority, 8, style),
        span(head, over ? 'dim' : 'strong'),
        span(reason === '' ? '' : `  ${reason}`, 'dim'),
      ],
      [span(clockOf(one.at), 'dim')],
      columns,
    ),
    [span(' '.repeat(INDENT + 2 + 8)), span(facts.join(' · '), 'dim')],
  ];
}

/** A title says what is wrong with which machine, then how badly and why: `Pump 1, bearing: CAVITATION, alarm: …`. */
function partsOf(title: string): { readonly head: string; readonly reason: string } {
  const [, head = title, reason = ''] =
    /^(.*?)[,:] (?:notice|warning|alarm|danger): (.*)$/.exec(title) ?? [];
  return { head, reason };
}

const KIND_STYLES: Readonly<Record<FindingView['kind'], Style>> = {
  anomaly: 'warning',
  incident: 'busy',
  request: 'danger',
};

function findings(
  all: readonly FindingView[],
  columns: number,
  room: number,
): readonly ScreenLine[] {
  const many = Math.min(all.length, room - 2);
  if (many <= 0) return [];
  const rows = all
    .slice(-many)
    .map(({ kind, at, asset, text }) =>
      clipped(
        [
          span(`${' '.repeat(INDENT)}${clockOf(at)}  `, 'dim'),
          padded(kind, 10, KIND_STYLES[kind]),
          padded(asset, columns < NARROW ? 10 : 18),
          span(text, 'dim'),
        ],
        columns,
      ),
    );
  return [[], heading('What was found', ''), ...rows];
}

function deadLetters({ deadLetters: all }: DemoView, columns: number): readonly ScreenLine[] {
  if (all.length === 0) return [];
  const items = all.map(
    ({ reason, count }): ScreenLine => [
      span(grouped(count), 'strong'),
      span(` ${reason}`),
      span(reasonWords(reason) === '' ? '' : ` (${reasonWords(reason)})`, 'dim'),
    ],
  );
  return [[], heading('Dead letters, and counted', ''), ...flowed(items, columns, INDENT)];
}

function runs(view: DemoView, columns: number): readonly ScreenLine[] {
  if (view.phase === 'starting') return [];
  const { rates, lag, latency, trouble } = view;
  const items: ScreenLine[] = [
    [span(grouped(rates.readings), 'strong'), span(' readings/s', 'dim')],
    [span(grouped(rates.messages), 'strong'), span(' messages/s', 'dim')],
    [
      span(`${grouped(lag.messages)}`, lag.held ? 'warning' : 'strong'),
      span(lag.held ? ' messages behind: the plant waits' : ' messages behind', 'dim'),
    ],
    ...timed('into ClickHouse', latency.warehouse),
    ...timed('into the CMMS', latency.cmms),
  ];
  return [
    [],
    heading('How it runs', ''),
    ...flowed(items, columns, INDENT),
    ...(trouble === undefined ? [] : [[span(`${' '.repeat(INDENT)}${trouble}`, 'warning')]]),
  ];
}

function timed(what: string, milliseconds: number | undefined): ScreenLine[] {
  if (milliseconds === undefined) return [];
  return [[span(spoken(milliseconds), 'strong'), span(` ${what}`, 'dim')]];
}

function look({ look: places }: DemoView): readonly ScreenLine[] {
  if (places.length === 0) return [];
  return [
    [],
    heading('Look for yourself', 'Ctrl-C ends it and says how it went'),
    ...places.map(({ what, where }) => [
      span(`${' '.repeat(INDENT)}${where}`, 'accent'),
      span(`   ${what}`, 'dim'),
    ]),
  ];
}

function heading(text: string, note: string): ScreenLine {
  return [span(text, 'strong'), span(note === '' ? '' : `  ${note}`, 'dim')];
}

const BOARD_SIGNS: Readonly<Record<BoardStatus, { readonly sign: string; readonly style: Style }>> =
  {
    unknown: { sign: '·', style: 'dim' },
    stopped: { sign: '○', style: 'dim' },
    running: { sign: '●', style: 'good' },
    anomalous: { sign: '▲', style: 'warning' },
    requested: { sign: '■', style: 'danger' },
  };

/** The andon board: a sign for every machine, line by line. */
function board(lines: readonly LineView[], columns: number): readonly ScreenLine[] {
  if (lines.length === 0) return [];
  const width = Math.max(...lines.map(({ name }) => name.length)) + 2;
  const legend: ScreenLine = [
    span('The plant', 'strong'),
    span('  '),
    ...legendOf('running', 'runs'),
    ...legendOf('stopped', 'stands'),
    ...legendOf('anomalous', 'odd'),
    ...legendOf('requested', 'maintenance asked for'),
  ];
  return [[], legend, ...lines.flatMap((line) => rowsOf(line, width, columns))];
}

function legendOf(status: BoardStatus, text: string): ScreenLine {
  const { sign, style } = BOARD_SIGNS[status];
  return [span(` ${sign}`, style), span(` ${text} `, 'dim')];
}

function rowsOf(
  { name, machines }: LineView,
  width: number,
  columns: number,
): readonly ScreenLine[] {
  const items = machines.map(({ name: machine, status }): ScreenLine => {
    const { sign, style } = BOARD_SIGNS[status];
    return [span(`${sign} `, style), span(machine, status === 'requested' ? 'strong' : 'plain')];
  });
  const head: ScreenLine = [span('  '), padded(name, width, 'dim')];
  const rows = flowed(items, columns, widthOf(head));
  return rows.map((row, index) => (index === 0 ? [...head, ...row.slice(1)] : row));
}
