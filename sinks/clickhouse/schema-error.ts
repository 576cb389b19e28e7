/** The database and the schema of this version do not fit together. */
export class SchemaError extends Error {
  override name = 'SchemaError' as const;
  readonly where: string;
  readonly expected: string;
  readonly found: string;
  readonly remedy: string;

  constructor(parts: Pick<SchemaError, 'where' | 'expected' | 'found' | 'remedy'>) {
    const { where, expected, found, remedy } = parts;
    super(`${where}: expected ${expected}, found ${found}. ${remedy}`);
    this.where = where;
    this.expected = expected;
    this.found = found;
    this.remedy = remedy;
  }
}
