/** The state of a key as pages: which of them changed since the checkpoint before, and the state that they make again. */

import { Packr, RESET_BUFFER_MODE } from 'msgpackr';

/** Bytes of a page. A pane of a window has 180: what changes of ten thousand panes that have fired is little. */
const PAGE = 1_024;
/** Typed arrays of so many bytes, and lists of so many objects, are columns of their own. */
const LONG_ARRAY = 512;
const LONG_LIST = 32;

/** Where a column stands in the state, what it is, and how many bytes it has now. */
type Column = readonly [path: string, kind: number, bytes: number];

/**
 * What a checkpoint has of a state. The state is bytes in columns: its long typed arrays as they are, its long lists
 * packed each by itself, so that nothing else moves when they grow; the rest, packed, is the last column.
 */
export type StateChanges = {
  readonly columns: readonly Column[];
  /** The pages that changed: the column, the first of the pages, their bytes. */
  readonly pieces: readonly (number | Uint8Array)[];
};

/** How the last checkpoint has a state. */
export type PageDigests = {
  readonly columns: readonly Column[];
  /** The number of the first page of each column. */
  readonly starts: readonly number[];
  /** Two numbers a page, column after column. */
  readonly digests: Int32Array;
  /** Of the whole state. */
  readonly bytes: number;
};

const TYPED_ARRAYS = [
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Uint8Array,
] as const;

/** Kinds of columns; those of typed arrays are their positions above. Written down: what a number means stays. */
const LIST = 16;
const REST = 17;

/**
 * Where a column of its own stands in the rest of a state: an array of a type that no state has. Extensions of
 * MessagePack are those of the whole process, and what plants send is read with it too.
 */
function placeOf(column: number): BigUint64Array {
  return BigUint64Array.of(BigInt(column));
}

// Records would tie the bytes to a shared structure table; plain maps can be read by any version. Typed arrays keep
// their type.
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: true });

/** Takes a column. The bytes are valid during the call only. */
type TakeColumn = (path: string, kind: number, bytes: Uint8Array) => void;

/**
 * The pages of a state that are not as `before`; undefined when all are. Pages of typed arrays refer to the live state:
 * whoever takes them copies them before it goes on.
 */
export function changedPages(
  state: unknown,
  before: PageDigests | undefined,
): { readonly changes: StateChanges; readonly digests: PageDigests } | undefined {
  const columns: Column[] = [];
  const starts: number[] = [];
  const pieces: (number | Uint8Array)[] = [];
  const positionOf = positionsIn(before?.columns ?? []);
  let pages = 0;
  let bytes = 0;
  cut(state, (path, kind, content) => {
    const known = knownPages(before, positionOf(path, kind, columns.length));
    addPieces(columns.length, { content, pages, known, isLive: kind < LIST }, pieces);
    columns.push([path, kind, content.length]);
    starts.push(pages);
    pages += pageCount(content.length);
    bytes += content.length;
  });
  if (pieces.length === 0 && before !== undefined && areSame(columns, before.columns)) {
    return undefined;
  }
  return {
    changes: { columns, pieces },
    digests: { columns, starts, digests: digested.slice(0, 2 * pages), bytes },
  };
}

function areSame(now: readonly Column[], before: readonly Column[]): boolean {
  return now.length === before.length && now.every((one, at) => isSameColumn(one, before[at]));
}

function isSameColumn([path, kind, bytes]: Column, before: Column | undefined): boolean {
  return path === before?.[0] && kind === before[1] && bytes === before[2];
}

/** Where a column stood; -1 if nowhere. `hint`: most likely there. */
type PositionOf = (path: string, kind: number, hint: number) => number;

/**
 * A state may have tens of thousands of columns: to look through all of them for each would be quadratic. As long as the
 * hints hold nothing is built.
 */
function positionsIn(columns: readonly Column[]): PositionOf {
  let positions: Map<string, number> | undefined;
  return (path, kind, hint) => {
    const likely = columns[hint];
    if (likely?.[0] === path && likely[1] === kind) return hint;
    positions ??= new Map(columns.map(([known, of], at) => [`${of}${known}`, at]));
    // A path is empty or begins with a bracket: no two columns have the same name here.
    return positions.get(`${kind}${path}`) ?? -1;
  };
}

/** The digests that a column had, from this position on. */
type KnownPages = { readonly digests: Int32Array; readonly at: number; readonly count: number };

function knownPages(before: PageDigests | undefined, found: number): KnownPages | undefined {
  const column = before?.columns[found];
  if (before === undefined || column === undefined) return undefined;
  const at = 2 * (before.starts[found] ?? 0);
  return { digests: before.digests, at, count: pageCount(column[2]) };
}

/** The content of one column, and where its digests are put. */
type ColumnPages = {
  readonly content: Uint8Array;
  readonly pages: number;
  readonly known: KnownPages | undefined;
  /** Of the live state, and not of what was packed for this look at it. */
  readonly isLive: boolean;
};

/** Adds the runs of pages that changed. */
function addPieces(column: number, of: ColumnPages, pieces: (number | Uint8Array)[]): void {
  const { content, pages, known, isLive } = of;
  const count = pageCount(content.length);
  digestPages(content, pages);
  const isSame = (page: number) => {
    const at = 2 * (pages + page);
    // Where arrays have grown there are zeros on both sides: most of what is new is room to grow into.
    if (known === undefined || page >= known.count) return isZero(at);
    const was = known.at + 2 * page;
    return digested[at] === known.digests[was] && digested[at + 1] === known.digests[was + 1];
  };
  let page = 0;
  while (page < count) {
    if (isSame(page)) {
      page += 1;
      continue;
    }
    const first = page;
    while (page < count && !isSame(page)) page += 1;
    const part = content.subarray(first * PAGE, page * PAGE);
    pieces.push(column, first, isLive ? part : Uint8Array.from(part));
  }
}

function pageCount(bytes: number): number {
  return Math.ceil(bytes / PAGE);
}

/** Cuts a state into its columns; the rest comes last. */
function cut(state: unknown, take: TakeColumn): void {
  const path: (string | number)[] = [];
  let columns = 0;
  const column = (kind: number, bytes: Uint8Array) => {
    // Names come from outside too: texts that are merely joined could be the same of two places.
    take(JSON.stringify(path), kind, bytes);
    columns += 1;
    return placeOf(columns - 1);
  };
  const rest = withoutColumns(state, path, column);
  // Written over by the next: it was taken by then.
  take('', REST, packr.pack(rest, RESET_BUFFER_MODE));
}

/** The same state with places instead of what is long; the state itself where nothing is. */
function withoutColumns(
  value: unknown,
  path: (string | number)[],
  column: (kind: number, bytes: Uint8Array) => BigUint64Array,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) {
    if (value.byteLength < LONG_ARRAY) return value;
    const kind = TYPED_ARRAYS.findIndex((each) => value instanceof each);
    return column(kind, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let at = 0; at < value.length; at += 1) {
      if (typeof value[at] !== 'object') continue;
      path.push(at);
      const rest = withoutColumns(value[at], path, column);
      path.pop();
      if (rest === value[at]) continue;
      copy ??= [...value];
      copy[at] = rest;
    }
    const list = copy ?? value;
    const isLong = value.length >= LONG_LIST && typeof value[0] === 'object';
    return isLong ? column(LIST, packr.pack(list, RESET_BUFFER_MODE)) : list;
  }
  let copy: Record<string, unknown> | undefined;
  const record = value as Readonly<Record<string, unknown>>;
  for (const name in record) {
    if (typeof record[name] !== 'object') continue;
    path.push(name);
    const rest = withoutColumns(record[name], path, column);
    path.pop();
    if (rest === record[name]) continue;
    copy ??= { ...record };
    copy[name] = rest;
  }
  return copy ?? value;
}

/** Digests of the pages of the state under way. */
let digested = new Int32Array(8_192);

/**
 * Two numbers for each page: MurmurHash3 (Austin Appleby, public domain, its 32-bit form) and a second hash that mixes in
 * another way. By chance two contents of a page have the same pair once in 2^64.
 */
function digestPages(content: Uint8Array, pages: number): void {
  const count = pageCount(content.length);
  if (digested.length < 2 * (pages + count)) {
    const more = new Int32Array(4 * (pages + count));
    more.set(digested);
    digested = more;
  }
  const { buffer, byteOffset, length } = byteOffsetFits(content) ? content : content.slice();
  const words = new Int32Array(buffer, byteOffset, length >> 2);
  for (let page = 0; page < count; page += 1) {
    const end = Math.min(length, (page + 1) * PAGE);
    digestPage(words, page * (PAGE / 4), end >> 2, end - page * PAGE, 2 * (pages + page));
  }
  // The bytes behind the last whole word belong to the last page.
  for (let at = length & ~3; at < length; at += 1) {
    const last = 2 * (pages + count - 1);
    digested[last] = Math.imul((digested[last] ?? 0) ^ (content[at] ?? 0), 0x5bd1e995);
    digested[last + 1] = Math.imul((digested[last + 1] ?? 0) + (content[at] ?? 0), 0x01000193);
  }
}

function byteOffsetFits({ byteOffset }: Uint8Array): boolean {
  return byteOffset % 4 === 0;
}

/** Whether this is the digest of a whole page of zeros. */
function isZero(at: number): boolean {
  return digested[at] === ZEROS[0] && digested[at + 1] === ZEROS[1];
}

function digestPage(words: Int32Array, from: number, to: number, bytes: number, at: number): void {
  let one = bytes;
  let other = ~bytes;
  for (let index = from; index < to; index += 1) {
    const word = words[index] as number;
    let mixed = Math.imul(word, 0xcc9e2d51);
    mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
    one ^= mixed;
    one = (Math.imul((one << 13) | (one >>> 19), 5) + 0xe6546b64) | 0;
    other = Math.imul(other ^ word, 0x9e3779b1);
    other ^= other >>> 15;
  }
  digested[at] = one;
  digested[at + 1] = other;
}

digestPages(new Uint8Array(PAGE), 0);
const ZEROS = digested.slice(0, 2);

/** A state as checkpoints have left it: its columns, each in memory of its own. */
export type StoredColumns = {
  readonly columns: readonly Column[];
  readonly bytes: readonly Uint8Array<ArrayBuffer>[];
};

/** What a state is after these changes. What is new in a column and in none of them is zeros. */
export function applyPages(
  before: StoredColumns | undefined,
  { columns, pieces }: StateChanges,
): StoredColumns {
  const positionOf = positionsIn(before?.columns ?? []);
  const bytes = columns.map(([path, kind, length], at) => {
    const known = before?.bytes[positionOf(path, kind, at)];
    return known?.length === length ? known : resized(known, length);
  });
  for (let at = 0; at < pieces.length; at += 3) {
    const [column, page, part] = pieces.slice(at, at + 3) as [number, number, Uint8Array];
    bytes[column]?.set(part, page * PAGE);
  }
  return { columns, bytes };
}

function resized(known: Uint8Array | undefined, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  if (known !== undefined) bytes.set(known.subarray(0, length));
  return bytes;
}

/** The state that these columns make. Its typed arrays are the columns themselves. */
export function assembledState({ columns, bytes }: StoredColumns): unknown {
  const read: unknown[] = [];
  for (const [at, content] of bytes.entries()) {
    const Type = TYPED_ARRAYS[columns[at]?.[1] ?? REST];
    read.push(
      // What is packed has places of columns before it.
      Type === undefined
        ? withColumns(packr.unpack(content), read)
        : new Type(content.buffer, 0, content.length / Type.BYTES_PER_ELEMENT),
    );
  }
  return read.at(-1);
}

/** Puts columns where their places are. */
function withColumns(value: unknown, columns: readonly unknown[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof BigUint64Array) return columns[Number(value[0])];
  if (ArrayBuffer.isView(value)) return value;
  const items = value as Record<string, unknown>;
  for (const name of Object.keys(items)) {
    if (typeof items[name] === 'object') items[name] = withColumns(items[name], columns);
  }
  return value;
}
