/** Checks the chain: each entry against the one before it, what has landed, and the head that somebody kept. */

import type { NatsConnection } from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';
import { streamIn } from '../nats/jetstream.ts';
import { AUDIT_STREAM } from '../nats/streams.ts';
import { type AuditMessage, type ChainFault, faultBetween, sha256Of } from './chain.ts';
import { chainExtent, readEntries } from './stored-chain.ts';

/** An entry as a table or a person kept it. */
export type KnownEntry = {
  readonly n: number;
  readonly sha256: string;
  /** When its stream was created, where that is known. */
  readonly created?: string;
};

/** `accept`: by this the place is accepted, where it is known who wrote what does not fit, and why. */
export type FoundFault = ChainFault & { readonly accept?: string };

export type Verification = {
  /** Number and hash of the newest entry: kept elsewhere, it finds whatever is changed later. */
  readonly head: KnownEntry | undefined;
  /** Entries that were read. */
  readonly entries: number;
  /** All that does not fit, by number. */
  readonly faults: readonly FoundFault[];
  /** What does not fit, and was accepted. */
  readonly accepted: readonly FoundFault[];
};

/** Whoever has the entries one by one checks them as they come. */
export interface ChainCheck {
  add(entry: AuditMessage): void;
  /** `last`: the number at which the stream ends, whether or not its messages could be read. */
  end(last: number): Verification;
}

/**
 * `known`: by number, what is known of entries from elsewhere. `accepted`: places at which the chain is known not to fit,
 * as `accept` of their faults says them. Nothing can be taken out of the stream, so what one writer put there that is no
 * entry would otherwise hide every later fault behind an answer that is always the same.
 */
export function createChainCheck(
  known: Iterable<KnownEntry> = [],
  accepted: Iterable<string> = [],
): ChainCheck {
  const places = new Set(accepted);
  const passed: FoundFault[] = [];
  const expected = new Map<number, Set<string>>();
  for (const { n, sha256 } of known) {
    expected.set(n, (expected.get(n) ?? new Set()).add(sha256));
  }
  const faults = new Map<number, FoundFault>();
  const report = (fault: FoundFault) => {
    if (!faults.has(fault.n)) faults.set(fault.n, fault);
  };
  let before: AuditMessage | undefined;
  let entries = 0;
  return {
    add(entry) {
      const sha256 = sha256Of(entry.bytes);
      const hashes = expected.get(entry.n);
      expected.delete(entry.n);
      if (hashes !== undefined && (hashes.size > 1 || !hashes.has(sha256))) {
        const others = [...hashes].join(', ');
        report({ n: entry.n, expected: `sha256 ${others}, as it was kept`, found: sha256 });
      }
      const fault = faultBetween(before, entry);
      if (fault !== undefined) {
        const accept = placeOf(before, entry);
        if (places.has(accept)) passed.push({ ...fault, accept });
        else report({ ...fault, accept });
      }
      before = entry;
      entries += 1;
    },
    end(last) {
      const reached = before?.n ?? 0;
      if (last > reached) {
        report({
          n: reached + 1,
          expected: `entries up to ${last}`,
          found: `the end at ${reached}`,
        });
      }
      for (const n of expected.keys()) {
        report({ n, expected: 'the entry that was kept elsewhere', found: 'none in the stream' });
      }
      const head =
        before === undefined ? undefined : { n: before.n, sha256: sha256Of(before.bytes) };
      const found = [...faults.values()].sort((a, b) => a.n - b.n);
      return { head, entries, faults: found, accepted: passed };
    },
  };
}

/**
 * The place between two messages: number of the later one, and a hash of both. The one that is no entry is not chained to
 * the one before it, so that what was accepted must hold that one as well, and by it all before.
 */
function placeOf(before: AuditMessage | undefined, entry: AuditMessage): string {
  const both = `${before?.n ?? 0}:${sha256Of(before?.bytes ?? '')} ${sha256Of(entry.bytes)}`;
  return `${entry.n}:${sha256Of(both)}`;
}

/** Reads the whole stream and checks it. Rejects with a `Problem` where there is none. */
export async function verifyChain(
  connection: NatsConnection,
  known: readonly KnownEntry[] = [],
  accepted: readonly string[] = [],
): Promise<Verification> {
  const extent = await chainExtent(connection);
  if (extent === undefined) throw withoutChain(connection);
  const { created, last } = extent;
  const isOwn = (entry: KnownEntry) => (entry.created ?? created) === created;
  const check = createChainCheck(known.filter(isOwn), accepted);
  for await (const entry of readEntries(connection, 1, last)) check.add(entry);
  const { faults, ...found } = check.end(last);
  const others = new Set(known.filter((entry) => !isOwn(entry)).map((entry) => entry.created));
  return { ...found, faults: [...[...others].map((other) => replaced(created, other)), ...faults] };
}

/** What has landed is of a stream that is not there any more. */
function replaced(created: string, other = ''): ChainFault {
  return {
    n: 1,
    expected: `the stream created at ${other}, of which entries have landed`,
    found: `one created at ${created}`,
  };
}

export function withoutChain(connection: NatsConnection): Problem {
  return new Problem({
    where: streamIn(connection, AUDIT_STREAM),
    expected: 'an audit stream',
    found: 'none',
    remedy: 'A worker (andon run), or the first command that does something, makes it.',
    exit: EXIT.outside,
  });
}
