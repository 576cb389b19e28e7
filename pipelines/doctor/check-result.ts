/**
 * What one check of the doctor found. `warn`: it works, but not as well as it should. `note`: nothing is wrong, but more
 * could be had.
 */
export type CheckResult = {
  readonly check: string;
  readonly state: 'ok' | 'note' | 'warn' | 'fail';
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** What was looked for one by one, for machines. */
  readonly features?: readonly {
    readonly feature: string;
    readonly since: string;
    readonly here: boolean;
  }[];
};

export function ok(check: string, found: string): CheckResult {
  return { check, state: 'ok', found };
}

export function warn(check: string, found: string, remedy: string): CheckResult {
  return { check, state: 'warn', found, remedy };
}

/** Without a remedy: the message says itself what to do. */
export function fail(check: string, found: string, remedy?: string): CheckResult {
  return { check, state: 'fail', found, ...(remedy === undefined ? {} : { remedy }) };
}
