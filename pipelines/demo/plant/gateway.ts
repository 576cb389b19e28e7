import type { DeadLetterReason } from '../../../operators/model/tables.ts';
import type { Seconds } from './calendar.ts';
import { BLOCK, type Nuisance } from './nuisances.ts';
import type { Random } from './random.ts';

/** One message of telemetry, as a gateway sends it. */
export type Sending = {
  /** When it reaches the log. */
  readonly appended: Seconds;
  /** Of its first value, as the gateway's clock says it. */
  readonly stamped: Seconds;
  /** Which seconds of the block it holds. */
  readonly first: number;
  readonly count: number;
  /** Sent once more, with the number that it had. */
  readonly isRepeat?: true;
  readonly reason?: DeadLetterReason;
};

/** How late a late block is. */
const LATE = 25 * 60;
/** How far a wrong clock is ahead. */
const AHEAD = 17 * 60;
/** What a gateway that comes back needs for one of the blocks that it has kept. */
const CATCHES_UP = 0.08;
/** Within the disorder that the rules allow by default, two seconds. */
const OVERTAKEN = 1.6;
const LOST = 0.25;

/** How a gateway sends the block that begins at `at`. `random`: what is drawn for this block alone. */
export function sendingsOf(at: Seconds, nuisance: Nuisance | undefined, random: Random): Sending[] {
  const appended = at + BLOCK + random.between(0.1, 0.8);
  const whole: Sending = { appended, stamped: at, first: 0, count: BLOCK };
  switch (nuisance?.kind) {
    case 'late':
      return [{ ...whole, appended: appended + LATE, reason: 'late' }];
    case 'duplicated':
      return [whole, { ...whole, appended: appended + 0.4, isRepeat: true, reason: 'duplicate' }];
    case 'shuffled':
      return Array.from({ length: BLOCK }, (_, first) => ({
        appended: at + first + 0.2 + OVERTAKEN * random.next(),
        stamped: at + first,
        first,
        count: 1,
      }));
    case 'missing':
      return random.next() < LOST ? [] : [whole];
    case 'wrong-clock':
      return [{ ...whole, stamped: at + AHEAD, reason: 'skew' }];
    case 'returning-gateway': {
      const kept = nuisance.to + CATCHES_UP * ((at - nuisance.from) / BLOCK);
      return [{ ...whole, appended: Math.max(appended, kept) }];
    }
    case 'silent-line':
      return [];
    default:
      return [whole];
  }
}

/** The nuisance that a machine's telemetry suffers at a time. */
export function sufferedBy(
  nuisances: readonly Nuisance[],
  machine: Nuisance['machine'],
  at: Seconds,
): Nuisance | undefined {
  return nuisances.find(({ kind, from, to, machine: theirs }) => {
    // Until a gateway that came back has sent what it kept, the new has to wait.
    const end = kind === 'returning-gateway' ? to + 75 : to;
    if (at < from || at >= end) return false;
    return kind === 'silent-line' ? theirs.line === machine.line : theirs === machine;
  });
}
