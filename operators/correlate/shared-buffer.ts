import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';

/**
 * The events that the partial matches of one key have taken (the shared buffer of SASE and Flink CEP). Plain data:
 * nodes and events are named by their index. What is free stays where it is and is used again, so that a busy key
 * makes no garbage.
 */
export type SharedBuffer<E extends Plain> = {
  events: BufferedEvent<E>[];
  nodes: BufferNode[];
  /** The first free one; -1: none. */
  freeEvent: number;
  freeNode: number;
  /** Events and nodes in use. */
  eventsInUse: number;
  nodesInUse: number;
};

/** An event in the buffer, once for all partial matches that took it. `uses`: the nodes with it, and who holds it. */
type BufferedEvent<E> = {
  /** Counts the events taken; of a free one, where the next free one is. */
  number: number;
  /** null: free. */
  event: E | null;
  time: EventTime;
  uses: number;
};

/**
 * An event taken in a state, after the node before (-1: none). Matches that began alike share their nodes. Without
 * uses it is free, and `before` is where the next free one is.
 */
type BufferNode = { state: number; event: number; before: number; uses: number };

const NONE = -1;

/** How many free nodes an empty buffer may keep. */
const ROOM = 16;

export function openBuffer<E extends Plain>(): SharedBuffer<E> {
  return { events: [], nodes: [], freeEvent: NONE, freeNode: NONE, eventsInUse: 0, nodesInUse: 0 };
}

/**
 * Puts an event with its number into the buffer; the answer is where. The caller holds it until `releaseEvent`: a first
 * node with it may go before the next one comes, and its place must not be given away in between.
 */
export function putEvent<E extends Plain>(
  buffer: SharedBuffer<E>,
  number: number,
  event: E,
  time: EventTime,
): number {
  buffer.eventsInUse += 1;
  const at = buffer.freeEvent;
  const free = buffer.events[at];
  if (free === undefined) return buffer.events.push({ number, event, time, uses: 1 }) - 1;
  buffer.freeEvent = free.number;
  free.number = number;
  free.event = event;
  free.time = time;
  free.uses = 1;
  return at;
}

/** Adds an event to what the match with the node `before` has taken. The new node has one lock, its caller's. */
export function putNode<E extends Plain>(
  buffer: SharedBuffer<E>,
  state: number,
  event: number,
  before: number,
): number {
  const buffered = buffer.events[event];
  if (buffered !== undefined) buffered.uses += 1;
  lockNode(buffer, before);
  buffer.nodesInUse += 1;
  const at = buffer.freeNode;
  const free = buffer.nodes[at];
  if (free === undefined) return buffer.nodes.push({ state, event, before, uses: 1 }) - 1;
  buffer.freeNode = free.before;
  free.state = state;
  free.event = event;
  free.before = before;
  free.uses = 1;
  return at;
}

/** One use more of a node, and so of all before it. */
export function lockNode<E extends Plain>(buffer: SharedBuffer<E>, last: number): void {
  const node = buffer.nodes[last];
  if (node !== undefined) node.uses += 1;
}

/** One use less of a chain of nodes; what has no use any more is free. */
export function releaseNode<E extends Plain>(buffer: SharedBuffer<E>, last: number): void {
  for (let at = last; at >= 0; ) {
    const node = buffer.nodes[at];
    if (node === undefined) return;
    node.uses -= 1;
    if (node.uses > 0) return;
    const { before, event } = node;
    node.before = buffer.freeNode;
    buffer.freeNode = at;
    buffer.nodesInUse -= 1;
    releaseEvent(buffer, event);
    at = before;
  }
}

/** One use less of an event. A large buffer without events begins anew. */
export function releaseEvent<E extends Plain>(buffer: SharedBuffer<E>, event: number): void {
  const buffered = buffer.events[event];
  if (buffered === undefined) return;
  buffered.uses -= 1;
  if (buffered.uses > 0) return;
  buffered.event = null;
  buffered.number = buffer.freeEvent;
  buffer.freeEvent = event;
  buffer.eventsInUse -= 1;
  const empty = buffer.eventsInUse === 0 && buffer.nodesInUse === 0;
  if (empty && buffer.nodes.length > ROOM) Object.assign(buffer, openBuffer());
}

/** The nodes of a match, in the order in which its events were taken. */
export function extractNodes<E extends Plain>(buffer: SharedBuffer<E>, last: number): BufferNode[] {
  const chain: BufferNode[] = [];
  for (let at = last; at >= 0; ) {
    const node = buffer.nodes[at];
    if (node === undefined) break;
    chain.push(node);
    at = node.before;
  }
  return chain.reverse();
}
