import { expect, test } from 'vitest';
import { isAtLeast } from '../../../pipelines/base/version.ts';

test.each([
  ['2.9.4', '2.9.4', true],
  ['2.10.0', '2.9.4', true],
  ['v20.20.2', '20.19', true],
  ['2.10.27-RC.1', '2.10.27', true],
  ['26.5.1.1-stable', '26.5', true],
  ['2.9.3', '2.9.4', false],
  ['2.9', '2.9.4', false],
  ['nothing', '2.9.4', false],
  ['', '1', false],
])('that "%s" is at least %s is %s', (version, least, expected) => {
  expect(isAtLeast(version, least)).toBe(expected);
});
