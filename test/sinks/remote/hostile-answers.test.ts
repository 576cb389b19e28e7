import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../sinks/remote/caller.ts';
import { addressOf, jsonOf } from '../../../sinks/remote/http.ts';
import { listObjects } from '../../../sinks/remote/list.ts';
import { success } from '../../../sinks/remote/outcome.ts';
import { TemplateError } from '../../../sinks/remote/template.ts';

const call = { priority: 'delivery', signal: new AbortController().signal } as const;
const answerOf = (text: string) => ({ status: 200, headers: new Headers(), text });

function listOf(text: string, pages?: { readonly size: number; readonly first: number }) {
  const caller: Caller = async (_, __, { judge }) => {
    const outcome = success(answerOf(text));
    return judge === undefined ? outcome : judge(outcome);
  };
  const config = { method: 'GET', path: '/w', query: {}, headers: {}, hits: '/items' } as const;
  return listObjects(caller, { ...config, remote: '/id', pages }, {}, call);
}

describe('an answer', () => {
  it('of more hits than fit on the stack is a list', async () => {
    const list = await listOf(`{"items":[${'1,'.repeat(300_000)}1]}`);
    expect(list.kind === 'ok' && list.value.length).toBe(300_001);
  });

  it('in pages without end is no list, and does not fill the memory', async () => {
    const page = `{"items":["${'x'.repeat(4 * 1_024 * 1_024)}"]}`;
    expect(await listOf(page, { size: 1, first: 0 })).toMatchObject({
      kind: 'retryable',
      note: expect.stringMatching(/at most 16777216 letters/),
    });
  });

  it('that is nested without end is none', () => {
    const nested = (levels: number) => `{"v":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(jsonOf(answerOf(nested(300_000)))).toBeUndefined();
    expect(jsonOf(answerOf(nested(199)))).toBeDefined();
    const flat = { text: `\\" ${'['.repeat(300)}`, list: Array.from({ length: 300 }, () => [{}]) };
    expect(jsonOf(answerOf(JSON.stringify(flat)))).toEqual(flat);
  });

  it('that names an address which is none is told of', () => {
    expect(() => addressOf('http://h', 'http://[', {})).toThrow(TemplateError);
  });
});
