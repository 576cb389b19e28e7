/**
 * How the names of one installation are told from those of others in the same account of NATS: by a prefix of every stream,
 * bucket and subject. Without one they are as they stand in the documentation.
 */

/** `ANDON_0`, or `north_ANDON_0`. */
export function installedStream(prefix: string | undefined, name: string): string {
  return prefix === undefined ? name : `${prefix}_${name}`;
}

/** `telemetry.works.line1.press`, or `north.telemetry.works.line1.press`. */
export function installedSubject(prefix: string | undefined, subject: string): string {
  return prefix === undefined ? subject : `${prefix}.${subject}`;
}

/** The subject without the prefix. */
export function plainSubject(prefix: string | undefined, subject: string): string {
  const own = prefix === undefined ? '' : `${prefix}.`;
  return subject.startsWith(own) ? subject.slice(own.length) : subject;
}
