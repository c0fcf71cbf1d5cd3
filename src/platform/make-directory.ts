import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * Makes a directory, for its owner alone, with those above it that are missing. Throws as `mkdirSync` does. Node's own `recursive` never returns
 * where a file system answers ENOENT for what it does not let anybody make, like /proc.
 */
export function makeDirectory(path: string): void {
  if (isDirectory(path)) return;
  if (dirname(path) !== path) makeDirectory(dirname(path));
  try {
    mkdirSync(path, 0o700);
  } catch (cause) {
    // Another process may have been faster.
    if (!isDirectory(path)) throw cause;
  }
}
