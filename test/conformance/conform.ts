import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { answerOperatorVector, operatorVectorSchema } from './operator-vectors.ts';
import {
  answerPatternVector,
  answerRejectedPattern,
  patternVectorSchema,
} from './pattern-vectors.ts';
import { vectorPatternSchema } from './vector-patterns.ts';
import { answerWindowVector, windowVectorSchema } from './window-vectors.ts';

/** How each kind of vector is answered, by the name of its list in a file. */
const kinds: Readonly<Record<string, (vector: unknown) => object>> = {
  window_vectors: (vector) => answerWindowVector(windowVectorSchema.parse(vector)),
  vectors: (vector) => answerPatternVector(patternVectorSchema.parse(vector)),
  operator_vectors: (vector) => answerOperatorVector(operatorVectorSchema.parse(vector)),
  rejected_patterns: (vector) => answerRejectedPattern(vectorPatternSchema.parse(vector)),
};

function answers(file: string): string[] {
  const content = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
  const lists = Object.keys(content).filter((kind) => kinds[kind] !== undefined);
  if (lists.length === 0) {
    const expected = Object.keys(kinds).join(', ');
    throw new Error(`expected one of ${expected}, found ${Object.keys(content).join(', ')}`);
  }
  return lists.flatMap((kind) => {
    return z
      .array(z.unknown())
      .parse(content[kind])
      .map((vector) => {
        return JSON.stringify(kinds[kind]?.(vector));
      });
  });
}

// `conform … | head` closes our output early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('conform: expected files with vectors: npm run -s conform -- FILE…');
  process.exitCode = 2;
}
for (const file of files) {
  try {
    for (const line of answers(file)) console.log(line);
  } catch (error) {
    console.error(`conform: ${file}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
  }
}
