import { printable } from '../../operators/model/plain.ts';

/** A vertical line at a place of the x axis, or a horizontal one at a level. */
export type PanelMark = { readonly at: number; readonly text: string; readonly colour: string };

type Frame = {
  readonly title: string;
  /** Units of the axes. */
  readonly x: string;
  readonly y: string;
  readonly width: number;
  readonly height: number;
  readonly top: number;
  /** The x axis counts things: no ticks between them. */
  readonly whole?: boolean;
};

const LEFT = 60;
const RIGHT = 20;
const BOTTOM = 40;
/** A white edge, so that a curve behind it does not cross a word. */
const LABEL = 'font-size="10" paint-order="stroke" stroke="#ffffff" stroke-width="3"';

/**
 * One chart of equidistant values, the first at 0. Of the values that fall on one column of the picture the least and the
 * greatest are drawn, so that no spike is lost.
 */
export function panel(
  frame: Frame,
  values: ArrayLike<number>,
  step: number,
  marks: readonly PanelMark[],
  levels: readonly PanelMark[] = [],
): string {
  const { title, top, width, height, whole = false } = frame;
  const columns = width - LEFT - RIGHT;
  const rows = height - BOTTOM;
  const end = Math.max(step, values.length * step);
  const [low, high] = rangeOf(values);
  const placeX = (value: number) => LEFT + (value / end) * columns;
  const placeY = (value: number) => top + rows - ((value - low) / (high - low)) * rows;
  const parts = [
    `<text x="${LEFT}" y="${top - 5}" fill="#424242">${escapeXml(`${title}, ${frame.y}`)}</text>`,
    `<rect x="${LEFT}" y="${top}" width="${columns}" height="${rows}" fill="none" stroke="#bdbdbd"/>`,
    ...roundPlaces(0, end, 4)
      .filter((place) => !whole || Number.isInteger(place))
      .map((place) => {
        // The outer ones stay inside of the picture.
        const anchor = place === 0 ? 'start' : place > 0.97 * end ? 'end' : 'middle';
        return `<text x="${placeX(place).toFixed(1)}" y="${top + rows + 16}" text-anchor="${anchor}">${rounded(place)} ${frame.x}</text>`;
      }),
    ...roundPlaces(low, high, 3).map((place) => {
      return `<text x="${LEFT - 6}" y="${placeY(place).toFixed(1)}" dy="4" text-anchor="end">${rounded(place)}</text>`;
    }),
    ...marks
      .filter(({ at }) => at > 0 && at < end)
      .sort((a, b) => a.at - b.at)
      .flatMap(marked),
    ...levels.filter(({ at }) => at > low && at <= high).flatMap(leveled),
    `<path d="${pathOf(values, columns, placeY)}" fill="none" stroke="#263238" stroke-width="0.8"/>`,
  ];
  // Words stand before the lines, or nobody can read them.
  return parts
    .sort((a, b) => Number(a.startsWith('<text')) - Number(b.startsWith('<text')))
    .join('\n');

  function leveled({ at, text, colour }: PanelMark): readonly string[] {
    const y = placeY(at).toFixed(1);
    const right = width - RIGHT;
    return [
      `<line x1="${LEFT}" x2="${right}" y1="${y}" y2="${y}" stroke="${colour}" stroke-dasharray="8 3"/>`,
      `<text x="${right - 4}" y="${y}" dy="-2" ${LABEL} text-anchor="end" fill="${colour}">${escapeXml(text)}</text>`,
    ];
  }

  function marked({ at, text, colour }: PanelMark, index: number): readonly string[] {
    const x = placeX(at).toFixed(1);
    const y = top + 12 + (index % 6) * 12;
    return [
      `<line x1="${x}" x2="${x}" y1="${top}" y2="${top + rows}" stroke="${colour}" stroke-dasharray="4 3"/>`,
      `<text x="${x}" y="${y}" dx="3" ${LABEL} fill="${colour}">${escapeXml(text)}</text>`,
    ];
  }
}

/** Places in steps of 1, 2 or 5 times a power of ten: at least so many steps from the lower end to the upper one. */
function roundPlaces(low: number, high: number, least: number): readonly number[] {
  const widest = (high - low) / least;
  const power = 10 ** Math.floor(Math.log10(widest));
  const step = power * ([5, 2, 1].find((each) => each * power <= widest) ?? 1);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

function rangeOf(values: ArrayLike<number>): readonly [number, number] {
  let low = 0;
  let high = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (value < low) low = value;
    else if (value > high && Number.isFinite(value)) high = value;
  }
  return high > low && Number.isFinite(low) ? [low, high] : [0, 1];
}

function pathOf(
  values: ArrayLike<number>,
  columns: number,
  placeY: (value: number) => number,
): string {
  const points: string[] = [];
  const share = values.length / columns;
  for (let column = 0; column < columns; column++) {
    const from = Math.floor(column * share);
    const to = Math.max(from + 1, Math.floor((column + 1) * share));
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let index = from; index < to && index < values.length; index++) {
      const value = values[index] ?? 0;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (!Number.isFinite(low) || !Number.isFinite(high)) continue;
    const x = LEFT + column;
    points.push(
      `${points.length === 0 ? 'M' : 'L'}${x} ${placeY(low).toFixed(1)}L${x} ${placeY(high).toFixed(1)}`,
    );
  }
  return points.join('');
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** XML has no control characters at all, not even by their numbers. */
export function escapeXml(text: string): string {
  return printable(text).replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
