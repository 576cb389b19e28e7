import { escapeXml } from '../../pipelines/base/panel.ts';
import type { Plot, Span } from './evaluation.ts';

const WIDTH = 900;
const LEFT = 56;
const TOP = 34;
const HEIGHT = 170;
const PLOT = WIDTH - LEFT - 12;
const COLOURS = [
  '#263238',
  '#1565c0',
  '#6a1b9a',
  '#00695c',
  '#ef6c00',
  '#5d4037',
  '#455a64',
  '#ad1457',
];
const TRUTH = '#a5d6a7';
const ALARM = '#c62828';

type Scale = { readonly x: (time: number) => number; readonly y: (value: number) => number };

/** A run as SVG: its series, behind them in green what is true, below them in red when an alarm stood. */
export function drawPlot(plot: Plot): string {
  const { x, y, ticks, from, to } = scaleOf(plot);
  const bottom = TOP + HEIGHT;
  const legend = plot.series.map(({ name }, at) => {
    const colour = COLOURS[at % COLOURS.length];
    return `<tspan fill="${colour}" dx="10">${escapeXml(name)}</tspan>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 46}" role="img" aria-label="${escapeXml(plot.title)}" font-family="sans-serif" font-size="11">`,
    `<title>${escapeXml(plot.title)}</title>`,
    `<rect width="${WIDTH}" height="${bottom + 46}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="20" font-size="14">${escapeXml(plot.title)}<tspan font-size="11">${legend.join('')}</tspan></text>`,
    ...plot.truth.map((span) => truthOf(span, x)),
    ...ticks.map((value) => tick(value, y)),
    `<rect x="${LEFT}" y="${TOP}" width="${PLOT}" height="${HEIGHT}" fill="none" stroke="#9e9e9e"/>`,
    ...plot.series.map(({ at, values }, index) => {
      const path = pathOf(at, values, { x, y });
      return `<path d="${path}" fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="0.9"/>`;
    }),
    `<text x="${LEFT}" y="${bottom + 34}">${timeText(from)}</text>`,
    `<text x="${LEFT + PLOT}" y="${bottom + 34}" text-anchor="end">${timeText(to)}</text>`,
    ...plot.alarms.map((span, index) => alarmOf(span, index, x)),
    '</svg>\n',
  ].join('\n');
}

function scaleOf({ series, truth, alarms, logarithmic = false }: Plot) {
  const ends = series.flatMap(({ at }) => [at[0] ?? 0, at.at(-1) ?? 0]);
  const others = [...truth, ...alarms].flatMap((span) => [span.from, span.to]);
  const known = (ends.length > 0 ? ends : others).filter(Number.isFinite);
  const from = known.length > 0 ? Math.min(...known) : 0;
  const to = Math.max(from + 1, ...known);
  const shown = (value: number) => (logarithmic ? Math.log10(value) : value);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { values } of series) {
    for (const value of values) {
      const at = shown(value);
      if (!Number.isFinite(at)) continue;
      low = Math.min(low, at);
      high = Math.max(high, at);
    }
  }
  if (!(high > low)) [low, high] = Number.isFinite(low) ? [low - 1, low + 1] : [0, 1];
  const ticks = [low, (low + high) / 2, high].map((at) => (logarithmic ? 10 ** at : at));
  const clamp = (time: number) => Math.min(to, Math.max(from, time));
  return {
    from,
    to,
    ticks,
    x: (time: number) => LEFT + ((clamp(time) - from) / (to - from)) * PLOT,
    y: (value: number) => TOP + HEIGHT - 4 - ((shown(value) - low) / (high - low)) * (HEIGHT - 8),
  };
}

function truthOf({ from, to, label }: Span, x: Scale['x']): string {
  const width = Math.max(1, x(to) - x(from)).toFixed(1);
  return `<rect x="${x(from).toFixed(1)}" y="${TOP}" width="${width}" height="${HEIGHT}" fill="${TRUTH}" fill-opacity="0.6"><title>${escapeXml(label)}</title></rect>`;
}

function alarmOf({ from, to, label }: Span, index: number, x: Scale['x']): string {
  const left = x(from).toFixed(1);
  const width = Math.max(1.5, x(to) - x(from)).toFixed(1);
  const bottom = TOP + HEIGHT;
  // Labels next to each other stand below each other, and those on the right side grow to the left.
  const height = TOP + 12 + (index % 4) * 12;
  const [anchor, gap] = x(from) > WIDTH / 2 ? ['end', -4] : ['start', 4];
  return [
    `<line x1="${left}" x2="${left}" y1="${TOP}" y2="${bottom}" stroke="${ALARM}" stroke-dasharray="3 3"/>`,
    `<text x="${left}" dx="${gap}" y="${height}" text-anchor="${anchor}" fill="${ALARM}" font-size="10">${escapeXml(label)}</text>`,
    `<rect x="${left}" y="${bottom + 6}" width="${width}" height="10" fill="${ALARM}" fill-opacity="0.75"/>`,
  ].join('');
}

function tick(value: number, y: Scale['y']): string {
  return `<text x="${LEFT - 4}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end" fill="#616161">${Number(value.toPrecision(3))}</text>`;
}

/** Of the values on one column of the picture the least and the greatest are drawn, so that no spike is lost. */
function pathOf(at: readonly number[], values: readonly number[], { x, y }: Scale): string {
  const columns = new Map<number, [low: number, high: number]>();
  for (const [index, time] of at.entries()) {
    const place = y(values[index] ?? Number.NaN);
    if (!Number.isFinite(place)) continue;
    const column = Math.round(x(time));
    const known = columns.get(column);
    if (known === undefined) columns.set(column, [place, place]);
    else columns.set(column, [Math.max(known[0], place), Math.min(known[1], place)]);
  }
  return [...columns]
    .sort(([a], [b]) => a - b)
    .map(([column, [low, high]], index) => {
      const first = `${index === 0 ? 'M' : 'L'}${column} ${low.toFixed(0)}`;
      return low.toFixed(0) === high.toFixed(0) ? first : `${first}V${high.toFixed(0)}`;
    })
    .join('');
}

function timeText(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}
