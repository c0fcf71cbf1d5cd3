import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { ValueError } from './config-values.ts';
import { makeDirectory } from './make-directory.ts';

/** What reading the configuration asks of the disk. */
export interface Files {
  /** The variables of `.env` in the working directory; a variable that stands there twice is reported, as is what is no text. */
  dotEnv(problem: (sentence: string) => void): Record<string, string | undefined>;
  /** The file, or the end of a sentence that begins with its name: "does not exist", "is not readable". */
  read(path: string): { text: string; mode: number } | 'does not exist' | 'is not readable';
  /** Whether a file with something in it stands there. */
  holdsData(path: string): boolean;
  /** Writes 256 random bits as text to a file that only its owner can read, and answers them; when somebody else was faster, theirs. */
  makeKey(path: string): string;
}

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code;

/** The disk below `directory`. */
export function systemFiles(directory = '.'): Files {
  const at = (path: string) => (path.startsWith('/') ? path : join(directory, path));
  const read: Files['read'] = (path) => {
    try {
      return { text: readFileSync(at(path), 'utf8'), mode: statSync(at(path)).mode };
    } catch (cause) {
      return codeOf(cause) === 'ENOENT' ? 'does not exist' : 'is not readable';
    }
  };
  return {
    dotEnv(problem) {
      const found = read('.env');
      if (found === 'does not exist') return {};
      if (typeof found === 'string') {
        problem('.env is not readable');
        return {};
      }
      // UTF-16, in which no variable would be found: the server would start with none of them.
      if (found.text.includes('\0')) {
        problem('.env must be text in UTF-8');
        return {};
      }
      // Editors on Windows begin a file with a mark, which would be part of the first name.
      const text = found.text.replace(/^\ufeff/, '');
      const names = [...text.matchAll(/^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=/gm)].map((match) => match[1]);
      for (const name of new Set(names.filter((name, i) => names.indexOf(name) !== i))) problem(`${name} stands twice in .env`);
      return parseEnv(text);
    },
    read,
    holdsData(path) {
      try {
        return statSync(at(path)).size > 0;
      } catch {
        return false;
      }
    },
    makeKey: (path) => makeKey(at(path)),
  };
}

function makeKey(path: string): string {
  const key = randomBytes(32).toString('base64url');
  const draft = `${path}.${process.pid}`;
  try {
    makeDirectory(dirname(path));
    const file = openSync(draft, 'w', 0o600);
    writeSync(file, `${key}\n`);
    fsyncSync(file);
    closeSync(file);
    chmodSync(draft, 0o600);
    // A link appears whole or not at all, and never over a key that another process has made meanwhile.
    linkSync(draft, path);
    return key;
  } catch (cause) {
    // What stands there cannot be read when it is a link to nothing.
    const there = codeOf(cause) === 'EEXIST' && existsSync(path);
    if (!there) throw new ValueError(`is not set, and no key can be written to ${path} (${codeOf(cause)})`);
    return readFileSync(path, 'utf8').trim();
  } finally {
    rmSync(draft, { force: true });
  }
}
