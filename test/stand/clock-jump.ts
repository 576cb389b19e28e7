import { writeSync } from 'node:fs';

// Loaded ahead of a worker (`--import`): a wall clock that somebody sets. SIGUSR2 sets it to the next of these, in
// milliseconds off the true time. The monotonic clock runs on, as it does on a real machine.
const JUMPS = [3 * 3_600_000, -5 * 3_600_000, 0];
let off = 0;

const Real = Date;
class Wrong extends Real {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(Real.now() + off);
    else super(...(args as [number]));
  }
  static override now(): number {
    return Real.now() + off;
  }
}
globalThis.Date = Wrong as DateConstructor;

process.on('SIGUSR2', () => {
  off = JUMPS.shift() ?? off;
  writeSync(2, `clock: ${off / 3_600_000} h off\n`);
});
