import type { WriteStream } from 'node:tty';
import { ansi } from './ansi.ts';
import type { DemoView } from './demo-view.ts';
import { createPlain } from './plain.ts';
import { screen } from './screen.ts';

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

/** Says what is new, line by line. */
export function showLines(view: () => DemoView | undefined, say: (line: string) => void): Live {
  const plain = createPlain();
  const tell = () => {
    const now = view();
    if (now !== undefined) for (const line of plain(now)) say(line);
  };
  const timer = setInterval(tell, FRAME);
  return {
    stop() {
      clearInterval(timer);
      tell();
    },
  };
}
