import { expect, test } from 'vitest';
import { page } from '../../../../pipelines/demo/reference-cmms/reference-cmms.ts';

test('the page of the CMMS shows each work request, and runs nothing that a request says', () => {
  const html = page([
    {
      id: 'WR-00001',
      title: 'Pump <script>alert(1)</script>',
      description: 'vibration & heat',
      priority: 'HIGH',
      asset: 'p1/l1/pump',
      origin: '',
      external_key: 'k',
      failure_code: 'BRG-OUTER',
      parts: ['6205-2RS'],
      hours: 2,
      planned_start: null,
      planned_end: null,
      production_order: '4711',
      order_due: null,
      stop_cost: 900,
      revision: 2,
      ...{ parts_note: '', assignee: '', actual_hours: null, used: [] },
      status: 'NEW',
      status_note: '',
      comments: [],
      created: '',
      changed: '',
    },
  ]);
  expect(html).toContain('WR-00001');
  expect(html).toContain('BRG-OUTER · 2 h · a stop costs 900 · parts 6205-2RS · revision 2');
  expect(html).not.toContain('<script');
  expect(html).toContain('vibration &#38; heat');
});
