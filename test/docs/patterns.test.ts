import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { rulesSchema } from '../../operators/model/rules.ts';
import { runPatternExample, runRulesExample } from '../../pipelines/rules/examples/examples.ts';
import { sentenceOf } from '../../pipelines/rules/explain/explain.ts';
import { diagramOf } from '../../pipelines/rules/explain/pattern-diagram.ts';
import { textOf } from '../support/architecture.ts';
import { blocksOf } from '../support/documents.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const gallery = readdirSync(`${root}examples/patterns`).filter((name) => name.endsWith('.yaml'));

const HEAD = `# A gallery of patterns

Ten patterns that factories ask for. Each file in [\`examples/patterns\`](../examples/patterns) has the detectors that
feed it, its examples and a trigger, and can be applied as it is. \`andon test examples/patterns/*.yaml\` runs the
examples. \`andon explain FILE\` gives each pattern as a sentence; with \`--mermaid\` it draws it. A box takes an event, a
hexagon must not come, the round end is what is raised. This page is made by a test from the files
(\`npx vitest run --project unit test/docs/patterns.test.ts -u\`). How patterns are written is explained in
[rules.md](rules.md).
`;

// To write it anew: npx vitest run --project unit test/docs/patterns.test.ts -u
test('docs/patterns.md describes and draws the gallery as it is', async () => {
  const sections = gallery.map((name) => {
    const text = textOf(`examples/patterns/${name}`);
    const story = /^(?:# .*\n)+/.exec(text)?.[0].replaceAll(/^# /gm, '') ?? '';
    const patterns = rulesSchema.parse(parse(text)).patterns.map((rule) => {
      return `> ${sentenceOf(rule)}\n\n\`\`\`mermaid\n${diagramOf(rule)}\`\`\`\n`;
    });
    const title = name.replace('.yaml', '').replaceAll('-', ' ');
    const head = `## ${title[0]?.toUpperCase()}${title.slice(1)}`;
    return `${head}\n\n${story}\n[${name}](../examples/patterns/${name})\n\n${patterns.join('\n')}`;
  });
  const page = [HEAD, ...sections].join('\n');
  await expect(page).toMatchFileSnapshot(`${root}docs/patterns.md`);
});

describe('docs/rules.md', () => {
  const blocks = blocksOf('docs/rules.md');
  const rules = blocks
    .filter(({ words, text }) => words.includes('yaml') && text.includes('patterns:'))
    .map(({ text }) => rulesSchema.parse(parse(text)));
  const patterns = rules.flatMap((each) => each.patterns);
  const examples = patterns.flatMap((rule) => rule.examples.map((example) => ({ rule, example })));

  test('has examples that run', () => {
    expect(examples.length).toBeGreaterThanOrEqual(12);
  });

  test.each(examples.map(({ rule, example }) => [rule.id, example.name, rule, example] as const))(
    '%s: %s',
    (_id, _name, rule, example) => {
      expect(runPatternExample(rule, example)).toMatchObject({ passed: true });
    },
  );

  test('has examples of the rules as a whole that run', () => {
    const whole = blocks
      .filter(({ text }) => /^examples:/m.test(text))
      .map(({ text }) => parse(text))
      .flatMap((raw) => rulesSchema.parse(raw).examples.map((example) => ({ raw, example })));
    expect(whole.length).toBeGreaterThanOrEqual(2);
    for (const { raw, example } of whole) {
      expect(runRulesExample(raw, example)).toMatchObject({ passed: true });
    }
  });

  test('draws the patterns that it shows', () => {
    for (const { words, text } of blocks) {
      if (words[0] !== 'mermaid') continue;
      const rule = patterns.find(({ id }) => id === words[1]);
      expect(text, words[1]).toBe(rule === undefined ? 'no such pattern' : diagramOf(rule));
    }
  });

  test('has the sentences of the patterns that it shows', () => {
    const said = [
      ...textOf('docs/rules.md').matchAll(/^> ([\w-]+)\. (At one machine.*|On one line.*)$/gm),
    ];
    for (const [, id, sentence] of said) {
      const rule = patterns.find((each) => each.id === id);
      expect(sentence, id).toBe(rule === undefined ? 'no such pattern' : sentenceOf(rule));
    }
  });
});
