import { formatDuration } from '../../../operators/model/duration.ts';
import type { PatternRule, PatternStageRule } from '../../../operators/model/pattern-rule.ts';
import { phraseOf } from './condition-words.ts';

/** A pattern as one sentence that a person can check against what they meant. */
export function sentenceOf(rule: PatternRule): string {
  const place = placeOf(rule.key);
  const within = rule.within === undefined ? '' : `, all within ${formatDuration(rule.within)}`;
  const { on_timeout } = rule;
  const timeout =
    on_timeout === undefined ? '' : `; begun and not complete in time: ${raised(on_timeout)}`;
  return `${place}: ${lineOf(rule.pattern)}${within}: ${raised(rule.raise)}${timeout}${skipOf(rule.skip)}.`;
}

function placeOf(key: string): string {
  if (key === 'asset') return 'At one machine';
  return key === 'line' ? 'On one line' : `On one line, apart for each value of ${key}`;
}

/** What comes out, in words: `alarm BRG-WEAR`. */
export function raised({
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
  const times = often(stage);
  const what =
    stages === undefined
      ? `(${times}${phraseOf(where ?? 'true')}${manner(stage)})`
      : `${times}[${lineOf(stages)}]${manner(stage)}`;
  const end = until === undefined ? '' : `, ended by ${phraseOf(until)}`;
  return `${optional === true ? 'perhaps ' : ''}${name} ${what}${end}`;
}

/** How often: `3 × `, `2 to 5 × `, `3 or more × `. Once is not said. */
export function often({ times }: Pick<PatternStageRule, 'times'>): string {
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
