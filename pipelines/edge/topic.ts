/** Topics as a configuration has them: `site/{machine}/data/{signal...}`, with names for what stands in their levels. */

/** A filter as MQTT takes it, and what stands where in a topic that it fits. */
export type TopicPattern = {
  readonly filter: string;
  /** Names of the levels by their place; undefined: the level is fixed or nameless. */
  readonly names: readonly (string | undefined)[];
  /** The level is the same text; undefined: any. */
  readonly levels: readonly (string | undefined)[];
  /** The last one stands for all levels that follow. */
  readonly open: boolean;
};

const LEVEL = /^\{([A-Za-z][A-Za-z0-9_]*)(\.\.\.)?\}$/;

/** Undefined where the text is no topic: an empty one, a wildcard in the middle of a level, `#` before the end. */
export function parseTopic(text: string): TopicPattern | undefined {
  const parts = text.split('/');
  if (text === '' || text.includes('\u0000')) return undefined;
  const names: (string | undefined)[] = [];
  const levels: (string | undefined)[] = [];
  let open = false;
  for (const [at, part] of parts.entries()) {
    const [, name, rest] = LEVEL.exec(part) ?? [];
    const isRest = part === '#' || rest !== undefined;
    if (isRest && at < parts.length - 1) return undefined;
    if (name === undefined && part !== '+' && part !== '#' && /[+#{}]/.test(part)) return undefined;
    if (name !== undefined && names.includes(name)) return undefined;
    names.push(name);
    levels.push(name !== undefined || part === '+' || part === '#' ? undefined : part);
    open = isRest;
  }
  const filter = levels
    .map((level, at) => level ?? (open && at === levels.length - 1 ? '#' : '+'))
    .join('/');
  return { filter, names, levels, open };
}

/** What the names of a pattern stand for in a topic, with the whole as `topic`; undefined where it does not fit. */
export function matchTopic(
  pattern: TopicPattern,
  topic: string,
): Readonly<Record<string, string>> | undefined {
  const { names, levels, open } = pattern;
  const parts = topic.split('/');
  // Wildcards at the beginning do not mean the topics of the broker itself.
  if (topic.startsWith('$') && levels[0] === undefined) return undefined;
  // `a/#` means `a` too.
  const least = open ? levels.length - 1 : levels.length;
  if (parts.length < least || (!open && parts.length > levels.length)) return undefined;
  const captures: Record<string, string> = Object.create(null);
  captures.topic = topic;
  for (const [at, level] of levels.entries()) {
    const isRest = open && at === levels.length - 1;
    const found = isRest ? parts.slice(at).join('/') : parts[at];
    if (level !== undefined && level !== found) return undefined;
    const name = names[at];
    if (name !== undefined) captures[name] = found ?? '';
  }
  return captures;
}
