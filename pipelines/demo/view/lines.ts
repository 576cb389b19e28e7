/** What a piece of text is, not how it looks: terminals and pictures choose colours for it. */
export type Style =
  | 'plain'
  | 'strong'
  | 'dim'
  | 'badge'
  | 'accent'
  | 'good'
  | 'warning'
  | 'danger'
  | 'busy';

export type Span = { readonly text: string; readonly style: Style };
export type ScreenLine = readonly Span[];

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

/** Characters; everything that the demo says is one column wide each. */
export function widthOf(line: ScreenLine): number {
  return line.reduce((sum, { text }) => sum + [...text].length, 0);
}

/** The line within so many columns: what does not fit ends in an ellipsis. */
export function clipped(line: ScreenLine, columns: number): ScreenLine {
  if (widthOf(line) <= columns) return line;
  const kept: Span[] = [];
  let left = Math.max(0, columns - 1);
  for (const { text, style } of line) {
    const part = [...text].slice(0, left).join('');
    left -= [...part].length;
    if (part !== '') kept.push({ text: part, style });
    if (left <= 0) break;
  }
  return columns <= 0 ? [] : [...kept, span('…', 'dim')];
}

/** Left and right part of a line with the space between them; the left one gives way. */
export function apart(left: ScreenLine, right: ScreenLine, columns: number): ScreenLine {
  const room = columns - widthOf(right) - 1;
  if (room < 8) return clipped(left, columns);
  const fitted = clipped(left, room);
  return [...fitted, span(' '.repeat(columns - widthOf(fitted) - widthOf(right))), ...right];
}

/** The text in a column: blanks behind it, and at least one when it has to be cut. */
export function padded(text: string, columns: number, style: Style = 'plain'): Span {
  const letters = [...text];
  const fits = letters.length <= columns;
  const shown = fits ? letters : [...letters.slice(0, Math.max(0, columns - 2)), '…'];
  return span(shown.join('') + ' '.repeat(Math.max(0, columns - shown.length)), style);
}

/** Items one after another, on as many lines as they need. */
export function flowed(
  items: readonly ScreenLine[],
  columns: number,
  indent: number,
): readonly ScreenLine[] {
  const lines: ScreenLine[] = [];
  const begin = span(' '.repeat(indent));
  let current: ScreenLine = [begin];
  for (const item of items) {
    const isFirst = current.length === 1;
    const gap = isFirst ? [] : [span('   ')];
    if (!isFirst && widthOf(current) + 3 + widthOf(item) > columns) {
      lines.push(current);
      current = [begin, ...item];
    } else {
      current = [...current, ...gap, ...item];
    }
  }
  return current.length === 1 ? lines : [...lines, current];
}
