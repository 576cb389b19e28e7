/** Data of others: plain, so that it can be copied and written down; not too deep; and printable where people see it. */

export type TypedArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Uint8Array;

/** What state is made of: the runtime can copy it and write it down. No functions, classes, Maps or Dates. */
export type Plain =
  | null
  | undefined
  | boolean
  | number
  | string
  | TypedArray
  | readonly Plain[]
  | { readonly [name: string]: Plain };

/** What a record has under a name that came from outside: never what every object has, such as `constructor`. */
export function lookup<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Whether a name from outside can be one of a record: no object has it by itself. */
export function isRecordName(name: string): boolean {
  return !(name in Object.prototype);
}

/**
 * What anybody sends or writes is nested no deeper than this. Schemas, copies and texts of it are made by functions that
 * call themselves for each level, and a million levels would be the end of the process.
 */
export const DEEPEST = 64;

/** Whether lists and maps stand in each other more than `DEEPEST` deep. Not by a function that calls itself. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST + 1) return true;
    level = level.flatMap((each) => {
      if (typeof each !== 'object' || each === null || ArrayBuffer.isView(each)) return [];
      return Object.values(each);
    });
  }
  return false;
}

/** Who logs in stands in an address before the host: `nats://user:password@host`. */
const PASSWORD = /\/\/[^/@\s"'<>]{1,512}@/g;
const OBEYED = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * A text as it can be shown: what a terminal or a browser would obey (escape sequences, changes of the direction of
 * writing) stands there by its number, as JSON writes it. So a text of JSON stays JSON. Line breaks stay. Names and
 * passwords in addresses are left out.
 */
export function printable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(PASSWORD, '//***@')
    .replace(OBEYED, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
