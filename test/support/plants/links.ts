/** How what a source says reaches the log: its lag and disorder, its clock, its outages, its gateways and their repeats. */
import fc from 'fast-check';
import { pack } from 'msgpackr';
import type { Span } from '../deliveries.ts';
import { epochMs, type Utterance } from './machines.ts';

/** Times are milliseconds. */
export type Link = {
  /** From measuring to appending. */
  readonly lag: number;
  /** And at most so much more, by chance: what overtakes what. */
  readonly jitter: number;
  /** From when on the clock of the source is wrong, until when, and by how much. */
  readonly clocks: readonly { readonly span: Span; readonly by: number }[];
  /** It measures nothing: before it joins, when it has stopped, in between. */
  readonly silent: readonly Span[];
  /** It measures, and sends all of it at the end; marked (`Andon-Backfill`) or not. */
  readonly stored: readonly { readonly span: Span; readonly marks: boolean }[];
  /** Of so many messages one is sent again. */
  readonly repeats: number;
  /** Whether its gateway counts its messages; or two gateways that send all of them, with identities. */
  readonly gateways: 'nameless' | 'counting' | 'two';
  readonly seed: number;
};

/** A message as it is stored, before it has its place. */
export type Arrival = {
  readonly appended: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
};

/** Times at which rules change their mind, and a second to either side of them. */
const EDGES = [2_000, 4_000, 5_000, 10_000, 20_000, 30_000].flatMap((edge) => {
  return [edge - 1_000, edge - 1, edge, edge + 1, edge + 1_000];
});
const SKEWS = [900, 3_000, 31_000, 59_000, 61_000, 600_000];
const YEARS = 1_700_000_000_000;

/** Anything that a source can do. */
export function linkOf(seconds: number): fc.Arbitrary<Link> {
  const end = seconds * 1_000;
  const span = (longest: number) =>
    fc
      .tuple(fc.nat(seconds - 1), fc.oneof(fc.constantFrom(...EDGES), fc.nat(longest)))
      .map(([from, length]): Span => [from * 1_000, from * 1_000 + length]);
  const by = fc.oneof(
    fc.constantFrom(...SKEWS, ...SKEWS.map((one) => -one)),
    fc.constantFrom(-3_600_000, -YEARS, 3_600_000),
  );
  const whole = fc.constant<Span>([0, end]);
  const seldom = <T>(arbitrary: fc.Arbitrary<T>, most = 1) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<T[]>([]) },
      { weight: 1, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: most }) },
    );
  const join = span(90_000).map(([, length]): Span => [0, length]);
  const stop = span(90_000).map(([from]): Span => [from, end]);
  return fc.record({
    lag: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 50, max: 2_000 }) },
      { weight: 1, arbitrary: fc.constantFrom(...EDGES) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
    ),
    jitter: fc.constantFrom(0, 0, 1_000, 1_900, 6_000),
    clocks: seldom(fc.record({ span: fc.oneof(whole, span(60_000)), by }), 2),
    silent: seldom(fc.oneof(span(60_000), join, stop), 2),
    stored: seldom(fc.record({ span: span(90_000), marks: fc.boolean() })),
    repeats: fc.constantFrom(0, 0, 0, 5, 9),
    gateways: fc.constantFrom('nameless', 'nameless', 'counting', 'two'),
    seed: fc.nat(1_000),
  });
}

/** A source in step: its clock is right, it lags by less than `hold`, and is out of order within `disorder`. */
export function linkInStep(hold: number, disorder: number): fc.Arbitrary<Link> {
  return fc.record({
    ...{ lag: fc.integer({ min: 50, max: hold - disorder - 2_000 }) },
    ...{ jitter: fc.nat(disorder - 1), seed: fc.nat(1_000) },
    ...{ clocks: fc.constant([]), silent: fc.constant([]), stored: fc.constant([]) },
    ...{ repeats: fc.constantFrom(0, 5), gateways: fc.constantFrom('nameless', 'counting', 'two') },
  });
}

/** What arrives of what was said, gateway by gateway. */
export function sent(said: readonly Utterance[], name: string, link: Link): Arrival[] {
  const { gateways, repeats, lag, jitter, seed } = link;
  const counts = { a: 0, b: 0 };
  return said.flatMap((utterance, index) => {
    const { at, subject } = utterance;
    if (link.silent.some((span) => isWithin(at, span))) return [];
    const outage = link.stored.find(({ span }) => isWithin(at, span));
    const leaves = outage === undefined ? at : outage.span[1] + (at - outage.span[0]) / 1_000;
    // What a source says of one time stays in its order.
    const appended = leaves + lag + chanceOf(seed, at) * jitter;
    const payload = payloadOf(utterance, link);
    const mark: Record<string, string> = outage?.marks === true ? { 'Andon-Backfill': '1' } : {};
    if (gateways === 'nameless') {
      const one = { appended, subject, payload, headers: mark };
      return repeats > 0 && index % repeats === 0
        ? [one, { ...one, appended: appended + 3_000 }]
        : [one];
    }
    const by = (gateway: 'a' | 'b') => {
      counts[gateway] += 1;
      const headers = {
        ...{ ...mark, 'Andon-Producer': `${name}-${gateway}/1` },
        'Andon-Sequence': `${counts[gateway]}`,
        ...(gateways === 'two' ? { 'Andon-Identity': `${subject} ${at} ${index}` } : {}),
      };
      return { appended: appended + (gateway === 'b' ? 400 : 0), subject, payload, headers };
    };
    const copies = gateways === 'two' ? [by('a'), by('b')] : [by('a')];
    const again = copies.map((copy) => ({ ...copy, appended: copy.appended + 3_000 }));
    return repeats > 0 && index % repeats === 0 ? [...copies, ...again] : copies;
  });
}

function payloadOf({ at, content }: Utterance, { clocks }: Link): Uint8Array {
  if (typeof content !== 'function') return content;
  const wrong = clocks.find(({ span }) => isWithin(at, span))?.by ?? 0;
  // A clock that was set back to its beginning, not before it.
  return pack(content(Math.max(0, epochMs(at) + wrong)));
}

function isWithin(at: number, [from, to]: Span): boolean {
  return at >= from && at < to;
}

function chanceOf(seed: number, at: number): number {
  return (Math.imul(seed * 31 + at * 7_919 + 1, 0x9e3779b1) >>> 0) / 2 ** 32;
}
