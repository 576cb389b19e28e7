import type { Edge, Place } from './automaton.ts';
import type { Captures } from './captures.ts';
import { type Accepts, type Asked, atomsOf, compiled, type Verdicts } from './verdict.ts';

/**
 * One way on from a place: past the event, or with it as an event of place `from`. `completes`: nothing more is
 * needed from there, so that a match comes out besides.
 */
export type Move = {
  readonly takes: boolean;
  readonly from: Place;
  readonly to: Place;
  readonly completes: boolean;
};

/** What one event means for whoever waits at a place. `stays`: nothing changes. `stops`: all ways on are closed. */
export type Decision = {
  readonly stays: boolean;
  readonly stops: boolean;
  /** Some way takes the event. */
  readonly takes: boolean;
  readonly moves: readonly Move[];
};

export type Decisions<E> = {
  begin(event: E): void;
  /** The same for all who wait there; undefined: some condition looks back, so that each must ask. */
  forAll(place: number): Decision | undefined;
  forOne(place: number, captures: Captures<E>): Decision;
};

type Way = {
  readonly action: Edge['action'];
  readonly to: Station;
  readonly met: ((verdicts: Asked) => boolean) | undefined;
};
type Station = {
  readonly place: Place;
  readonly ways: Way[];
  /** The conditions that decide here. */
  readonly atoms: readonly number[];
  /** None of them looks back, and they are few enough to be the bits of a number. */
  readonly alone: boolean;
  /** What follows from each set of conditions that an event meets. */
  readonly known: Map<number, Decision>;
  /** The answer for the event of this number. */
  answered: number;
  answer: Decision;
};

/** One condition, one bit. */
const MOST_BITS = 30;

const STAYS: Decision = { stays: true, stops: false, takes: false, moves: [] };

/** Answers by place: once per event where conditions look at the event alone, else for each partial match. */
export function createDecisions<E>(
  places: readonly Place[],
  accepts: readonly Accepts<E>[],
  verdicts: Verdicts<E>,
): Decisions<E> {
  const stations = stationsOf(places, accepts);
  let number = 0;
  return {
    begin(event) {
      verdicts.begin(event);
      number += 1;
    },
    forAll(place) {
      const station = stations[place];
      if (station === undefined || !station.alone) return undefined;
      if (station.answered !== number) {
        station.answered = number;
        station.answer = remembered(station, verdicts);
      }
      return station.answer;
    },
    forOne(place, captures) {
      const station = stations[place];
      if (station === undefined) return STAYS;
      verdicts.turnTo(captures);
      return decide(station, verdicts);
    },
  };
}

function stationsOf<E>(
  places: readonly Place[],
  accepts: readonly Accepts<E>[],
): readonly Station[] {
  const stations = new Map<Place, Station>();
  for (const place of places) {
    const atoms = [...new Set(atomsFrom(place, new Set()))];
    const alone = atoms.every((atom) => accepts[atom]?.alone === true);
    const few = atoms.length <= MOST_BITS;
    const nothingYet = { known: new Map(), answered: 0, answer: STAYS };
    stations.set(place, { place, ways: [], atoms, alone: alone && few, ...nothingYet });
  }
  for (const { place, ways } of stations.values()) {
    for (const { action, to, when } of place.edges) {
      const target = stations.get(to);
      if (target !== undefined) ways.push({ action, to: target, met: compiled(when) });
    }
  }
  return [...stations.values()];
}

/** The conditions on the ways from here, and on those behind them that an event can go on to or complete. */
function atomsFrom(place: Place, seen: Set<Place>): readonly number[] {
  if (seen.has(place)) return [];
  seen.add(place);
  return place.edges.flatMap(({ action, to, when }) => {
    return action === 'ignore'
      ? atomsOf(when)
      : [...atomsOf(when), ...completing(action, to, seen)];
  });
}

/** Behind an event that is taken only the ways without another matter. */
function completing(action: Edge['action'], to: Place, seen: Set<Place>): readonly number[] {
  if (action === 'proceed') return atomsFrom(to, seen);
  const onward = to.edges.filter((edge) => edge.action === 'proceed');
  return onward.flatMap((edge) => [...atomsOf(edge.when), ...completing('take', edge.to, seen)]);
}

function remembered(station: Station, verdicts: Asked): Decision {
  let met = 0;
  let bit = 1;
  for (const atom of station.atoms) {
    if (verdicts.of(atom)) met |= bit;
    bit <<= 1;
  }
  const known = station.known.get(met);
  if (known !== undefined) return known;
  const decision = decide(station, verdicts);
  station.known.set(met, decision);
  return decision;
}

function decide(station: Station, verdicts: Asked): Decision {
  const moves: Move[] = [];
  let stops = false;
  const open = [station];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const { action, to, met } of at.ways) {
      if (met !== undefined && !met(verdicts)) continue;
      if (action === 'proceed') {
        open.push(to);
      } else if (to.place.kind === 'stop') {
        stops = true;
      } else {
        const takes = action === 'take';
        const completes = takes && reachesEnd(to, verdicts);
        moves.push({ takes, from: at.place, to: to.place, completes });
      }
    }
  }
  const [only] = moves;
  if (!stops && moves.length === 1 && only?.takes === false && only.to === station.place) {
    return STAYS;
  }
  return { stays: false, stops, takes: moves.some(({ takes }) => takes), moves };
}

/** Whether the end lies behind ways that need no event. */
function reachesEnd(from: Station, verdicts: Asked): boolean {
  return from.ways.some(({ action, to, met }) => {
    if (action !== 'proceed' || (met !== undefined && !met(verdicts))) return false;
    return to.place.kind === 'final' || reachesEnd(to, verdicts);
  });
}
