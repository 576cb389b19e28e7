import { expect, test } from 'vitest';
import { describeApi } from '../../pipelines/console/api/openapi.ts';
import type { ApiRoute } from '../../pipelines/console/api/route.ts';
import { routesOf } from '../../pipelines/console/routes/routes.ts';
import type { Services } from '../../pipelines/console/routes/services.ts';
import { apiTypes } from '../support/api-types.ts';

/** Nothing is asked of them: only what is declared counts. */
const routes: readonly ApiRoute[] = routesOf({} as Services, () => ({}));
const description = describeApi(routes);

test('docs/openapi.json describes the API as it is', async () => {
  const text = `${JSON.stringify(description, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../docs/openapi.json');
});

test.each([...apiTypes(description)])(
  'the client of the page is typed by it: %s',
  async (file, text) => {
    await expect(text).toMatchFileSnapshot(`../../web/src/api/${file}`);
  },
);

test('every operation has a name of its own, a summary, and a path whose parameters are declared', () => {
  const ids = routes.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, pathSchema, summary } of routes) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(pathSchema?.shape ?? {}).toSorted()).toEqual(inPath.toSorted());
    expect(summary).toMatch(/[.:]/);
  }
});
