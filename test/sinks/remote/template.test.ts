import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../../operators/model/plain.ts';
import { templateFieldsOf } from '../../../sinks/remote/fields.ts';
import {
  encodeHeader,
  encodePath,
  fill,
  fillText,
  placeholdersOf,
  type Template,
} from '../../../sinks/remote/template.ts';
import { exampleRequest } from './example-request.ts';

const maps = { priority: { high: 2 } };
const filled = (template: Template, changes = {}) =>
  fill(template, templateFieldsOf(exampleRequest(changes), 'WR/1'), maps);

describe('a template', () => {
  it('keeps the type of a value that stands alone, and joins texts', () => {
    expect(
      filled({
        parts: '{{parts}}',
        hours: '{{duration}}',
        list: '{{parts|join: + }}',
        asset: { id: '{{ids.cmms|number}}' },
        text: '{{id}} for {{asset_name}} of {{line}}',
        level: '{{priority|map:priority}}',
        when: '{{time|iso}}',
        short: '{{asset_name|cut:4}}',
        evidence: '{{evidence_text}}',
        fixed: [1, true, null, '{{revision}}'],
      }),
    ).toEqual({
      parts: ['6205-2RS'],
      hours: 2,
      list: '6205-2RS',
      asset: { id: 4711 },
      text: 'ABCDEFGHIJKLMNOPQRST for Filler 1 of packing',
      level: 2,
      when: '2025-11-22T08:26:40Z',
      short: 'Fill',
      evidence: '2025-11-22T08:26:40Z zone C',
      fixed: [1, true, null, 1],
    });
  });

  it('fills names of fields too, as texts, and finds what stands in them', () => {
    const template = { lock: { 'party,{{values.party}}': '{{values.lock}}' } };
    const fields = { values: { party: 7, lock: 'x' } };
    expect(fill(template, fields, {})).toEqual({ lock: { 'party,7': 'x' } });
    expect(placeholdersOf(template)).toEqual(['values.party', 'values.lock']);
    expect(placeholdersOf(['{{a}}', '{{b}}'])).toEqual(['a', 'b']);
  });

  it('takes the day of a time apart, in UTC, whether it is ours or an ISO text', () => {
    const date = (of: string) => ({
      ...{ year: `{{${of}|year}}`, month: `{{${of}|month}}`, day: `{{${of}|day}}` },
    });
    const fields = { time: 1_763_800_000_000_000, payload: { due: '2026-12-31T23:30:00-01:00' } };
    expect(fill(date('time'), fields, {})).toEqual({ year: 2025, month: 11, day: 22 });
    expect(fill(date('payload.due'), fields, {})).toEqual({ year: 2027, month: 1, day: 1 });
    expect(() => fill('{{payload.due|day}}', { payload: { due: 'soon' } }, {})).toThrow(
      'expected a time for {{payload.due}}, found "soon"',
    );
  });

  it('leaves out what is optional and absent, and refuses what is needed and absent', () => {
    expect(filled({ start: '{{slot.start?|iso}}', erp: 'x{{ids.erp?}}' })).toEqual({ erp: 'x' });
    const template = {
      start: '{{slot.start|iso}}',
      due: '{{current.due|iso}}',
      cost: '{{stop.cost}}',
    };
    expect(filled(template)).toEqual({ start: null, due: null, cost: null });
    expect(() => filled({ erp: '{{ids.erp}}' })).toThrow(
      /value for {{ids.erp}}, found none.*plant/,
    );
    expect(() => filled('{{priority|map:priority}}', { priority: 'low' })).toThrow(
      /maps.priority to hold "low".*found high/,
    );
    expect(() => filled('{{title|number}}')).toThrow(/expected a number/);
  });

  // A property with arbitrary texts takes seconds on a busy machine.
  it('cannot be broken by any text in a request', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (title) => {
        const body = JSON.stringify(filled({ a: '{{title}}', b: '<{{title}}>' }, { title }));
        expect(JSON.parse(body)).toEqual(
          title === '' ? { a: '', b: '<>' } : { a: printable(title), b: `<${printable(title)}>` },
        );
      }),
    );
  });

  it('does not lead a path to another object by nothing or by dots', () => {
    const path = (title: string, template = '/w/{{title}}/parts') => {
      const fields = templateFieldsOf(exampleRequest({ title }), 'https://h/1');
      return fillText(template, fields, maps, encodePath);
    };
    for (const title of ['', '.', '..']) {
      expect(() => path(title)).toThrow(
        `expected a name for {{title}} in a path, found "${title}"`,
      );
    }
    expect(path('...')).toBe('/w/.../parts');
    expect(path('%2e%2e')).toBe('/w/%252e%252e/parts');
    expect(path('', '/w/{{title?}}')).toBe('/w/');
    expect(encodePath('\ud800', { path: ['title'], optional: false, filters: [] })).toBe(
      '%EF%BF%BD',
    );
  });

  it('keeps a value inside its place in a path or a header', () => {
    const fields = templateFieldsOf(exampleRequest({ title: 'a/../b?c\r\nX: 1' }), 'https://h/1');
    expect(fillText('/w/{{title}}', fields, maps, encodePath)).toBe('/w/a%2F..%2Fb%3Fc%0AX%3A%201');
    expect(fillText('{{remote|raw}}', fields, maps, encodePath)).toBe('https://h/1');
    expect(fillText('{{title}}', fields, maps, encodeHeader)).toBe('a/../b?c X: 1');
  });
});
