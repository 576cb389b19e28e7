import { escapeXml } from '../../base/panel.ts';
import { type ScreenLine, type Span, type Style, widthOf } from './lines.ts';

const COLOURS: Readonly<Record<Style, string>> = {
  plain: '#cdd3de',
  strong: '#ffffff',
  dim: '#7f8a9c',
  badge: '#1b1e25',
  accent: '#56c7dc',
  good: '#4fc27a',
  warning: '#f2bb3f',
  danger: '#ff6a61',
  busy: '#c898f5',
};
const BOLD: ReadonlySet<Style> = new Set(['strong', 'badge', 'danger']);
const BACKGROUND = '#1b1e25';
const BAR = '#2a2f3a';
const BADGE = '#f2bb3f';

const CELL = { width: 8.4, height: 19 };
const MARGIN = 22;
const BAR_HEIGHT = 36;
const FONT = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** A screen as an SVG, framed as a window: what a terminal of so many columns shows. */
export function picture(lines: readonly ScreenLine[], columns: number, title: string): string {
  const width = Math.round(columns * CELL.width + 2 * MARGIN);
  const height = BAR_HEIGHT + lines.length * CELL.height + 2 * MARGIN;
  const rows = lines.map((line, index) => rowOf(line, BAR_HEIGHT + MARGIN + index * CELL.height));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${FONT}" font-size="14">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="10" fill="${BACKGROUND}"/>`,
    `<path d="M0 ${BAR_HEIGHT}V10A10 10 0 0 1 10 0H${width - 10}A10 10 0 0 1 ${width} 10V${BAR_HEIGHT}Z" fill="${BAR}"/>`,
    ...['#ff6a61', '#f2bb3f', '#4fc27a'].map(
      (colour, index) => `<circle cx="${22 + index * 20}" cy="18" r="6" fill="${colour}"/>`,
    ),
    `<text x="${width / 2}" y="23" text-anchor="middle" fill="${COLOURS.dim}">${escapeXml(title)}</text>`,
    ...rows.filter((row) => row !== ''),
    '</svg>\n',
  ].join('\n');
}

/** Each piece of text has its own place and length, so that columns stand in any font. */
function rowOf(line: ScreenLine, top: number): string {
  let column = 0;
  const parts: string[] = [];
  for (const part of line) {
    parts.push(...pieces(part, column, top));
    column += widthOf([part]);
  }
  return parts.join('');
}

function pieces({ text, style }: Span, from: number, top: number): readonly string[] {
  const shown = text.trimEnd();
  const blanks = shown.length - shown.trimStart().length;
  const visible = shown.trimStart();
  if (visible === '' && style !== 'badge') return [];
  const count = [...visible].length;
  const x = round(MARGIN + (from + blanks) * CELL.width);
  const badge =
    style === 'badge'
      ? `<rect x="${round(MARGIN + from * CELL.width)}" y="${top}" width="${round([...text].length * CELL.width)}" height="${CELL.height}" rx="3" fill="${BADGE}"/>`
      : '';
  const weight = BOLD.has(style) ? ' font-weight="bold"' : '';
  return [
    `${badge}<text x="${x}" y="${top + 14}" textLength="${round(count * CELL.width)}" lengthAdjust="spacingAndGlyphs" fill="${COLOURS[style]}"${weight} xml:space="preserve">${escapeXml(visible)}</text>`,
  ];
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
