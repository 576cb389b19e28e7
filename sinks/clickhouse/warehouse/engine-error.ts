/** What the engine said, as ClickHouse says it: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`. */
export class EngineError extends Error {
  override name = 'EngineError' as const;
  readonly code: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = Number(/^Code: (\d+)\./.exec(message)?.[1] ?? 1002);
  }
}

/** An error of ours in the words of the engine. Codes are those of ClickHouse's ErrorCodes.cpp. */
export function refusal(code: number, name: string, message: string): EngineError {
  return new EngineError(`Code: ${code}. DB::Exception: ${message} (${name})`);
}

/** The engine wraps its own message once more when a query fails while it runs. */
export function engineError(cause: unknown): EngineError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const wrapped = /^Code: \d+\. DB::Exception: (Code: \d+\. DB::Exception: [\s\S]*)$/.exec(message);
  return new EngineError(wrapped?.[1] ?? message, { cause });
}

/** What an analyst may not. */
export function readonly(message: string): EngineError {
  return refusal(164, 'READONLY', message);
}
