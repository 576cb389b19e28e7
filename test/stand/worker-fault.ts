import { writeSync } from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname } from 'node:path';
import type { WorkerFault } from './worker-fault-of.ts';

// Loaded ahead of a worker (`--import`): the product is the one that ships, only the calls into the file system go
// through here. What is not the step that was asked for goes on as it is.
const { ANDON_TEST_FAULT = '{}' } = process.env;
const fault: Partial<WorkerFault> = JSON.parse(ANDON_TEST_FAULT);
let left = fault.nth ?? 1;

const real = { ...promises };

/** Which of the product's files a path is: the folder that it is in, or its own name. */
function fileOf(path: string): string {
  const folder = basename(dirname(path));
  return folder === 'cursors' ? basename(path).replace(/\.json(\.tmp)?$/, '') : folder;
}

function due(step: string, file: string, moment: WorkerFault['moment']): boolean {
  if (fault.step !== step || fault.file !== file || fault.moment !== moment) return false;
  left -= 1;
  return left === 0 || (left < 0 && fault.act === 'refuse' && left > -(fault.times ?? 1));
}

/** Ends, freezes or holds up this process, or lets the call fail as a disk would. */
function strike(): void {
  const { act = 'kill', step, file, moment, code = 'EIO', milliseconds = 0 } = fault;
  writeSync(2, `fault: ${act} ${moment} ${step} of ${file}\n`);
  const nap = (time?: number) =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time ?? Number.POSITIVE_INFINITY);
  if (act === 'refuse') throw Object.assign(new Error(`${code}: refused by the test`), { code });
  if (act === 'block') return void nap(milliseconds);
  process.kill(process.pid, act === 'stop' ? 'SIGSTOP' : 'SIGKILL');
  if (act === 'kill') nap();
}

async function around<T>(step: string, file: string, call: () => Promise<T>): Promise<T> {
  if (due(step, file, 'before')) strike();
  const result = await call();
  if (due(step, file, 'after')) strike();
  return result;
}

function watched(handle: FileHandle, file: string, isDirectory: boolean): FileHandle {
  const { writev, sync } = handle;
  handle.writev = ((parts: readonly Uint8Array[]) =>
    around('write', file, async () => {
      if (due('write', file, 'amid')) {
        const whole = Buffer.concat(parts);
        await handle.write(whole.subarray(0, Math.floor(whole.length / 2)));
        strike();
      }
      return writev.call(handle, parts);
    })) as FileHandle['writev'];
  handle.sync = () =>
    around(isDirectory ? 'sync-directory' : 'sync', file, () => sync.call(handle));
  return handle;
}

Object.assign(promises, {
  open: async (path: string, flags?: string) => {
    if (flags !== 'w') return watched(await real.open(path, flags), basename(path), true);
    const file = fileOf(path);
    return watched(await around('open', file, () => real.open(path, flags)), file, false);
  },
  rename: (from: string, to: string) => around('rename', fileOf(to), () => real.rename(from, to)),
  rm: (path: string, options: object) =>
    around('remove', fileOf(path), () => real.rm(path, options)),
});
syncBuiltinESMExports();
