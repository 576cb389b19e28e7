import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { WIRE_SCHEMAS } from '../../operators/model/wire.ts';
import { governanceSchema } from '../../pipelines/governance/governance-file.ts';
import { objectivesSchema } from '../../pipelines/warehouse/objectives.ts';

/** Messages, and the files that people write beside them. */
const SCHEMAS = { ...WIRE_SCHEMAS, governance: governanceSchema, objectives: objectivesSchema };

// To write them anew: npx vitest run --project unit test/docs/schema.test.ts -u
test.each(Object.entries(SCHEMAS))('docs/schema/%s.json is current', async (name, schema) => {
  const file = fileURLToPath(new URL(`../../docs/schema/${name}.json`, import.meta.url));
  const generated = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const text = `${JSON.stringify({ title: name, ...generated }, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(file);
});
