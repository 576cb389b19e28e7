import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type CmmsConfig, cmmsConfigSchema } from './config.ts';

/**
 * Reads the description of a CMMS from YAML. Throws one error that lists everything that is wrong, each with file,
 * line and column.
 */
export function readCmmsConfig(text: string, file: string): CmmsConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw new Error(`${place(broken.pos[0])}: ${broken.message}`);
  const result = cmmsConfigSchema.safeParse(document.toJS());
  if (result.success) return result.data;
  const offsetOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (isPlaced(node)) return node.range[0];
    }
    return 0;
  };
  const say = (issue: z.core.$ZodIssue) =>
    `${place(offsetOf(issue.path))}: ${issue.path.join('.') || 'file'}: ${issue.message}`;
  throw new Error(result.error.issues.map(say).join('\n'));
}

function isPlaced(node: unknown): node is { readonly range: readonly number[] & { 0: number } } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
