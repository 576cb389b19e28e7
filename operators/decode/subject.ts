import { type AssetKey, assetKey, type Key, lineKey } from '../model/key.ts';
import { TICK_SUBJECT } from '../model/message.ts';

/** What a subject says of its messages. */
export type Route =
  | { readonly kind: 'telemetry' | 'event'; readonly asset: AssetKey }
  | { readonly kind: 'waveform'; readonly asset: AssetKey; readonly point: string }
  | { readonly kind: 'schedule'; readonly line: Key }
  | { readonly kind: 'model' | 'rules'; readonly plant: string }
  | { readonly kind: 'tick' }
  | { readonly kind: 'unknown' };

const UNKNOWN: Route = { kind: 'unknown' };

/** `telemetry.<plant>.<line>.<asset>` and its sisters. */
export function routeOf(subject: string): Route {
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

/** Routes are looked up once per message, so they are kept; a flood of subjects cannot fill the memory. */
export function createRoutes(limit = 100_000): (subject: string) => Route {
  const known = new Map<string, Route>();
  return (subject) => {
    const found = known.get(subject);
    if (found !== undefined) return found;
    const route = routeOf(subject);
    if (known.size >= limit) known.clear();
    known.set(subject, route);
    return route;
  };
}
