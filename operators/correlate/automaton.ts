import type { Duration } from '../model/time.ts';
import type { PatternStage } from './pattern.ts';
import { quantityOf } from './quantity.ts';
import { both, not, type Test } from './verdict.ts';

/**
 * Where a partial match can be. `pending`: only time completes it. `stop`: what must be absent was seen.
 * `gap`: the longest time since its last event that it may stay here.
 */
export type Place = {
  readonly number: number;
  readonly stage: string;
  readonly kind: 'normal' | 'pending' | 'stop' | 'final';
  readonly gap: Duration | null;
  readonly edges: Edge[];
};

/** `take`: with the event. `ignore`: past the event. `proceed`: to look at the same event from there. */
export type Edge = {
  readonly action: 'take' | 'ignore' | 'proceed';
  readonly to: Place;
  when: Test;
};

/** The places made so far. Names are counted because gaps depend on which of a stage's places was made first. */
export type Workshop = {
  readonly places: Place[];
  readonly names: Set<string>;
  readonly stops: Map<string, Place>;
  /** For greedy stages with `until`: what followed them, before it was made to wait for them. */
  readonly unhindered: Map<Place, Place>;
};

const GROUPS = '(groups)';

export function openWorkshop(): Workshop {
  return { places: [], names: new Set(), stops: new Map(), unhindered: new Map() };
}

export function connect(from: Place, action: Edge['action'], to: Place, when: Test): void {
  from.edges.push({ action, to, when });
}

/** A place of this stage. `taking`: the limits of its gaps apply. */
export function placeOf(
  shop: Workshop,
  stage: PatternStage,
  kind: Place['kind'],
  taking: boolean,
): Place {
  // Flink gives all groups one name, and it shows in which of their places are timed.
  const again = register(shop, stage.group === undefined ? stage.name : GROUPS);
  const { kind: quantity, gap } = quantityOf(stage);
  const own = stage.within_previous ?? null;
  const limit = quantity === 'once' ? own : again ? gap : null;
  return add(shop, stage.name, kind, taking ? limit : null);
}

export function finalPlace(shop: Workshop): Place {
  return add(shop, '', 'final', null);
}

export function stopPlace(shop: Workshop, stage: string, seen: Test): Place {
  const known = shop.stops.get(stage);
  if (known !== undefined) return known;
  register(shop, stage);
  const stop = add(shop, stage, 'stop', null);
  connect(stop, 'take', stop, seen);
  shop.stops.set(stage, stop);
  return stop;
}

/** A second place with the same ways out; those that lead back lead to the copy. `keep` may bend or drop a way. */
export function copyPlace(
  shop: Workshop,
  place: Place,
  bend: (edge: Edge) => Place | undefined = ({ to }) => to,
): Place {
  register(shop, place.stage);
  const copy = add(shop, place.stage, place.kind, null);
  for (const edge of place.edges) {
    const to = edge.to === place ? copy : bend(edge);
    if (to !== undefined) connect(copy, edge.action, to, edge.when);
  }
  return copy;
}

/** Whoever is here lets the greedy stage before have the events that it wants. */
export function yieldTo(place: Place, wanted: Test): void {
  for (const edge of place.edges) edge.when = both(edge.when, not(wanted));
}

function register(shop: Workshop, name: string): boolean {
  if (!shop.names.has(name)) {
    shop.names.add(name);
    return false;
  }
  return true;
}

function add(shop: Workshop, stage: string, kind: Place['kind'], gap: Duration | null): Place {
  const place: Place = { number: shop.places.length, stage, kind, gap, edges: [] };
  shop.places.push(place);
  return place;
}
