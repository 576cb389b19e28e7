import type { PatternRule, PatternStageRule } from '../../../operators/model/pattern-rule.ts';
import { formatDuration } from '../../../operators/model/time.ts';

/** A pattern as one sentence that a person can check against what they meant. */
export function sentenceOf(rule: PatternRule): string {
  const place = placeOf(rule.key);
  const within = rule.within === undefined ? '' : `, all within ${formatDuration(rule.within)}`;
  const { on_timeout } = rule;
  const timeout =
    on_timeout === undefined ? '' : `; begun and not complete in time: ${incidentText(on_timeout)}`;
  return `${place}: ${lineOf(rule.pattern)}${within}: ${incidentText(rule.raise)}${timeout}${skipOf(rule.skip)}.`;
}

function placeOf(key: string): string {
  if (key === 'asset') return 'At one machine';
  return key === 'line' ? 'On one line' : `On one line, apart for each value of ${key}`;
}

/** What comes out, in words: `alarm BRG-WEAR`. */
export function incidentText({
  severity,
  failure_mode,
}: Pick<PatternRule['raise'], 'severity' | 'failure_mode'>): string {
  return failure_mode === undefined ? severity : `${severity} ${failure_mode}`;
}

function lineOf(stages: readonly PatternStageRule[]): string {
  return stages
    .map((stage, index) => {
      const joint = index === 0 ? '' : jointOf(stage, index === stages.length - 1);
      return `${joint}${stageOf(stage)}`;
    })
    .join(', ');
}

/** How a stage relates to the one before it. */
function jointOf({ follows, absent, within_previous }: PatternStageRule, last: boolean): string {
  const gap =
    within_previous === undefined ? '' : `at most ${formatDuration(within_previous)} later `;
  if (absent === 'strict') return 'next not ';
  if (absent === 'relaxed') return last ? 'and then no ' : 'without ';
  if (follows === 'strict') return `right after it ${gap}`;
  return follows === 'relaxed-any' ? `then ${gap}any later ` : `then ${gap}`;
}

function stageOf(stage: PatternStageRule): string {
  const { name, where, stages, optional, until } = stage;
  const times = repetitionText(stage);
  const what =
    stages === undefined
      ? `(${times}${conditionPhrase(where ?? 'true')}${manner(stage)})`
      : `${times}[${lineOf(stages)}]${manner(stage)}`;
  const end = until === undefined ? '' : `, ended by ${conditionPhrase(until)}`;
  return `${optional === true ? 'perhaps ' : ''}${name} ${what}${end}`;
}

/** How often: `3 × `, `2 to 5 × `, `3 or more × `. Once is not said. */
export function repetitionText({ times }: Pick<PatternStageRule, 'times'>): string {
  if (times === undefined) return '';
  const [least, most] = times;
  if (most === null) return `${least} or more × `;
  return least === most ? `${least} × ` : `${least} to ${most} × `;
}

function manner({ times, repeats, repeat_within, greedy }: PatternStageRule): string {
  if (times === undefined) return '';
  const words = [
    ...(greedy === true ? ['as many as come'] : []),
    ...(repeats === 'strict' ? ['one right after the other'] : []),
    ...(repeats === 'relaxed-any' ? ['in every combination'] : []),
    ...(repeat_within === undefined ? [] : [`at most ${formatDuration(repeat_within)} apart`]),
  ];
  return words.length === 0 ? '' : `, ${words.join(', ')}`;
}

function skipOf(skip: PatternRule['skip']): string {
  if (typeof skip !== 'string') {
    return 'to-first' in skip
      ? `; what began before the first ${skip['to-first']} of a match is dropped with it`
      : `; what began before the last ${skip['to-last']} of a match is dropped with it`;
  }
  if (skip === 'no-skip') return '; matches may overlap';
  return skip === 'to-next' ? '; one match for each beginning' : '';
}

/** A condition as a phrase: `an anomaly of temperature with score > 2`. What has no words stays CEL. */
export function conditionPhrase(where: string): string {
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
