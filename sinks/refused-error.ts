/** The world said that these parts are wrong, and would say so again. Nothing is gained by a retry. */
export class RefusedError extends Error {
  override name = 'RefusedError' as const;
  /** Names of the refused blocks (tables), or of the refused revisions. */
  readonly parts: readonly string[];

  constructor(message: string, parts: readonly string[], options?: ErrorOptions) {
    super(message, options);
    this.parts = parts;
  }
}
