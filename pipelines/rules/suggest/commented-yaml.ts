// Rule files that say in comments where their values come from.

import { stringify } from 'yaml';

export function comments(indent: string, lines: readonly string[]): readonly string[] {
  return lines.map((line) => `${indent}# ${line}`);
}

export function yamlOf(indent: string, value: unknown): readonly string[] {
  const text = stringify(value, { lineWidth: 0 }).trimEnd();
  return text.split('\n').map((line) => `${indent}${line}`);
}
