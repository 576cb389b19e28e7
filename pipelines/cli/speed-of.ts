import { wrongInput } from '../base/wrong-input.ts';

/** How many times faster than the clock somebody wants it; infinite for `max`. @throws `Problem` */
export function speedOf(text: string): number {
  const speed = text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
  if (speed > 0) return speed;
  throw wrongInput('--speed', 'a number above 0, or max', text);
}
