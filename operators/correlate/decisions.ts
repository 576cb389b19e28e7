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
  readonly moves: readonly Move[];
};

export type Decisions<E> = {
  begin(event: E): void;
  /** `captures` is asked only where a condition looks back. */
  at(place: number, captures: () => Captures<E>): Decision;
};

type Way = {
  readonly action: Edge['action'];
  readonly to: Station;
  readonly met: ((verdicts: Asked) => boolean) | undefined;
};
type Station = { readonly place: Place; readonly ways: Way[]; alone: boolean };

const STAYS: Decision = { stays: true, stops: false, moves: [] };

/** Answers by place: once per event where conditions look at the event alone, else for each partial match. */
export function createDecisions<E>(
  places: readonly Place[],
  accepts: readonly Accepts<E>[],
  verdicts: Verdicts<E>,
): Decisions<E> {
  const stations = stationsOf(places, accepts);
  const answers: (Decision | undefined)[] = new Array(places.length).fill(undefined);
  return {
    begin(event) {
      verdicts.begin(event);
      answers.fill(undefined);
    },
    at(place, captures) {
      const known = answers[place];
      if (known !== undefined) return known;
      const station = stations[place];
      if (station === undefined) return STAYS;
      if (!station.alone) {
        verdicts.turnTo(captures());
        return decide(station, verdicts);
      }
      const answer = decide(station, verdicts);
      answers[place] = answer;
      return answer;
    },
  };
}

function stationsOf<E>(
  places: readonly Place[],
  accepts: readonly Accepts<E>[],
): readonly Station[] {
  const stations = new Map<Place, Station>();
  for (const place of places) stations.set(place, { place, ways: [], alone: true });
  for (const { place, ways } of stations.values()) {
    for (const { action, to, when } of place.edges) {
      const target = stations.get(to);
      if (target !== undefined) ways.push({ action, to: target, met: compiled(when) });
    }
  }
  const looksBack = (place: Place, seen: Set<Place>): boolean => {
    if (seen.has(place)) return false;
    seen.add(place);
    return place.edges.some(({ action, to, when }) => {
      const back = atomsOf(when).some((atom) => accepts[atom]?.alone !== true);
      return back || (action !== 'ignore' && looksBack(to, seen));
    });
  };
  for (const station of stations.values()) station.alone = !looksBack(station.place, new Set());
  return [...stations.values()];
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
  return { stays: false, stops, moves };
}

/** Whether the end lies behind ways that need no event. */
function reachesEnd(from: Station, verdicts: Asked): boolean {
  return from.ways.some(({ action, to, met }) => {
    if (action !== 'proceed' || (met !== undefined && !met(verdicts))) return false;
    return to.place.kind === 'final' || reachesEnd(to, verdicts);
  });
}
