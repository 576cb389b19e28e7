// The codes with a status of their own in ClickHouse (src/Server/HTTP/exceptionCodeToHTTPStatus.cpp); all others are 500.
const STATUS: ReadonlyMap<number, number> = new Map([
  ...codes(400, [6, 26, 27, 33, 36, 38, 41, 42, 43, 44, 53, 62, 69, 70, 72, 115, 131, 170, 190]),
  ...codes(400, [201, 207, 352, 386, 441, 455, 456, 457, 467]),
  ...codes(403, [192, 193, 194, 516]),
  ...codes(404, [46, 47, 48, 50, 56, 60, 61, 73, 81, 90, 113]),
  ...codes(408, [159]),
  ...codes(413, [307, 128, 208]),
  ...codes(501, [48]),
  ...codes(503, [76, 202, 209, 210, 439]),
]);

function codes(status: number, list: readonly number[]): readonly (readonly [number, number])[] {
  return list.map((code) => [code, status] as const);
}

/** The HTTP status with which ClickHouse reports an error code. */
export function statusOf(code: number): number {
  return STATUS.get(code) ?? 500;
}
