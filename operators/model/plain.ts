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
