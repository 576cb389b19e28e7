import type { PatternRule, PatternStageRule } from '../../../operators/model/pattern-rule.ts';
import { formatDuration } from '../../../operators/model/time.ts';
import { conditionPhrase, incidentText, repetitionText } from './explain.ts';

/** Where a way can go on from, and what stands on it besides. */
type Exit = { readonly from: string; readonly label: string };
type Drawing = { readonly lines: string[]; count: number; indent: string };

/** A pattern as a Mermaid flow chart: boxes take events, dashed hexagons must not come, the round end is what is raised. */
export function diagramOf(rule: PatternRule): string {
  const drawing: Drawing = { lines: [], count: 0, indent: '  ' };
  const exits = drawLine(drawing, rule.pattern, []);
  const last = rule.pattern.at(-1);
  const within = rule.within === undefined ? '' : formatDuration(rule.within);
  const end = node(drawing, `(["${escaped(incidentText(rule.raise))}"])`);
  const over = last?.absent === 'relaxed' ? `${within} are over` : '';
  const label = over === '' && within !== '' ? `within ${within}` : over;
  connect(drawing, exits, end, label);
  if (rule.on_timeout !== undefined) {
    const late = node(drawing, `(["${escaped(incidentText(rule.on_timeout))}"])`);
    for (const { from } of exits) arrow(drawing, from, late, `${within} are over before`, '-.->');
  }
  return `flowchart LR\n${drawing.lines.join('\n')}\n`;
}

function drawLine(
  drawing: Drawing,
  stages: readonly PatternStageRule[],
  before: readonly Exit[],
): readonly Exit[] {
  let exits = before;
  for (const stage of stages) {
    if (stage.absent === undefined) exits = drawStage(drawing, stage, exits);
    else forbid(drawing, stage, exits);
  }
  return exits;
}

function drawStage(
  drawing: Drawing,
  stage: PatternStageRule,
  before: readonly Exit[],
): readonly Exit[] {
  const { name, where, stages, optional } = stage;
  if (stages !== undefined) return drawGroup(drawing, stage, stages, before);
  const box = node(drawing, `["${label(name, where, repetitionText(stage))}"]`);
  connect(drawing, before, box, jointOf(stage));
  if (stage.times !== undefined && stage.times[1] !== 1) arrow(drawing, box, box, repeatOf(stage));
  const own = [{ from: box, label: '' }];
  return optional === true ? [...own, ...before.map(without(name))] : own;
}

function drawGroup(
  drawing: Drawing,
  group: PatternStageRule,
  stages: readonly PatternStageRule[],
  before: readonly Exit[],
): readonly Exit[] {
  const { indent } = drawing;
  const begin = drawing.count;
  const id = `g${begin}`;
  drawing.lines.push(
    `${indent}subgraph ${id} ["${escaped(`${repetitionText(group)}${group.name}`)}"]`,
  );
  drawing.indent = `${indent}  `;
  const exits = drawLine(drawing, stages, []);
  drawing.indent = indent;
  drawing.lines.push(`${indent}end`);
  const first = `s${begin}`;
  connect(drawing, before, first, jointOf(group));
  if (group.times !== undefined && group.times[1] !== 1) {
    for (const { from } of exits) arrow(drawing, from, first, repeatOf(group));
  }
  return group.optional === true ? [...exits, ...before.map(without(group.name))] : exits;
}

/** What must not come hangs where it would end the match. */
function forbid(drawing: Drawing, stage: PatternStageRule, before: readonly Exit[]): void {
  const { name, where, absent } = stage;
  const hexagon = node(drawing, `{{"${label(`not ${name}`, where, '')}"}}`);
  const when = absent === 'strict' ? 'not next' : 'never';
  for (const { from } of before) arrow(drawing, from, hexagon, when, '-.-x');
}

function without(name: string): (exit: Exit) => Exit {
  return ({ from }) => ({ from, label: `without ${name}` });
}

function jointOf({ follows, within_previous }: PatternStageRule): string {
  const words =
    follows === 'strict' ? 'right after' : follows === 'relaxed-any' ? 'any later' : 'then';
  return within_previous === undefined ? words : `${words}, ≤ ${formatDuration(within_previous)}`;
}

function repeatOf({ repeats, repeat_within, greedy, until }: PatternStageRule): string {
  const words = [
    repeats === 'strict' ? 'right after' : repeats === 'relaxed-any' ? 'any later' : 'again',
    ...(repeat_within === undefined ? [] : [`≤ ${formatDuration(repeat_within)}`]),
    ...(greedy === true ? ['as many as come'] : []),
    ...(until === undefined ? [] : [`until ${until}`]),
  ];
  return words.join(', ');
}

function label(name: string, where: string | undefined, times: string): string {
  const phrase = where === undefined ? '' : `<br/>${escaped(conditionPhrase(where))}`;
  return `${escaped(`${times}${name}`)}${phrase}`;
}

function node(drawing: Drawing, shape: string): string {
  const id = `s${drawing.count}`;
  drawing.count += 1;
  drawing.lines.push(`${drawing.indent}${id}${shape}`);
  return id;
}

function connect(drawing: Drawing, exits: readonly Exit[], to: string, words: string): void {
  for (const { from, label: more } of exits) {
    arrow(drawing, from, to, [more, words].filter((part) => part !== '').join(', '));
  }
}

function arrow(drawing: Drawing, from: string, to: string, words: string, line = '-->'): void {
  const text = words === '' ? '' : `|"${escaped(words)}"|`;
  drawing.lines.push(`${drawing.indent}${from} ${line}${text} ${to}`);
}

/** Mermaid reads quotes, angle brackets and hashes inside of texts; entities stand for them. */
function escaped(text: string): string {
  return text
    .replaceAll('#', '#35;')
    .replaceAll('"', '#quot;')
    .replaceAll('<', '#lt;')
    .replaceAll('>', '#gt;');
}
