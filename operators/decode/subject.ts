import { type AssetKey, assetKey, type Key, lineKey } from '../model/key.ts';
import type { Attested } from '../model/machine-event.ts';
import { TICK_SUBJECT } from '../model/message.ts';

/** What the subject of a message means: what kind of message it is, and of what. */
export type ParsedSubject =
  | { readonly kind: 'telemetry'; readonly asset: AssetKey }
  | { readonly kind: 'event'; readonly asset: AssetKey; readonly attested?: Attested }
  | { readonly kind: 'waveform'; readonly asset: AssetKey; readonly point: string }
  | { readonly kind: 'schedule'; readonly line: Key }
  | { readonly kind: 'model' | 'rules'; readonly plant: string }
  | {
      readonly kind: 'mapping';
      readonly plant: string;
      readonly via: string;
      readonly user: string;
    }
  | { readonly kind: 'tick' }
  | { readonly kind: 'unknown' };

const UNKNOWN: ParsedSubject = { kind: 'unknown' };

/** An opaque id of a person, and what stands for a way or a system: names that no permission can read in two ways. */
const USER = /^[a-z0-9]{1,32}$/;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** `telemetry.<plant>.<line>.<asset>` and the other subjects of plants. */
export function parseSubject(subject: string): ParsedSubject {
  if (subject === TICK_SUBJECT) return { kind: 'tick' };
  const [kind, ...tokens] = subject.split('.');
  const [plant = '', line = '', asset = '', point = ''] = tokens;
  if (plant === '' || subject.includes('/')) return UNKNOWN;
  switch (kind) {
    case 'telemetry':
    case 'event':
      return tokens.length === 3 ? { kind, asset: assetKey(plant, line, asset) } : UNKNOWN;
    case 'waveform':
      return tokens.length === 4 ? { kind, asset: assetKey(plant, line, asset), point } : UNKNOWN;
    case 'act':
    case 'status':
    case 'finding':
      return parseAttested(kind, tokens);
    case 'schedule':
      return tokens.length === 2 ? { kind, line: lineKey(plant, line) } : UNKNOWN;
    case 'model':
    case 'rules':
      return tokens.length === 1 ? { kind, plant } : UNKNOWN;
    case 'mapping': {
      // As of an act: the permission of whoever publishes attests who it is.
      const [, via = '', user = ''] = tokens;
      const valid = tokens.length === 3 && NAME.test(via) && USER.test(user);
      return valid ? { kind, plant, via, user } : UNKNOWN;
    }
    default:
      return UNKNOWN;
  }
}

/** The subjects that say who says it: `act.….<via>.<user>`, `status.<system>.…`, `finding.…`. */
function parseAttested(kind: Attested['kind'], tokens: readonly string[]): ParsedSubject {
  const [system = '', ...behind] = tokens;
  const [plant = '', line = '', asset = '', via = '', user = ''] =
    kind === 'status' ? behind : tokens;
  const event = { kind: 'event', asset: assetKey(plant, line, asset) } as const;
  switch (kind) {
    case 'act': {
      const valid = tokens.length === 5 && NAME.test(via) && USER.test(user);
      return valid ? { ...event, attested: { kind, via, user } } : UNKNOWN;
    }
    case 'status': {
      const valid = tokens.length === 4 && NAME.test(system);
      return valid ? { ...event, attested: { kind, system } } : UNKNOWN;
    }
    case 'finding':
      return tokens.length === 3 ? { ...event, attested: { kind } } : UNKNOWN;
  }
}

/** `parseSubject` with a bounded cache: it is asked once per message, and a flood of subjects cannot fill the memory. */
export function createSubjectParser(limit = 100_000): (subject: string) => ParsedSubject {
  const known = new Map<string, ParsedSubject>();
  return (subject) => {
    const found = known.get(subject);
    if (found !== undefined) return found;
    const parsed = parseSubject(subject);
    if (known.size >= limit) known.clear();
    known.set(subject, parsed);
    return parsed;
  };
}
