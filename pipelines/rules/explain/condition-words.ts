/** A condition as a phrase: `an anomaly of temperature with score > 2`. What has no words stays CEL. */
export function phraseOf(where: string): string {
  const parts = conjuncts(where);
  const take = (pattern: RegExp): string | undefined => {
    const at = parts.findIndex((part) => pattern.test(part));
    if (at < 0) return undefined;
    const [part = ''] = parts.splice(at, 1);
    return pattern.exec(part)?.[1];
  };
  const kind = take(/^kind == '(\w+)'$/);
  const type = take(/^type == '([^']*)'$/);
  const entry = kind === 'schedule' ? take(/^entry_kind == '([^']*)'$/) : undefined;
  const signal = take(/^signal == '([^']*)'$/);
  const phase = kind === 'anomaly' ? take(/^phase == '(\w+)'$/) : undefined;
  const state = type === 'state' ? take(/^state == '(\w+)'$/) : undefined;
  const noun = kind === undefined ? undefined : NOUNS[kind];
  const change = state === undefined ? undefined : `the change to ${state}`;
  const happened = kind === 'schedule' ? `that is ${type}` : `"${type}"`;
  const words = [
    change ?? (entry === undefined ? (noun ?? 'any event') : `a ${entry} of the schedule`),
    ...(type === undefined || state !== undefined ? [] : [happened]),
    ...(signal === undefined ? [] : [`of ${signal}`]),
    ...(phase === undefined ? [] : [`that is ${phase}`]),
    ...(parts.length === 0 ? [] : [`with ${parts.join(' and ')}`]),
  ];
  return words.join(' ');
}

const NOUNS: Readonly<Record<string, string>> = {
  anomaly: 'an anomaly',
  event: 'a machine event',
  window: 'a window',
  features: 'a waveform',
  schedule: 'an entry of the schedule',
};

/** The parts of a condition that must all be met: split at `&&` outside of brackets and texts. */
function conjuncts(where: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let begin = 0;
  for (let at = 0; at < where.length; at += 1) {
    const character = where[at] ?? '';
    if (quote !== '') {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    // `a && b || c` is no conjunction: it stays whole.
    else if (depth === 0 && where.startsWith('||', at)) return [where.trim()];
    else if (depth === 0 && where.startsWith('&&', at)) {
      parts.push(where.slice(begin, at).trim());
      begin = at + 2;
    }
  }
  return [...parts, where.slice(begin).trim()];
}
