import { describe, expect, test } from 'vitest';
import {
  ACTS,
  actsOf,
  GRANTS,
  logNeedsOf,
  ROLES,
  type RoleName,
  rolesTable,
  TABLES_OF_AUDIT,
  tableRightsOf,
  VIA,
} from '../../../pipelines/base/roles.ts';
import { textOf } from '../../support/architecture.ts';

const roles = Object.keys(ROLES) as RoleName[];
const published = (role: RoleName) =>
  logNeedsOf(role).flatMap((need) => ('publish' in need ? need.publish : []));

test('docs/security.md has the table of roles as it is', () => {
  expect(textOf('docs/security.md')).toContain(`\n${rolesTable()}\n`);
});

describe('the table', () => {
  test('has nobody without an act, and no act without somebody but the owner of the warehouse', () => {
    expect(roles.filter((role) => actsOf(role).length === 0)).toEqual([]);
    const granted = roles.flatMap((role) => actsOf(role));
    const nobody = Object.keys(ACTS).filter((act) => !granted.some((each) => each === act));
    // Migrations are a step of their own, by whoever owns the database.
    expect(nobody).toEqual(['define-tables']);
    expect(Object.keys(GRANTS)).toEqual(roles);
  });

  test('lets acts of people come from whoever attests them, and statuses from the CMMS alone', () => {
    expect(roles.filter((role) => published(role).includes('act')).toSorted()).toEqual(
      Object.keys(VIA).toSorted(),
    );
    expect(roles.filter((role) => published(role).includes('status'))).toEqual(['requests']);
    expect(roles.filter((role) => published(role).includes('schedule'))).toEqual(['scheduler']);
    expect(roles.filter((role) => published(role).includes('request'))).toEqual(['worker']);
    expect(roles.filter((role) => published(role).includes('command'))).toEqual(['worker']);
    expect(roles.filter((role) => published(role).includes('audit-copy'))).toEqual(['worker']);
  });

  test('lets readers change nothing', () => {
    for (const role of ['analyst', 'read-only'] as const) {
      const needs = logNeedsOf(role);
      expect(needs.filter((need) => !('read' in need))).toEqual([]);
      expect(tableRightsOf(role)).toMatchObject({ insert: [], define: false });
    }
  });
});

test('ClickHouse: a worker inserts and defines nothing, an analyst sees rows of its plants and no audit', () => {
  expect(tableRightsOf('worker')).toEqual({
    select: ['audit', 'rows'],
    insert: ['rows', 'audit'],
    define: false,
    rowsOf: 'installation',
  });
  expect(tableRightsOf('analyst')).toEqual({
    select: ['rows'],
    insert: [],
    define: false,
    rowsOf: 'plant',
  });
  expect(tableRightsOf('console').select).toEqual(['audit', 'rows']);
  expect(tableRightsOf('gateway')).toMatchObject({ select: [], insert: [], rowsOf: undefined });
  expect(TABLES_OF_AUDIT).toEqual(['audit']);
});
