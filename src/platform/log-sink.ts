import { constants, openSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isatty } from 'node:tty';

/** Where the log's lines go. */
export interface Sink {
  write(line: string): unknown;
  /** Hands over what waits; resolves when all is taken, or after a second in which the reader did not take it. */
  drain?(): Promise<void>;
  /** The same at once, for the end of the process. */
  flushSync?(): void;
}

/** Lines that are written together: one system call for many requests. */
const TOGETHER = 32;
/** Characters that wait at most for a reader that takes nothing; later lines are dropped. */
const MOST = 64 * 1024 * 1024;
/** After how long a reader that takes nothing is tried again. */
const AGAIN_MS = 20;
const NEWLINE = 0x0a;
/** For how long in all a reader that takes nothing is waited for. */
const PATIENCE_MS = 1000;

/**
 * Standard output, so that a write does not wait for its reader: one that waits would be ended by nothing, not even in a thread, for which Node waits
 * when it exits. Asking for `process.stdout` is what makes Node set a pipe or a socket so, and put it back at the exit; a terminal is opened once more.
 */
function standardOutput(): number {
  if (!isatty(1)) {
    void process.stdout;
    return 1;
  }
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 1;
  }
}

/**
 * Lines wait here for at most half a second, or until there are enough of them. Joined, they are one text; each added to a longer one costs more
 * than making it. What nobody reads any more is dropped: it ends no server, and keeps none from ending.
 */
export function bufferedSink(fd = standardOutput()): Required<Sink> {
  let lines: string[] = [];
  let held = 0;
  /** What the reader did not take yet. It is tried again before anything else is. */
  let left: Buffer = Buffer.alloc(0);
  let again: NodeJS.Timeout | undefined;
  /** The reader was waited for, and has taken nothing since. */
  let stuck = false;
  /** The last thing that was taken is a part of a line; the rest of it waits in `left`, or was dropped. */
  let midLine = false;
  const taken = () => {
    // What follows half a line that a full disk has cut is a line of its own.
    const text = (midLine && lines.length > 0 ? '\n' : '') + lines.join('');
    lines = [];
    held = 0;
    return Buffer.from(text);
  };
  /** Hands over as much as the reader takes. A write takes microseconds, less than asking a thread for it. */
  const handOver = () => {
    while (left.length > 0) {
      try {
        const written = writeSync(fd, left);
        midLine = left[written - 1] !== NEWLINE;
        left = left.subarray(written);
        stuck = false;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'EAGAIN') return;
        left = Buffer.alloc(0);
      }
    }
  };
  const go = () => {
    if (left.length === 0) left = taken();
    handOver();
    if (left.length > 0) again ??= setTimeout(tryAgain, AGAIN_MS).unref();
  };
  const tryAgain = () => {
    again = undefined;
    go();
  };
  setInterval(go, 500).unref();
  return {
    write(line) {
      if (held > MOST) return;
      held += line.length;
      if (lines.push(line) >= TOGETHER && !again) go();
    },
    async drain() {
      const begun = performance.now();
      for (go(); left.length + lines.length > 0; go()) {
        stuck = performance.now() - begun > PATIENCE_MS;
        // Also one that takes a little now and then has had its time.
        if (stuck) return;
        await pause(5);
      }
    },
    flushSync() {
      for (let waited = 0; ; waited += AGAIN_MS) {
        go();
        const done = left.length + lines.length === 0;
        if (done || stuck || waited >= PATIENCE_MS) return;
        if (left.length > 0) sleep(AGAIN_MS);
      }
    },
  };
}

/** Milliseconds in which nothing else happens. */
const sleep = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
