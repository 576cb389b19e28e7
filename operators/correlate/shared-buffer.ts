import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';

/** An event that partial matches hold, once for all of them. `uses`: the links to it. */
export type Held<E> = {
  /** Counts the events taken; of a free one, where the next free one is. */
  number: number;
  /** null: free. */
  event: E | null;
  time: EventTime;
  uses: number;
};

/**
 * One event taken at a place, after the link before (-1: none). Matches that began alike share their links. Without
 * uses it is free, and `before` is where the next free one is.
 */
export type Link = { place: number; event: number; before: number; uses: number };

/**
 * The events that the partial matches of one key hold. Plain data: links and events are found by their index. What
 * is free stays where it is and is used again, so that a busy key makes no garbage.
 */
export type SharedBuffer<E extends Plain> = {
  held: Held<E>[];
  links: Link[];
  /** The first free one; -1: none. */
  freeHeld: number;
  freeLink: number;
  /** Events and links in use. */
  holding: number;
  linking: number;
};

const NONE = -1;

/** What a key that holds nothing may keep room for. */
const ROOM = 16;

export function openBuffer<E extends Plain>(): SharedBuffer<E> {
  return { held: [], links: [], freeHeld: NONE, freeLink: NONE, holding: 0, linking: 0 };
}

/** Keeps an event under its number; the answer is where. It goes when the last link to it goes. */
export function hold<E extends Plain>(
  buffer: SharedBuffer<E>,
  number: number,
  event: E,
  time: EventTime,
): number {
  buffer.holding += 1;
  const at = buffer.freeHeld;
  const free = buffer.held[at];
  if (free === undefined) return buffer.held.push({ number, event, time, uses: 0 }) - 1;
  buffer.freeHeld = free.number;
  free.number = number;
  free.event = event;
  free.time = time;
  return at;
}

/** Adds an event to what the match with this last link has taken. The new link has one use. */
export function link<E extends Plain>(
  buffer: SharedBuffer<E>,
  place: number,
  event: number,
  before: number,
): number {
  const held = buffer.held[event];
  if (held !== undefined) held.uses += 1;
  retain(buffer, before);
  buffer.linking += 1;
  const at = buffer.freeLink;
  const free = buffer.links[at];
  if (free === undefined) return buffer.links.push({ place, event, before, uses: 1 }) - 1;
  buffer.freeLink = free.before;
  free.place = place;
  free.event = event;
  free.before = before;
  free.uses = 1;
  return at;
}

export function retain<E extends Plain>(buffer: SharedBuffer<E>, last: number): void {
  const found = buffer.links[last];
  if (found !== undefined) found.uses += 1;
}

/** One user less of a chain of links; what nobody uses any more is free. */
export function release<E extends Plain>(buffer: SharedBuffer<E>, last: number): void {
  for (let at = last; at >= 0; ) {
    const found = buffer.links[at];
    if (found === undefined) return;
    found.uses -= 1;
    if (found.uses > 0) return;
    const { before } = found;
    letGo(buffer, found.event);
    found.before = buffer.freeLink;
    buffer.freeLink = at;
    buffer.linking -= 1;
    at = before;
  }
  if (buffer.linking === 0 && buffer.links.length > ROOM) Object.assign(buffer, openBuffer());
}

function letGo<E extends Plain>(buffer: SharedBuffer<E>, event: number): void {
  const held = buffer.held[event];
  if (held === undefined) return;
  held.uses -= 1;
  if (held.uses > 0) return;
  held.event = null;
  held.number = buffer.freeHeld;
  buffer.freeHeld = event;
  buffer.holding -= 1;
}

/** The links of a match, in the order in which its events were taken. */
export function chainOf<E extends Plain>(buffer: SharedBuffer<E>, last: number): Link[] {
  const chain: Link[] = [];
  for (let at = last; at >= 0; ) {
    const found = buffer.links[at];
    if (found === undefined) break;
    chain.push(found);
    at = found.before;
  }
  return chain.reverse();
}
