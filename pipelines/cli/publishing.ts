// What the commands that publish share: the option `--speed` and the line of progress.

import { type EventTime, toIso } from '../../operators/model/time.ts';
import { wrongInput } from '../base/problem.ts';
import type { PublishCounts } from '../nats/publisher.ts';

/** A line on a terminal that is written over; nothing at all into a pipe. */
export function showProgress() {
  const tty = process.stderr.isTTY;
  const began = performance.now();
  let shown = 0;
  return {
    show: (counts: PublishCounts, at: EventTime) => {
      const now = performance.now();
      if (!tty || now - shown < 200) return;
      shown = now;
      const rate = Math.round(counts.acknowledged / ((now - began) / 1_000));
      process.stderr.write(
        `\r\u001b[2K${counts.acknowledged} messages, ${rate}/s, at ${toIso(at)}`,
      );
    },
    clear: () => {
      if (tty && shown > 0) process.stderr.write('\r\u001b[2K');
      shown = 0;
    },
  };
}

/** How many times faster than the clock somebody wants it; infinite for `max`. @throws `Problem` */
export function speedOf(text: string): number {
  const speed = text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
  if (speed > 0) return speed;
  throw wrongInput('--speed', 'a number above 0, or max', text);
}
