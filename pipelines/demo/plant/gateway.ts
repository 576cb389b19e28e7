import type { DeadLetterReason } from '../../../operators/model/tables.ts';
import type { Seconds } from './calendar.ts';
import { subjectOf } from './facts.ts';
import type { Machine } from './machines.ts';
import { block, EMPTY, json, type Planned, type Sender } from './messages.ts';
import { BLOCK, type Nuisance } from './nuisances.ts';
import { type Random, randomOf } from './random.ts';

/** One message of telemetry, as a gateway sends it. */
type Sending = {
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
const MALFORMED_BYTES = Uint8Array.of(0x93, 0x01, 0xc1);
/** Signals of the machine that nobody knows. */
const UNKNOWN_SIGNALS = ['temperature', 'current'] as const;

/** Second by second, by signal; undefined where only counts matter. */
type Values = Readonly<Record<string, Float32Array>> | undefined;

/** What the gateway of a machine sends of the block that begins at `at`. */
export function telemetryOf(
  machine: Machine,
  at: Seconds,
  values: Values,
  nuisance: Nuisance | undefined,
  sender: Sender,
): readonly Planned[] {
  const subject = subjectOf('telemetry', machine.key);
  const random = randomOf(sender.seed, 'gateway', subject, at);
  const names = Object.keys(machine.asset.signals);
  if (nuisance?.kind === 'stuck-sensor') values?.temperature?.fill(41.25);
  let headers = {};
  const sent = sendingsOf(at, nuisance, random).map((sending): Planned => {
    if (sending.isRepeat !== true) headers = sender.number(subject);
    const { appended, count, reason } = sending;
    const readings = count * names.length;
    return {
      ...{ subject, headers, appended: sender.timeOf(appended) },
      payload: values === undefined ? EMPTY : packed(sending, values, sender),
      readings: reason === undefined || reason === 'too-late' ? readings : 0,
      ...deadLetterOf(nuisance, reason === undefined ? 0 : readings),
    };
  });
  if (nuisance?.kind === 'unknown-asset') sent.push(unknownMachine(machine, at, nuisance, sender));
  if (nuisance?.kind === 'malformed') sent.push(malformed(subject, at, nuisance, sender));
  return sent;
}

function packed(
  { stamped, first, count }: Sending,
  values: NonNullable<Values>,
  { timeOf }: Sender,
): Uint8Array {
  const time = timeOf(stamped);
  if (count === BLOCK) return block(time, values);
  const sample = Object.entries(values).map(([name, column]) => [name, column[first] ?? 0]);
  return json({ time: time / 1_000, values: Object.fromEntries(sample) });
}

function unknownMachine(
  machine: Machine,
  at: Seconds,
  nuisance: Nuisance,
  { seed, payloads, number, timeOf }: Sender,
): Planned {
  const subject = subjectOf('telemetry', `${machine.key}-spare`);
  // The name of the random numbers is part of every plant that a seed gives.
  const random = randomOf(seed, 'stranger', at);
  const values = Object.fromEntries(
    UNKNOWN_SIGNALS.map((name) => [
      name,
      Float32Array.from({ length: BLOCK }, () => random.next()),
    ]),
  );
  return {
    ...{ subject, appended: timeOf(at + BLOCK + 0.5), headers: number(subject), readings: 0 },
    payload: payloads ? block(timeOf(at), values) : EMPTY,
    ...deadLetterOf(nuisance, BLOCK * UNKNOWN_SIGNALS.length),
  };
}

function malformed(
  subject: string,
  at: Seconds,
  nuisance: Nuisance,
  { payloads, timeOf }: Sender,
): Planned {
  const appended = timeOf(at + BLOCK + 0.05);
  const payload = payloads ? MALFORMED_BYTES : EMPTY;
  return { subject, appended, headers: {}, payload, readings: 0, ...deadLetterOf(nuisance, 1) };
}

function deadLetterOf(nuisance: Nuisance | undefined, count: number): Pick<Planned, 'deadLetter'> {
  return nuisance === undefined || count === 0
    ? {}
    : { deadLetter: { nuisance: nuisance.id, count } };
}

/** How a gateway sends the block that begins at `at`. `random`: what is drawn for this block alone. */
function sendingsOf(at: Seconds, nuisance: Nuisance | undefined, random: Random): Sending[] {
  const appended = at + BLOCK + random.between(0.1, 0.8);
  const whole: Sending = { appended, stamped: at, first: 0, count: BLOCK };
  switch (nuisance?.kind) {
    case 'late':
      return [{ ...whole, appended: appended + LATE, reason: 'too-late' }];
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
