/** Whether a version such as `2.10.27-RC.1` is at least another one. What cannot be read is older than anything. */
export function isAtLeast(version: string, least: string): boolean {
  const parts = (text: string) => (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number);
  const found = parts(version);
  for (const [index, wanted] of parts(least).entries()) {
    const part = found[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
