import { describe, expect, it } from 'vitest';
import { patternRuleSchema } from '../../../../operators/model/pattern-rule.ts';
import { conditionPhrase, sentenceOf } from '../../../../pipelines/rules/explain/explain.ts';
import { diagramOf } from '../../../../pipelines/rules/explain/pattern-diagram.ts';

const a = { name: 'a', where: "kind == 'anomaly' && signal == 'x'" };
const b = { name: 'b', where: 'level > 2' };
const pattern = (stages: readonly object[], more: object = {}) =>
  patternRuleSchema.parse({ id: 'p', pattern: stages, ...more });

describe('a condition in words', () => {
  it.each([
    ["kind == 'anomaly' && signal == 'x' && score > 2", 'an anomaly of x with score > 2'],
    ["kind == 'anomaly' && phase == 'cleared'", 'an anomaly that is cleared'],
    ["kind == 'event' && type == 'state' && state == 'HELD'", 'the change to HELD'],
    ["kind == 'event' && type == 'acknowledged'", 'a machine event "acknowledged"'],
    [
      "kind == 'schedule' && type == 'begun' && entry_kind == 'changeover'",
      'a changeover of the schedule that is begun',
    ],
    ["kind == 'features' && (rpm > 1 && rpm < 2)", 'a waveform with (rpm > 1 && rpm < 2)'],
    ["kind == 'event' && note == 'a && b'", "a machine event with note == 'a && b'"],
    [
      "kind == 'anomaly' && level > 2 || kind == 'event'",
      "any event with kind == 'anomaly' && level > 2 || kind == 'event'",
    ],
  ])('%s', (where, phrase) => {
    expect(conditionPhrase(where)).toBe(phrase);
  });
});

describe('a pattern as a sentence', () => {
  it.each([
    [
      'then',
      [a, { ...b, follows: 'relaxed' }],
      {},
      'a (an anomaly of x), then b (any event with level > 2): alarm.',
    ],
    [
      'at once',
      [a, { ...b, follows: 'strict' }],
      {},
      'a (an anomaly of x), right after it b (any event with level > 2): alarm.',
    ],
    [
      'nothing',
      [a, { ...b, absent: 'relaxed' }],
      { within: '5m' },
      'a (an anomaly of x), and then no b (any event with level > 2), all within 5m: alarm.',
    ],
    [
      'not in between',
      [
        a,
        { ...b, absent: 'relaxed' },
        { name: 'c', where: 'level > 3', follows: 'relaxed-any', within_previous: '1m' },
      ],
      { skip: 'no-skip' },
      'a (an anomaly of x), without b (any event with level > 2), then at most 1m later any later c (any event with level > 3): alarm; matches may overlap.',
    ],
    [
      'how often',
      [{ ...a, times: '2+', greedy: true, repeat_within: '30s', until: 'level > 3' }],
      { raise: { severity: 'notice', failure_mode: 'F' } },
      'a (2 or more × an anomaly of x, as many as come, at most 30s apart), ended by any event with level > 3: notice F.',
    ],
    [
      'a group',
      [{ name: 'g', times: '2..3', stages: [a, { ...b, follows: 'relaxed', optional: true }] }],
      { on_timeout: {}, within: '1h' },
      'g 2 to 3 × [a (an anomaly of x), then perhaps b (any event with level > 2)], all within 1h: alarm; begun and not complete in time: notice.',
    ],
  ])('%s', (_, stages, more, sentence) => {
    expect(sentenceOf(pattern(stages, more))).toBe(`At one machine: ${sentence}`);
  });
});

describe('a pattern as a diagram', () => {
  it('has a box for each stage, a way past what is optional, and the end', () => {
    const optional = { ...b, follows: 'relaxed', optional: true, times: 2 };
    const last = { name: 'c', follows: 'strict', where: 'kind == \'event\' && note == "<#>"' };
    expect(diagramOf(pattern([a, optional, last], { within: '5m' }))).toBe(`flowchart LR
  s0["a<br/>an anomaly of x"]
  s1["2 × b<br/>any event with level #gt; 2"]
  s0 -->|"then"| s1
  s1 -->|"again"| s1
  s2["c<br/>a machine event with note == #quot;#lt;#35;#gt;#quot;"]
  s1 -->|"right after"| s2
  s0 -->|"without b, right after"| s2
  s3(["alarm"])
  s2 -->|"within 5m"| s3
`);
  });

  it('hangs what must not come where it would end the match, and closes a group that repeats', () => {
    const never = { ...b, absent: 'relaxed' };
    const group = {
      name: 'g',
      follows: 'relaxed',
      times: 3,
      stages: [b, { ...a, name: 'd', follows: 'relaxed' }],
    };
    const drawn = diagramOf(
      pattern(
        [
          a,
          {
            ...group,
            stages: [
              { ...b, name: 'e' },
              { ...a, name: 'd', follows: 'relaxed' },
            ],
          },
          never,
        ],
        { within: '5m', on_timeout: {} },
      ),
    );
    expect(drawn).toContain('  subgraph g1 ["3 × g"]\n    s1["e<br/>');
    expect(drawn).toContain('  s2 -->|"again"| s1\n');
    expect(drawn).toContain('  s2 -.-x|"never"| s3\n');
    expect(drawn).toContain('  s2 -->|"5m are over"| s4\n');
    expect(drawn).toContain('  s2 -.->|"5m are over before"| s5\n');
  });
});
