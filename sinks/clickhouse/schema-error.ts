/** The database and the schema of this version do not fit together. The message says what to do. */
export class SchemaError extends Error {
  override name = 'SchemaError' as const;
}
