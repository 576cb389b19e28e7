import { type AssetKey, assetKey, type Key, lineKey } from '../model/key.ts';
import { TICK_SUBJECT } from '../model/message.ts';

/** What the subject of a message means: what kind of message it is, and of what. */
export type ParsedSubject =
  | { readonly kind: 'telemetry' | 'event'; readonly asset: AssetKey }
  | { readonly kind: 'waveform'; readonly asset: AssetKey; readonly point: string }
  | { readonly kind: 'schedule'; readonly line: Key }
  | { readonly kind: 'model' | 'rules'; readonly plant: string }
  | { readonly kind: 'tick' }
  | { readonly kind: 'unknown' };

const UNKNOWN: ParsedSubject = { kind: 'unknown' };

/** `telemetry.<plant>.<line>.<asset>` and the other subjects of plants. */
export function parseSubject(subject: string): ParsedSubject {
  if (subject === TICK_SUBJECT) return { kind: 'tick' };
  const [kind, plant = '', line = '', asset = '', point = '', ...more] = subject.split('.');
  const tokens = subject.split('.').length;
  if (more.length > 0 || plant === '' || subject.includes('/')) return UNKNOWN;
  switch (kind) {
    case 'telemetry':
    case 'event':
      return tokens === 4 ? { kind, asset: assetKey(plant, line, asset) } : UNKNOWN;
    case 'waveform':
      return tokens === 5 ? { kind, asset: assetKey(plant, line, asset), point } : UNKNOWN;
    case 'schedule':
      return tokens === 3 ? { kind, line: lineKey(plant, line) } : UNKNOWN;
    case 'model':
    case 'rules':
      return tokens === 2 ? { kind, plant } : UNKNOWN;
    default:
      return UNKNOWN;
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
