import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSchedule } from '../../../pipelines/schedules/read-schedule.ts';
import { readXmlTree } from '../../../pipelines/schedules/xml-tree.ts';
import { createFileDoor } from '../../../pipelines/systems/file-door.ts';
import { type FileDoorConfig, systemConfigSchema } from '../../../sinks/remote/system-config.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { readProfile } from '../systems/erp-config.ts';
import { exampleCommand } from '../systems/example-command.ts';

const at = (clock: string) => Date.parse(`2026-12-01T${clock}Z`);

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<!-- from the planning system -->
<b:SyncOperationsSchedule xmlns:b="http://www.mesa.org/xml/B2MML" releaseID="7">
  <b:ApplicationArea><b:CreationDateTime>2026-11-30T20:00:00Z</b:CreationDateTime></b:ApplicationArea>
  <b:DataArea><b:Sync/>
    <b:OperationsSchedule>
      <b:ID>S-1</b:ID>
      <b:HierarchyScope><b:EquipmentID>works</b:EquipmentID><b:EquipmentLevel>Site</b:EquipmentLevel>
        <b:HierarchyScope><b:EquipmentID>press</b:EquipmentID><b:EquipmentLevel>ProductionLine</b:EquipmentLevel></b:HierarchyScope>
      </b:HierarchyScope>
      <b:OperationsRequest>
        <b:ID>4711</b:ID><b:StartTime>2026-12-01T06:00:00Z</b:StartTime><b:EndTime>2026-12-01T09:00:00Z</b:EndTime>
        <b:OperationsType>Production</b:OperationsType>
        <b:SegmentRequirement>
          <b:ID>10</b:ID><b:EarliestStartTime>2026-12-01T06:00:00Z</b:EarliestStartTime><b:LatestEndTime>2026-12-01T08:00:00Z</b:LatestEndTime>
          <b:ProcessSegmentID>grinding</b:ProcessSegmentID>
          <b:EquipmentRequirement><b:EquipmentID>m1</b:EquipmentID></b:EquipmentRequirement>
          <b:EquipmentRequirement><b:EquipmentID>m2</b:EquipmentID></b:EquipmentRequirement>
          <b:MaterialRequirement><b:MaterialDefinitionID>lid &amp; ring</b:MaterialDefinitionID><b:MaterialUse>Produced</b:MaterialUse>
            <b:Quantity><b:QuantityString>250</b:QuantityString></b:Quantity></b:MaterialRequirement>
        </b:SegmentRequirement>
      </b:OperationsRequest>
      <b:OperationsRequest>
        <b:ID>M-2</b:ID><b:StartTime>2026-12-01T09:00:00Z</b:StartTime><b:EndTime>2026-12-01T10:00:00Z</b:EndTime>
        <b:OperationsType>Maintenance</b:OperationsType><b:RequestState>Cancelled</b:RequestState>
      </b:OperationsRequest>
    </b:OperationsSchedule>
  </b:DataArea>
</b:SyncOperationsSchedule>`;

const ENTRIES = [
  {
    ...{ id: '4711', kind: 'order', start: at('06:00'), end: at('09:00') },
    ...{ product: 'lid & ring', due: at('08:00'), quantity: 250 },
  },
  {
    ...{ id: '4711/10', kind: 'operation', order: '4711', segment: 'grinding' },
    ...{ start: at('06:00'), end: at('08:00'), assets: ['m1', 'm2'] },
  },
  { id: 'M-2', kind: 'maintenance', start: at('09:00'), end: at('10:00'), cancelled: true },
];

describe('a schedule of others', () => {
  test('in the XML of B2MML, with a transaction around it and prefixes', () => {
    expect(readSchedule(XML, 'x')).toEqual([{ plant: 'works', line: 'press', entries: ENTRIES }]);
  });

  test('an order is due when the last of its segments is, whatever their offsets, and stock and quality stand on no line', () => {
    const segment = (id: string, start: string, end: string) =>
      `<SegmentRequirement><ID>${id}</ID><EarliestStartTime>${start}</EarliestStartTime><LatestEndTime>${end}</LatestEndTime></SegmentRequirement>`;
    const requests = ['Production', 'Inventory', 'Quality'].map(
      (type) =>
        `<OperationsRequest><ID>${type}</ID><OperationsType>${type}</OperationsType>` +
        segment('10', '2026-12-01T08:00:00+02:00', '2026-12-01T08:00:00Z') +
        segment('20', '2026-12-01T07:30:00Z', '2026-12-01T16:00:00+02:00') +
        '</OperationsRequest>',
    );
    const text = `<OperationsSchedule>${requests.join('')}</OperationsSchedule>`;
    const [{ entries = [] } = {}] = readSchedule(text, 'x', { plant: 'p', line: 'l' });
    const [start, end, due] = [at('06:00'), at('14:00'), at('14:00')];
    expect(entries).toEqual([{ id: 'Production', kind: 'order', start, end, due }]);
  });

  test('with very many elements in one, and words that are no entities', () => {
    const tree = readXmlTree(`<a>${'<b>&constructor;</b>'.repeat(100_000)}</a>`);
    const { b } = (tree as { a: { b: readonly string[] } }).a;
    expect(b).toHaveLength(100_000);
    expect(b[0]).toBe('&constructor;');
  });

  test('in JSON with the same names, whose identifiers may have their text under value', () => {
    const tree = JSON.parse(JSON.stringify(readXmlTree(XML)));
    const request = tree.SyncOperationsSchedule.DataArea.OperationsSchedule.OperationsRequest[0];
    request.ID = { value: '4711', schemeID: 'erp' };
    expect(readSchedule(JSON.stringify(tree), 'x')).toEqual(readSchedule(XML, 'x'));
    const alone = { OperationsSchedule: tree.SyncOperationsSchedule.DataArea.OperationsSchedule };
    expect(readSchedule(JSON.stringify(alone), 'x')).toEqual(readSchedule(XML, 'x'));
  });

  test('as CSV of several lines, with commas or semicolons', () => {
    const rows = [
      'plant;line;id;kind;start;end;product;quantity;assets;cancelled',
      'works;press;4711;order;2026-12-01T06:00:00Z;2026-12-01T09:00:00Z;lid;250;m1 m2;',
      'works;saw;co;changeover;2026-12-01T06:00:00Z;2026-12-01T07:00:00Z;;;;yes',
    ];
    const read = [
      {
        ...{ plant: 'works', line: 'press' },
        entries: [
          {
            ...{ id: '4711', kind: 'order', start: at('06:00'), end: at('09:00') },
            ...{ product: 'lid', quantity: 250, assets: ['m1', 'm2'] },
          },
        ],
      },
      {
        ...{ plant: 'works', line: 'saw' },
        entries: [
          { id: 'co', kind: 'changeover', start: at('06:00'), end: at('07:00'), cancelled: true },
        ],
      },
    ];
    expect(readSchedule(rows.join('\r\n'), 'x')).toEqual(read);
    expect(readSchedule(rows.join('\n').replaceAll(';', ','), 'x')).toEqual(read);
  });

  test('as the log has it, for the line that is given', () => {
    const entries = [{ id: 'a', kind: 'order', start: 1, end: 2 }];
    const given = { plant: 'p', line: 'l' };
    expect(readSchedule(JSON.stringify({ entries }), 'x', given)).toEqual([{ ...given, entries }]);
  });

  test.each([
    ['{"a": 1', /JSON/],
    ['<a><b></a>', /<\/a> closes nothing in line 1/],
    ['<a>', /<a> has no end/],
    ['<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', /no XML that can be read/],
    [
      '<OperationsSchedule><ID>1</ID></OperationsSchedule>',
      /HierarchyScope with Site and ProductionLine/,
    ],
    ['<a/>', /expected an OperationsSchedule/],
    ['id,kind,start\n', /the heading end/],
    [
      'plant,line,id,kind,start,end\np,l,a,order,today,2026-12-01T09:00:00Z\n',
      /start: a time such as/,
    ],
    // Of which month it is, nobody knows.
    [
      'plant,line,id,kind,start,end\np,l,a,order,01.12.2026 06:00,2026-12-01T09:00:00Z\n',
      /start: a time such as/,
    ],
    [`<a><${'a'.repeat(200_000)}`, /no XML that can be read/],
    [
      'plant,line,id,kind,start,end\np,l,a,fun,2026-12-01T08:00:00Z,2026-12-01T09:00:00Z\n',
      /entries.0.kind/,
    ],
    [
      'plant,line,id,kind,start,end\np,l,a,order,2026-12-01T10:00:00Z,2026-12-01T09:00:00Z\n',
      /end after start/,
    ],
    [
      'plant,line,id,kind,start,end\na.b,l,a,order,2026-12-01T08:00:00Z,2026-12-01T09:00:00Z\n',
      /letters, digits/,
    ],
    [
      XML.replace('<b:StartTime>2026-12-01T09:00:00Z</b:StartTime>', ''),
      /OperationsRequest M-2: expected StartTime/,
    ],
  ])('%s is told, with what was expected', (text, says) => {
    expect(() => readSchedule(text, 'plan.xml')).toThrow(says);
  });

  test('a window that goes out as B2MML is read as what it is', async () => {
    const folder = temporaryDirectory();
    const profile = {
      ...readProfile('mes-files'),
      name: 'mes',
      out: folder,
      in: join(folder, 'in'),
    };
    for (const format of ['xml', 'json'] as const) {
      const config = systemConfigSchema.parse({ ...profile, format }) as FileDoorConfig;
      const verb = createFileDoor(config).verbs.get('propose-stop');
      const payload = { start: '2026-12-01T06:00:00Z', end: '2026-12-01T08:00:00Z' };
      const command = exampleCommand({ system: 'mes', verb: 'propose-stop', payload });
      const call = { priority: 'delivery', signal: new AbortController().signal } as const;
      await verb?.create?.({ command, remote: null, values: {} }, call);
      const text = readFileSync(join(folder, `${command.key}.${format}`), 'utf8');
      if (format === 'xml')
        expect(text).toContain('<OperationsSchedule xmlns="http://www.mesa.org/xml/B2MML">');
      const [plant, line] = command.asset.split('/');
      expect(readSchedule(text, 'x')).toEqual([
        {
          ...{ plant, line },
          entries: [{ id: command.key, kind: 'maintenance', start: at('06:00'), end: at('08:00') }],
        },
      ]);
    }
  });
});

describe('productions of Tryton', () => {
  const day = (number: number) => ({ __class__: 'date', year: 2026, month: 12, day: number });
  const production = {
    ...{ id: 1, number: '7', state: 'assigned', quantity: 40 },
    ...{ planned_start_date: day(1), planned_date: day(3) },
    'product.': { code: null, rec_name: 'Housing' },
  };
  const read = (...productions: readonly object[]) =>
    readSchedule(JSON.stringify({ productions }), 'x', { plant: 'p1', line: 'l1' });

  test('are orders from the beginning of a day to the end of one', () => {
    const start = Date.parse('2026-12-01');
    const end = Date.parse('2026-12-04');
    const bare = { ...production, planned_start_date: null, quantity: null, 'product.': null };
    expect(read(production, { ...bare, number: '8', state: 'cancelled' })).toEqual([
      {
        ...{ plant: 'p1', line: 'l1' },
        entries: [
          { id: '7', kind: 'order', start, end, product: 'Housing', quantity: 40 },
          { id: '8', kind: 'order', start: Date.parse('2026-12-03'), end, cancelled: true },
        ],
      },
    ]);
  });

  test('without a line, or with another shape, are refused as a whole', () => {
    const text = JSON.stringify({ productions: [production] });
    expect(() => readSchedule(text, 'x')).toThrow('plant and line');
    expect(() => read(production, { ...production, planned_date: '2026-12-03' })).toThrow(
      'productions.1.planned_date',
    );
  });
});
