import { printable } from '../../../operators/model/plain.ts';
import type { ScreenLine, Style } from './lines.ts';

/** SGR codes: the sixteen colours that every theme of a terminal has made readable. */
const CODES: Readonly<Record<Style, string>> = {
  plain: '',
  strong: '1',
  dim: '2',
  badge: '1;30;43',
  accent: '36',
  good: '32',
  warning: '33',
  danger: '1;31',
  busy: '35',
};

/** A line as a terminal takes it; without colours (NO_COLOR, a pipe) it is its text. */
export function ansi(line: ScreenLine, colours: boolean): string {
  return line
    .map(({ text: said, style }) => {
      const text = printable(said).replaceAll(/[\t\n]/g, ' ');
      const code = CODES[style];
      return colours && code !== '' && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
    })
    .join('')
    .replace(/ +$/, '');
}
