import type { Lamp, LineView } from './demo-view.ts';
import { flowed, type Line, padded, type Style, span, widthOf } from './lines.ts';

const LAMPS: Readonly<Record<Lamp, { readonly sign: string; readonly style: Style }>> = {
  unknown: { sign: '·', style: 'dim' },
  standing: { sign: '○', style: 'dim' },
  running: { sign: '●', style: 'good' },
  odd: { sign: '▲', style: 'warning' },
  asked: { sign: '■', style: 'danger' },
};

/** The andon board: a lamp for every machine, line by line. */
export function board(lines: readonly LineView[], columns: number): readonly Line[] {
  if (lines.length === 0) return [];
  const width = Math.max(...lines.map(({ name }) => name.length)) + 2;
  const legend: Line = [
    span('The plant', 'strong'),
    span('  '),
    ...legendOf('running', 'runs'),
    ...legendOf('standing', 'stands'),
    ...legendOf('odd', 'odd'),
    ...legendOf('asked', 'maintenance asked for'),
  ];
  return [[], legend, ...lines.flatMap((line) => rowsOf(line, width, columns))];
}

function legendOf(lamp: Lamp, text: string): Line {
  const { sign, style } = LAMPS[lamp];
  return [span(` ${sign}`, style), span(` ${text} `, 'dim')];
}

function rowsOf({ name, machines }: LineView, width: number, columns: number): readonly Line[] {
  const lamps = machines.map(({ name: machine, lamp }): Line => {
    const { sign, style } = LAMPS[lamp];
    return [span(`${sign} `, style), span(machine, lamp === 'asked' ? 'strong' : 'plain')];
  });
  const head: Line = [span('  '), padded(name, width, 'dim')];
  const rows = flowed(lamps, columns, widthOf(head));
  return rows.map((row, index) => (index === 0 ? [...head, ...row.slice(1)] : row));
}
