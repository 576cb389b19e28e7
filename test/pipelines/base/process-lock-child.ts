/** Takes the lock of a directory in a process of its own, and says what came of it. */

import { lockDirectory } from '../../../pipelines/base/process-lock.ts';

const [directory = '', name = ''] = process.argv.slice(2);
try {
  const lock = await lockDirectory(directory, name, { beat: 200, term: 1_500 });
  console.log('taken');
  lock.lost.addEventListener('abort', () => {
    console.log(`lost: ${String(lock.lost.reason)}`);
    process.exit(0);
  });
  // Until it is killed.
  setInterval(() => undefined, 1_000);
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
}
